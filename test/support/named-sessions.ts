import { type SeededSession, type SessionSeed, seedSessions } from './people.ts'
import type { PostgresServer } from './postgres.ts'

/** Sessions that a test calls by a name, so that what it expects can be read. */
export interface NamedSessions<N extends string> {
  readonly id: Readonly<Record<N, string>>
  readonly jtis: Readonly<Record<N, readonly string[]>>
  /** The names behind the ids of `-o id`, in their order; an id that nobody named stays an id. */
  names(output: string): string[]
}

export const seedNamed = async <N extends string>(
  server: PostgresServer,
  database: string,
  seeds: Readonly<Record<N, SessionSeed>>,
): Promise<NamedSessions<N>> => {
  const names = Object.keys(seeds) as N[]
  const made = await seedSessions(server, database, Object.values<SessionSeed>(seeds))
  const pairs = names.map((name, at) => [name, made[at] as SeededSession] as const)
  const nameOf = new Map<string, string>(pairs.map(([name, { id }]) => [id, name]))
  return {
    id: Object.fromEntries(pairs.map(([name, { id }]) => [name, id])) as Record<N, string>,
    jtis: Object.fromEntries(pairs.map(([name, { jtis }]) => [name, jtis])) as Record<N, readonly string[]>,
    names: (output) =>
      output
        .split('\n')
        .filter((line) => line !== '')
        .map((id) => nameOf.get(id) ?? id),
  }
}
