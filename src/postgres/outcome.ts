import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { sqlState } from './failures.ts'

/** What a transaction goes by. */
export interface TransactionNumber {
  readonly xid: string
  /** Another life of the server, after a failover or a crash, gives the same number once more; null where it is not said. */
  readonly timeline: string | null
  /** Of the server's process. */
  readonly pid: number
}

/**
 * `absent`: the server that has taken over, or crashed, never had it. `doubtful`: one under this number is committed there, and may
 * be another one.
 */
export type Outcome = 'committed' | 'aborted' | 'absent' | 'doubtful' | 'not learned'

/**
 * The server's timeline, the first digits of the name of what it writes now, and when its statistics began: after a
 * crash they begin anew, and the numbers of what was not yet on disk are given once more. null where it keeps no such
 * files.
 */
export const timelineOf = (query: (text: string) => Promise<unknown>): Promise<string | null> =>
  query(
    "select concat_ws(' since ', left(pg_walfile_name(pg_current_wal_lsn()), 8), (select stats_reset from pg_stat_wal)) as timeline",
  ).then(
    (result) => (result as { rows: { timeline: string }[] }).rows[0]?.timeline ?? null,
    () => null,
  )

/**
 * What became of a transaction, by the word of a server that takes changes. While its old session still waits for a
 * COMMIT that never arrived, it would stay open: ending that session, which is ours, decides it.
 */
export const outcomeOf = async (
  client: Client,
  { xid, timeline, pid }: TransactionNumber,
): Promise<Outcome> => {
  const same = timeline !== null && timeline === (await timelineOf((text) => client.query(text)))
  for (let tries = 0; tries < 20; tries++) {
    let status: string | null
    try {
      const { rows } = await client.query('select pg_xact_status($1::xid8) as status', [xid])
      status = rows[0]?.status ?? null
    } catch (error) {
      // A number of the future: this server did not come so far.
      if (sqlState(error) === '22023' && !same) return 'absent'
      throw error
    }
    if (status === 'committed') return same ? 'committed' : 'doubtful'
    if (status === 'aborted') return same ? 'aborted' : 'absent'
    if (status === null) return 'not learned'
    // Taking over ended what was under way: what runs now under this number is somebody else's.
    if (!same) return 'absent'
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_xid = $2::xid8::xid',
      [pid, xid],
    )
    await sleep(100)
  }
  return 'not learned'
}
