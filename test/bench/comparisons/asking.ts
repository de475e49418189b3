import assert from 'node:assert/strict'
import type pg from 'pg'
import type { Bench } from '../comparison.ts'
import { large } from '../data/stage.ts'
import type { Subject } from '../measure.ts'

/** The first page as the tool asks for it. */
export const call = "select * from meander.list_sessions('{}', 'last-activity', null, null, 50)"

/** A query that has to give so many rows. */
export const asking = (name: string, client: pg.Client, text: string, rows: number): Subject => ({
  name,
  run: async () => assert.equal((await client.query(text)).rows.length, rows),
})

/** An operator's connection; for a global admin with the call on record, which serves for 15 minutes. */
export const operator = async (bench: Bench, login: string, database = large): Promise<pg.Client> => {
  const client = await bench.connect(login, { database })
  if (login === 'gro') {
    await client.query("select meander.record_intent(null, 'list_sessions', '{}', 'bench', null)")
  }
  return client
}
