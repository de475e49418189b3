import type { Purpose } from './on-record.ts'
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
  /** By row number. */
  readonly problems: ReadonlyMap<number, RowProblem>
  /** The user of a row without a problem. */
  userOf(row: number): string
}

const idBytes = 16
const rowsAtOnce = 1000

/**
 * Goes through the whole list: every row is well formed, names exactly one user within reach, and no user comes
 * twice. Holds 16 bytes a row, so that a million rows are no burden.
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
  let deactivated = 0
  /** Those whom off-boarding may refuse: oneself and org admins. */
  const delicate = new Map<string, number>()

  const note = (row: UserRow, found: readonly FoundUser[]) => {
    const [user, another] = found
    if (!user) {
      problems.set(row.row, { outcome: 'notFound', message: 'no such user within your reach' })
    } else if (another) {
      const candidates = found.map(({ userId, organization }) => `${userId} in ${organization}`).join(', ')
      problems.set(row.row, {
        outcome: 'invalid',
        message: `several users have this e-mail address: ${candidates}`,
      })
    } else {
      writeId(ids, row.row, user.userId)
      organizations.add(user.organization)
      if (user.status === 'deactivated') deactivated += 1
      if (user.myself || user.role === 'org_admin') delicate.set(user.userId, row.row)
    }
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
    if (row.problem !== null) problems.set(row.row, { outcome: 'invalid', message: row.problem })
    else batch.push(row)
    if (batch.length < rowsAtOnce) continue
    await look(batch)
    batch = []
  }
  await look(batch)

  for (const [row, first] of doubles(ids, total)) {
    problems.set(row, { outcome: 'invalid', message: `the same user as in row ${first}` })
  }
  if (options.act === 'offboard') {
    for (const [user, message] of await users.refusedOffboardings([...delicate.keys()], options.purpose)) {
      problems.set(delicate.get(user) ?? 0, { outcome: 'refused', message })
    }
  }
  return {
    total,
    good: total - problems.size,
    organizations,
    deactivated,
    problems,
    userOf: (row) => readId(ids, row),
  }
}

const writeId = (ids: Buffer, row: number, id: string): void => {
  ids.write(id.replaceAll('-', ''), row * idBytes, 'hex')
}

const readId = (ids: Buffer, row: number): string =>
  ids
    .toString('hex', row * idBytes, (row + 1) * idBytes)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** Rows that name the user of an earlier row, with that row: neighbours once the rows are sorted by user. */
function* doubles(ids: Buffer, total: number): Generator<[row: number, first: number]> {
  const view = (row: number) => ids.subarray(row * idBytes, (row + 1) * idBytes)
  const nobody = Buffer.alloc(idBytes)
  const rows = Uint32Array.from({ length: total }, (_, index) => index + 1)
  rows.sort((a, b) => Buffer.compare(view(a), view(b)) || a - b)
  let first = 0
  for (const row of rows) {
    if (view(row).equals(nobody)) continue
    if (first !== 0 && view(first).equals(view(row))) yield [row, first]
    else first = row
  }
}
