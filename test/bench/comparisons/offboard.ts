import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import type { Bench, Comparison } from '../comparison.ts'
import { type Leaver, large } from '../data/stage.ts'
import { figure, ratio, type Subject } from '../measure.ts'
import { tool } from '../processes.ts'

/** As many as the command takes into one transaction. */
const usersAtOnce = 500
const reason = 'left'

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))

/**
 * Subjects that end the access of other people in every round, so that each finds rows that nobody has touched.
 * `share` is that of the scale's batch of people: 10,000 with ten sessions each among ten million.
 */
export const leaving = (bench: Bench) => {
  const { leavers, people, postgres } = bench
  return (name: string, share: number, work: (users: readonly Leaver[]) => Promise<void>): Subject => {
    const count = Math.max(1, Math.round(people.batch * share))
    let users: readonly Leaver[] = []
    return {
      name: `${name}, ${count} users`,
      share: count / people.batch,
      prepare: async () => {
        users = await leavers(large, count)
        // What went past the tool is nobody's to publish but the next command's, whose time is not for that.
        await postgres.query(
          'update meander.token_blocklist set published_at = created_at where published_at is null',
          [],
          large,
        )
        await postgres.query('checkpoint')
      },
      run: () => work(users),
      check: async () => {
        const [left] = await postgres.query(
          `select count(distinct s.id) filter (where s.revoked_at is null)::integer as open,
             count(b.jti)::integer as blocked, count(distinct s.id)::integer as sessions
           from meander.sessions s left join meander.token_blocklist b on b.session_id = s.id
           where s.id = any ($1)`,
          [users.flatMap(({ sessions }) => sessions)],
          large,
        )
        assert.deepEqual(left, { open: 0, blocked: count * 10, sessions: count * 10 })
      },
    }
  }
}

/** One transaction as the tool makes them: `begin`, the call, `commit`. */
export const offboard = async (client: pg.Client, users: readonly Leaver[]): Promise<void> => {
  await client.query('begin')
  const { rows } = await client.query(
    `select count(*) filter (where item ->> 'outcome' = 'offboarded')::integer as done
     from jsonb_array_elements(meander.offboard_users(p_users => $1, p_reasons => $2, p_tickets => $3,
       p_request_id => null) -> 'items') as item`,
    [users.map(({ id }) => id), users.map(() => reason), users.map(() => null)],
  )
  await client.query('commit')
  assert.equal(rows[0].done, users.length)
}

/** In transactions of as many users as the command takes. @returns the longest of them, in seconds */
export const offboardAtOnce = async (client: pg.Client, users: readonly Leaver[]): Promise<number> => {
  let longest = 0
  for (const some of chunks(users, usersAtOnce)) {
    const start = performance.now()
    await offboard(client, some)
    longest = Math.max(longest, (performance.now() - start) / 1000)
  }
  return longest
}

export const offboardOneByOne = async (client: pg.Client, users: readonly Leaver[]): Promise<void> => {
  for (const user of users) await offboard(client, [user])
}

export const offboarding: Comparison = {
  name: 'offboard',
  about: 'off-boarding against SQL by hand, one transaction per user, one call per session',
  run: async (bench) => {
    const { postgres, people, scratch, turns } = bench
    const owner = await bench.connect('postgres')
    const kari = await bench.connect('kari')
    const ten = await Promise.all(Array.from({ length: 10 }, () => bench.connect('kari')))
    await owner.query(readFileSync(new URL('offboard-by-hand.sql', import.meta.url), 'utf8'))
    const left = leaving(bench)
    const longest: number[] = []
    const [hand, atOnce, command, serial, tenAtOnce, bySession] = await turns(
      [
        left('SQL by hand', 1, async (users) => {
          for (const some of chunks(users, usersAtOnce)) {
            await owner.query('select bench.offboard($1, $2)', [some.map(({ id }) => id), reason])
          }
        }),
        left('offboard_users', 1, async (users) => {
          longest.push(await offboardAtOnce(kari, users))
        }),
        left('users offboard --file', 0.3, async (users) => {
          const [file, report] = [join(scratch, 'leavers.csv'), join(scratch, 'report.csv')]
          writeFileSync(file, `email\n${users.map(({ email }) => email).join('\n')}\n`)
          const args = ['users', 'offboard', '--file', file, '--reason', reason, '--yes', '--report', report]
          await tool(args, { env: bench.env('kari') }).run()
        }),
        left('one transaction per user', 0.1, (users) => offboardOneByOne(kari, users)),
        left('one transaction per user, ten at once', 0.1, async (users) => {
          const parts = chunks(users, Math.ceil(users.length / ten.length))
          await Promise.all(parts.map((part, n) => offboardOneByOne(ten[n] as pg.Client, part)))
        }),
        left('one call per session', 0.03, async (users) => {
          for (const id of users.flatMap(({ sessions }) => sessions)) {
            await kari.query('select meander.revoke_sessions(array[$1::uuid], $2, null, null)', [id, reason])
          }
        }),
      ] as const,
      { rounds: 3 },
    )
    await postgres.query('drop schema bench cascade', [], large)
    const what = `off-board ${people.batch} users, ${people.batch * 10} sessions`
    return [
      ratio(`${what} : SQL by hand`, atOnce, hand, { atMost: 1.3 }),
      figure('longest transaction of it', 's', longest, { atMost: 1.5 }),
      ratio('one transaction per user : the same', serial, atOnce, { atLeast: 1.6 }),
      ratio('one transaction per user, 10 at once : the same', tenAtOnce, atOnce, { atLeast: 1 }),
      ratio('one call per session : the same', bySession, atOnce, { atLeast: 3 }),
      ratio('users offboard --file, whole process with check, read-back, Redis : SQL by hand', command, hand),
    ]
  },
}
