import * as z from 'zod'
import { exitCodes } from '../errors.ts'
import { type Kind, lines, text } from './json.schema.ts'

const { OK: _, ...failures } = exitCodes

const error = z.strictObject({
  error: z.strictObject({
    code: z.enum(Object.keys(failures)).describe('the name of the exit code'),
    exitCode: z.union(Object.values(failures).map((code) => z.literal(code))),
    message: text('what happened, and why'),
    hint: text('what mends it').nullable(),
    details: z
      .array(z.union([z.string(), z.record(z.string(), z.unknown())]))
      .describe('one for each thing at fault: a row, an id, a candidate'),
  }),
})

export const kinds: readonly Kind[] = [
  lines(
    { kind: 'Error', says: 'Why a command failed: the last line on stderr', by: ['(every command)'] },
    error,
  ),
]
