import type { LockHolder } from './failures.ts'
import type { Reach, Reached } from './reach.ts'

/** Less than half of the shortest lock_timeout that our functions have, so that a wait is seen before it ends. */
const lookEveryMs = 2000

/**
 * Looks, over a login of its own, who keeps `pid` waiting: once the wait has timed out nobody can tell any more. Most
 * statements end before the first look. What cannot be learned is left out.
 * @returns a function that ends the watch and gives those who were last seen.
 */
export const watchHolders = (pid: number, reach: Reach): (() => readonly LockHolder[]) => {
  let holders: readonly LockHolder[] = []
  let other: Promise<Reached> | undefined
  let over = false
  const look = async () => {
    try {
      other ??= reach()
      const { client } = await other
      const { rows } = await client.query<LockHolder>(
        `select login, pid, to_char(since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
         from meander.lock_holders($1)`,
        [pid],
      )
      if (rows.length > 0) holders = rows
    } catch {
      // The failure itself is told all the same.
    }
    if (!over) timer = setTimeout(look, lookEveryMs)
  }
  let timer = setTimeout(look, lookEveryMs)
  return () => {
    over = true
    clearTimeout(timer)
    other?.then(({ client }) => client.end()).catch(() => {})
    return holders
  }
}
