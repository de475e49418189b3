import type { Purpose } from '../on-record.ts'
import type { FoundUser, UserAct, Users } from './users.ts'

/** One row of a list of users, as it was given. */
export interface UserRow {
  /** From 1; a header does not count. */
  readonly row: number
  readonly email: string
  readonly userId: string
  readonly reason: string | null
  readonly ticket: string | null
  /** Why the row itself is wrong; null when it is well formed. */
  readonly problem: string | null
}

/** A list of users that can be gone through more than once, the same each time. */
export interface UserRows {
  rows(): AsyncIterable<UserRow>
}

export interface RowProblem {
  readonly outcome: 'invalid' | 'notFound' | 'refused'
  readonly message: string
}

/** What the look through a whole list found, before anything is done. */
export interface CheckedRows {
  readonly total: number
  /** Rows that can be acted on. */
  readonly good: number
  readonly organizations: ReadonlySet<string>
  /** Good rows whose user is deactivated already. */
  readonly deactivated: number
  /** Why this row cannot be acted on; null when it can. */
  problemOf(row: number): RowProblem | null
  /** The rows that cannot be acted on, in order. */
  problems(): Iterable<readonly [row: number, problem: RowProblem]>
  /** The user of a row that named one. */
  userOf(row: number): string
}

const idBytes = 16
const nobody = Buffer.alloc(idBytes)
const rowsAtOnce = 1000

const unknown: RowProblem = { outcome: 'notFound', message: 'no such user within your reach' }

/**
 * Goes through the whole list: every row is well formed, names exactly one user within reach, and no user comes
 * twice. Holds the 16 bytes of a user's id for each row, zeros for one that is unknown, and an entry only for each
 * row with another problem: a million rows are no burden.
 */
export const checkRows = async (
  source: UserRows,
  users: Users,
  options: {
    readonly act: UserAct | 'verify'
    readonly organization: string | null
    readonly purpose: Purpose
  },
): Promise<CheckedRows> => {
  const problems = new Map<number, RowProblem>()
  const organizations = new Set<string>()
  let ids = Buffer.alloc(rowsAtOnce * idBytes)
  let total = 0
  let good = 0
  let deactivated = 0
  /** Those whom off-boarding may refuse, oneself and org admins, with their first row. */
  const delicate = new Map<string, number>()

  const refuse = (row: number, outcome: RowProblem['outcome'], message: string) =>
    problems.set(row, { outcome, message })
  const note = ({ row, email, userId }: UserRow, found: readonly FoundUser[]) => {
    const [user, another] = found
    if (!user) return
    if (another) {
      const candidates = found.map((one) => `${one.userId} in ${one.organization}`).join(', ')
      return refuse(row, 'invalid', `several users have this e-mail address: ${candidates}`)
    }
    // A spreadsheet of which one column was sorted alone: whoever is meant, half of it is wrong.
    if (userId !== '' && email !== '' && lowered(email) !== user.email) {
      return refuse(row, 'invalid', 'the e-mail address is not that of the user id')
    }
    ids.write(user.userId.replaceAll('-', ''), row * idBytes, 'hex')
    good += 1
    organizations.add(user.organization)
    if (user.status === 'deactivated') deactivated += 1
    if ((user.myself || user.role === 'org_admin') && !delicate.has(user.userId))
      delicate.set(user.userId, row)
  }
  const look = async (rows: readonly UserRow[]) => {
    const names = rows.map(({ userId, email }) => userId || email)
    if (names.length === 0) return
    const found = await users.find(names, options.organization, options.purpose)
    for (const [index, row] of rows.entries()) note(row, found[index] ?? [])
  }

  let batch: UserRow[] = []
  for await (const row of source.rows()) {
    total = row.row
    if (ids.length < (total + 1) * idBytes) ids = Buffer.concat([ids, Buffer.alloc(ids.length)])
    if (row.problem !== null) refuse(row.row, 'invalid', row.problem)
    else batch.push(row)
    if (batch.length < rowsAtOnce) continue
    await look(batch)
    batch = []
  }
  await look(batch)

  for (const [row, first] of doubles(ids, total)) {
    good -= 1
    refuse(row, 'invalid', `the same user as in row ${first}`)
  }
  if (options.act === 'offboard') {
    for (const [user, message] of await users.refusedOffboardings([...delicate.keys()], options.purpose)) {
      good -= 1
      refuse(delicate.get(user) ?? 0, 'refused', message)
    }
  }
  const problemOf = (row: number) => problems.get(row) ?? (isNobody(ids, row) ? unknown : null)
  return {
    total,
    good,
    organizations,
    deactivated,
    problemOf,
    *problems() {
      for (let row = 1; row <= total; row += 1) {
        const problem = problemOf(row)
        if (problem) yield [row, problem]
      }
    },
    userOf: (row) => readId(ids, row),
  }
}

/** E-mail addresses are stored in lower case; nothing but ASCII is folded. */
const lowered = (email: string): string => email.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

const compare = (ids: Buffer, a: number, b: number): number =>
  ids.compare(ids, b * idBytes, (b + 1) * idBytes, a * idBytes, (a + 1) * idBytes)

const isNobody = (ids: Buffer, row: number): boolean =>
  ids.compare(nobody, 0, idBytes, row * idBytes, (row + 1) * idBytes) === 0

const readId = (ids: Buffer, row: number): string =>
  ids
    .toString('hex', row * idBytes, (row + 1) * idBytes)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** Rows that name the user of an earlier row, with that row: neighbours once the rows are sorted by user. */
function* doubles(ids: Buffer, total: number): Generator<[row: number, first: number]> {
  const rows = Uint32Array.from({ length: total }, (_, index) => index + 1)
  rows.sort((a, b) => compare(ids, a, b) || a - b)
  let first = 0
  for (const row of rows) {
    if (isNobody(ids, row)) continue
    if (first !== 0 && compare(ids, first, row) === 0) yield [row, first]
    else first = row
  }
}
