import { readFileSync } from 'node:fs'
import { organizations } from '../../support/people.ts'
import type { PostgresServer } from '../../support/postgres.ts'
import { seedChain } from './chain.ts'

/** How much there is of everything. */
export interface Scale {
  readonly sessions: number
  /** Events of the long chain, which is nhf's. */
  readonly events: number
}

/** The people of a database: how many there are, who leaves, and how many leave at once. */
export const peopleOf = ({ sessions }: Scale) => ({
  users: sessions / 10,
  /** Of hlf, with ten active sessions each. */
  leavers: (sessions / 1000) * 9,
  batch: Math.max(1, sessions / 1000),
})

/** What the server is told while it is filled: nothing of it has to outlive a crash. */
export const seedingSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  // What is written into a table that was emptied in the same transaction then needs no log.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  work_mem: '512MB',
  maintenance_work_mem: '1GB',
}

/** Fills a database that has the schema and the people of the tests. @param say what goes on */
export const seed = async (
  server: PostgresServer,
  database: string,
  psql: string,
  scale: Scale,
  say: (text: string) => void,
): Promise<void> => {
  const { users, leavers } = peopleOf(scale)
  const values: Record<string, number> = { sessions: scale.sessions, users, leavers }
  const sql = readFileSync(new URL('sessions.sql', import.meta.url), 'utf8').replace(
    /\$(sessions|users|leavers)/g,
    (_, name) => String(values[name]),
  )
  const query = (text: string) => server.query(text, [], database)
  const sessions = async () => {
    await query(sql)
    say(`${database}: sessions and chains are there, their indexes follow`)
    await query('reindex table meander.refresh_tokens')
    await query('reindex table meander.sessions')
  }
  const events = async () => {
    await seedChain(psql, server.url('postgres', database), scale.events)
    say(`${database}: the record is there, its indexes follow`)
    await query('reindex table meander.audit_log')
    await query(
      `update meander.audit_heads set seq = default, hash = default;
       update meander.audit_heads h set seq = a.seq, hash = a.hash from meander.audit_log a
       where h.organization_id = '${organizations.nhf}' and a.organization_id = h.organization_id and a.seq = ${scale.events}`,
    )
  }
  await Promise.all([sessions(), events()])
  say(`${database}: vacuum analyze`)
  await query('vacuum analyze')
}
