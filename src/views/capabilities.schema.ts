import * as z from 'zod'
import { exitCodes } from '../errors.ts'
import { count, type Kind, text, thing } from './json.schema.ts'
import { formatMeanings } from './view.ts'

const described = { name: text('as it is typed'), description: text('what it is') }
const choices = z.array(z.string()).nullable().describe('the only values; null where there are others')

const argument = z.strictObject({
  ...described,
  required: z.boolean(),
  variadic: z.boolean().describe('takes several'),
  choices,
})

const option = z.strictObject({
  ...described,
  short: text('the same in one letter').nullable(),
  type: text('what stands for its value; boolean for one without'),
  choices,
  required: z.boolean(),
  variadic: z.boolean().describe('takes several'),
  default: z.unknown().describe('where it is not given; null for none'),
})

const effects = z.strictObject({
  changes: z.array(z.string()).describe('tables that are written, and redis'),
  recorded: z.array(z.string()).describe('actions that go on the record'),
  refused: z.array(z.string()).describe('actions on the record when it is refused'),
  intent: z.boolean().describe('whether a global admin’s intent goes on the record before'),
})

const command = z.strictObject({
  command: text('its words'),
  summary: text('what it does'),
  arguments: z.array(argument),
  options: z.array(option).describe('its own, beside those of every command'),
  outputFormats: z.array(z.enum(Object.keys(formatMeanings) as [string, ...string[]])),
  effects,
  exitCodes: z.array(count('one that it may end with')),
  examples: z.array(z.strictObject({ wanted: text('what for'), line: text('what is typed') })),
  unlike: z
    .array(z.strictObject({ command: text('another command'), what: text('that one does') }))
    .describe('what it may be confused with'),
})

const capabilities = z.strictObject({
  version: text('of the tool'),
  options: z.array(option).describe('of every command'),
  commands: z.array(command),
  exitCodes: z.array(
    z.strictObject({
      code: count('of the process'),
      name: z.enum(Object.keys(exitCodes) as [string, ...string[]]),
      meaning: text('in a line'),
    }),
  ),
})

export const kinds: readonly Kind[] = [
  thing(
    { kind: 'Capabilities', says: 'Every command with options, effects and exit codes', by: ['help'] },
    capabilities,
  ),
]
