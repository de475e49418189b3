import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { CheckedRows, UserRows } from '../../service/users/rows.ts'
import { counted } from '../shared/acting.ts'
import { parseCount, parseFile, parseOrganization } from '../shared/parsers.ts'
import { namedRows, openUserFile } from './user-file.ts'

/** How the commands on users name them: one by one, or by the list. */
export interface TargetOptions {
  readonly org?: string
  readonly file?: string
  readonly report?: string
  readonly skipInvalid?: boolean
  readonly batchSize: number
}

export const targetOptions = (command: Command): Command =>
  command
    .option('--org <slug|id>', 'of this organization', parseOrganization)
    .option('--file <file>', 'users from a CSV file with a header, or - for standard input', parseFile)
    .option('--report <file>', 'write what became of each row, as CSV', parseFile)
    .option('--skip-invalid', 'go on with the other rows when some are invalid or unknown')
    .option('--batch-size <n>', 'users in one transaction', parseCount, 500)

/** Nothing says which users: a person is asked, a pipe is refused. */
export const isBare = (names: readonly string[], { file }: TargetOptions): boolean =>
  names.length === 0 && file === undefined

/** The users, and how to let go of them. @throws MeanderError USAGE when they are named twice or not at all. */
export const openTargets = async (
  names: readonly string[],
  { file }: TargetOptions,
  context: Context,
): Promise<UserRows & { close(): Promise<void> }> => {
  if (names.length > 0 && file !== undefined) {
    throw new MeanderError('USAGE', 'Users are named either on the command line or by --file, not both.')
  }
  if (file !== undefined) return openUserFile(file, context)
  if (names.length === 0) {
    throw new MeanderError('USAGE', 'No user was named.', {
      hint: 'Give e-mail addresses or ids, or --file.',
    })
  }
  return { ...namedRows(names), close: async () => {} }
}

/** Users that one call of the database takes. */
export const largestBatch = 10_000
const named = 5

/** The failure for a list that has wrong rows; null when it has none, or they are to be skipped. */
export const wrongRows = (checked: CheckedRows, { skipInvalid }: TargetOptions): MeanderError | null => {
  const { total, good } = checked
  if (good === total || skipInvalid) return null
  const outcomes = new Set<string>()
  const details: string[] = []
  for (const [row, { outcome, message }] of checked.problems()) {
    outcomes.add(outcome)
    if (details.length < named) details.push(total === 1 ? message : `row ${row}: ${message}`)
  }
  const wrong = total - good
  if (wrong > named) details.push(`and ${wrong - named} more`)
  const code = outcomes.has('invalid') ? 'USAGE' : outcomes.has('notFound') ? 'NOT_FOUND' : 'REFUSED'
  const what =
    total === 1 ? 'The user cannot be taken' : `${counted(wrong, 'row')} of ${total} cannot be taken`
  return new MeanderError(code, `${what}: nothing was done.`, {
    details,
    ...(total === 1 ? {} : { hint: 'Mend the rows, or give --skip-invalid to go on without them.' }),
  })
}
