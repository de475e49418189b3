import * as z from 'zod'
import type { Check, DoctorResult } from '../service/doctor/doctor.ts'
import type { IsolationResult } from '../service/isolation/isolation.ts'
import { count, type Kind, oneOf, result, text } from './json.schema.ts'

const check = z
  .strictObject({
    name: text('what was looked at'),
    state: oneOf<Check['state']>(
      { ok: true, warning: true, finding: true, 'not checked': true },
      'a finding makes the exit code 7',
    ),
    expected: text('what has to be'),
    actual: text('what is'),
    fix: text('the command or setting that mends it').nullable(),
  })
  .meta({ id: 'Check' }) satisfies z.ZodType<Check>

export const kinds: readonly Kind[] = [
  result(
    { kind: 'DoctorResult', says: 'Whether everything is as it has to be', by: ['doctor'] },
    {
      summary: z.strictObject({
        ok: count('checks'),
        warnings: count('checks'),
        findings: count('checks'),
        notChecked: count('checks'),
      }) satisfies z.ZodType<DoctorResult['summary']>,
      items: z.array(check),
      settings: z.array(
        z.strictObject({
          name: text('of the setting'),
          value: text('in force, secrets masked'),
          source: text('who said so'),
        }),
      ),
    },
  ),
  result(
    {
      kind: 'IsolationResult',
      says: 'Whether another organization’s ids look like nobody’s',
      by: ['doctor isolation'],
    },
    {
      summary: z.strictObject({
        functions: count('that the login may call'),
        calls: count('that were tried'),
        findings: count('that tell of another organization'),
        notChecked: count('that could not be tried'),
      }) satisfies z.ZodType<IsolationResult['summary']>,
      items: z.array(check),
    },
  ),
]
