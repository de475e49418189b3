import { setTimeout as sleep } from 'node:timers/promises'
import { type PrivatePostgres, startPostgres } from './postgres.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.ts'

/** A primary, and the standby that is to follow it into office. */
export interface Replicas {
  readonly primary: PrivatePostgres
  readonly standby: PrivatePostgres
  /** What the standby is told by the primary goes over this wire; `to server` are its confirmations. */
  readonly wire: TcpProxy
  /** Whether a COMMIT waits for the standby. */
  synchronous(on: boolean): Promise<void>
  /** Waits until the standby has everything. */
  caughtUp(): Promise<void>
  /** The primary is gone from one moment to the next, and the standby takes over with what it has. */
  failOver(): Promise<PrivatePostgres>
  /** Gives the one that took over, if it did, a standby of its own. */
  renew(): Promise<void>
  stop(): Promise<void>
}

const name = 'heir'

/** A pair of servers; `prepare` fills the primary before it is copied. */
export const startReplicas = async (
  prepare: (primary: PrivatePostgres) => Promise<unknown>,
): Promise<Replicas> => {
  let primary = await startPostgres({ version: '15' })
  await prepare(primary)
  let wire: TcpProxy
  let standby: PrivatePostgres
  let failedOver = false

  const until = async (what: string, text: string, values: readonly unknown[]) => {
    for (let tries = 0; tries < 1500; tries++) {
      const [row] = await primary.query<{ so: boolean }>(text, values)
      if (row?.so) return
      await sleep(20)
    }
    throw new Error(`${what}: not after 30 seconds:\n${standby.log()}`)
  }
  const caughtUp = async () => {
    // What no commit follows, as the pruning of a page, would stay unsent for as long as nothing happens.
    await primary.query('select pg_current_xact_id()')
    const [end] = await primary.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
    await until(
      'the standby has everything',
      `select exists (select from pg_stat_replication where application_name = $1 and replay_lsn >= $2::pg_lsn) as so`,
      [name, end?.lsn],
    )
  }
  const copy = async () => {
    wire = await startProxy(primary)
    const conninfo = `host=${wire.host} port=${wire.port} user=postgres application_name=${name}`
    standby = await startPostgres({
      version: '15',
      standbyOf: primary,
      settings: { primary_conninfo: conninfo, wal_retrieve_retry_interval: '100ms' },
    })
    await caughtUp()
  }
  await copy()

  return {
    get primary() {
      return primary
    },
    get standby() {
      return standby
    },
    get wire() {
      return wire
    },
    synchronous: async (on) => {
      await primary.query(`alter system set synchronous_standby_names = ${on ? name : "''"}`)
      await primary.query('select pg_reload_conf()')
      const state = on ? 'sync' : 'async'
      await until(
        `the standby is ${state}`,
        'select exists (select from pg_stat_replication where application_name = $1 and sync_state = $2) as so',
        [name, state],
      )
    },
    caughtUp,
    failOver: async () => {
      await primary.kill('SIGQUIT')
      wire.cut({ refuse: true })
      failedOver = true
      await standby.query('select pg_promote()')
      // Its original's setting: nobody is there whom it could wait for.
      await standby.query('alter system reset synchronous_standby_names')
      await standby.query('select pg_reload_conf()')
      return standby
    },
    renew: async () => {
      if (!failedOver) return
      failedOver = false
      await Promise.all([primary.stop(), wire.close()])
      primary = standby
      await copy()
    },
    stop: async () => {
      await Promise.all([primary.stop(), standby.stop(), wire.close()])
    },
  }
}
