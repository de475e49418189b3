import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, expect, inject, it } from 'vitest'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import { asLogin, closeLogins, password } from '../support/as-login.ts'
import { organizations, people, peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { ownFolder } from '../support/users.ts'

/**
 * A watch under 500 events a second, while transactions that take seconds bring logins late and its connection is
 * ended again and again: what it told is compared with the tables. `npm run soak` takes the ten minutes of the
 * promise; here twelve seconds.
 */
const soak = process.env.MEANDERCTL_SOAK !== undefined
const seconds = Number(process.env.MEANDERCTL_SOAK_SECONDS ?? (soak ? 600 : 12))
const cutEverySeconds = soak ? 45 : 5

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
afterEach(closeLogins)
afterAll(() => folder.remove())

const residentMegabytes = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, one) => sum + one, 0) / numbers.length

it('tells every event once, in flat memory', { timeout: (seconds + 90) * 1000 }, async () => {
  const database = await peopledDatabase(server)
  const root = await asLogin(server, database, server.superuser)
  const [auth, slow, kari] = await Promise.all(
    ['auth', 'auth', 'kari'].map((login) => asLogin(server, database, login)),
  )
  if (!auth || !slow || !kari) throw new Error('no logins')
  const login = (who: typeof auth, count: number, expires: string) =>
    who.rows<{ id: string }>(
      `insert into meander.sessions (id, user_id, organization_id, kind, device_name, ip, expires_at)
       select gen_random_uuid(), $1, $2, 'mobile', 'phone ' || n, '198.51.100.7', clock_timestamp() + $4::interval
       from generate_series(1, $3::integer) as n returning id`,
      [people.mari.id, organizations.hlf, count, expires],
    )

  // Before the watch begins, and so no event: sessions that only ever refresh.
  const steady = await login(auth, 200, '1 day')
  const issue = `insert into meander.refresh_tokens (id, session_id, organization_id, parent_id, token_hash, access_jti, access_expires_at)
    select gen_random_uuid(), s, '${organizations.hlf}', p, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(), clock_timestamp() + interval '1 minute'
    from unnest($1::uuid[], $2::uuid[]) as t (s, p) returning id, session_id`
  const tokens = new Map<string, string>()
  const issued = async (sessions: readonly string[], parents: readonly (string | null)[]) => {
    for (const row of await auth.rows<{ id: string; session_id: string }>(issue, [sessions, parents]))
      tokens.set(row.session_id, row.id)
  }
  await issued(
    steady.map(({ id }) => id),
    steady.map(() => null),
  )
  const [{ start = '' } = {}] = await root.rows<{ start: string }>('select clock_timestamp()::text as start')

  const child = spawn(process.execPath, [bin, 'sessions', 'watch', '--interval', '1s', '-o', 'ndjson'], {
    env: cleanEnvironment({ DATABASE_URL: server.url('kari', database, password) }),
    stdio: ['ignore', openSync(folder.path('events'), 'w'), 'pipe'],
  })
  const { stderr } = child
  if (!stderr) throw new Error('no stderr')
  let said = ''
  stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await once(stderr, 'data')
  const memory: number[] = []
  const look = setInterval(() => memory.push(residentMegabytes(child.pid)), 1000)

  // Fifty events in each tenth of a second.
  const until = Date.now() + seconds * 1000
  const brief: string[] = []
  let turn = 0
  const busy = async () => {
    for (let due = Date.now(); due < until; due += 100) {
      if (due > Date.now()) await sleep(due - Date.now())
      brief.push(...(await login(auth, 18, '1 day')).map(({ id }) => id))
      await login(auth, 2, '3 seconds')
      const turned = Array.from({ length: 20 }, () => steady[turn++ % steady.length]?.id ?? '')
      const spent = turned.map((id) => tokens.get(id) ?? '')
      await auth.rows(
        'update meander.refresh_tokens set rotated_at = clock_timestamp() where id = any ($1)',
        [spent],
      )
      await issued(turned, spent)
      if (brief.length > 60) {
        await kari.rows('select meander.revoke_sessions($1, $2, null, null)', [brief.splice(0, 8), 'soak'])
      }
    }
  }
  const late = async () => {
    while (Date.now() < until) {
      await slow.rows('begin')
      await login(slow, 1, '1 day')
      await sleep(500 + Math.random() * 6000)
      await slow.rows('commit')
    }
  }
  const cut = async () => {
    for (let due = Date.now() + cutEverySeconds * 1000; due < until; due += cutEverySeconds * 1000) {
      await sleep(due - Date.now())
      await root.rows(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'meanderctl' and datname = $1`,
        [database],
      )
    }
  }
  await Promise.all([busy(), late(), cut()])

  // The last ones expire three seconds after their login, and are looked for a second later.
  await sleep(6000)
  clearInterval(look)
  child.kill('SIGINT')
  const [code] = await once(child, 'exit')
  expect(code, said).toBe(130)

  const told = new Map<string, number>()
  for await (const line of createInterface({ input: createReadStream(folder.path('events')) })) {
    const { event, id, refreshTokenId } = JSON.parse(line) as {
      event: string
      id: string
      refreshTokenId: string | null
    }
    const key = `${event} ${refreshTokenId ?? id}`
    told.set(key, (told.get(key) ?? 0) + 1)
  }
  const happened = await root.rows<{ key: string }>(
    `select 'login ' || id as key from meander.sessions where created_at >= $1
     union all select 'revoked ' || id from meander.sessions where revoked_at is not null
     union all select 'expired ' || id from meander.sessions where revoked_at is null and expires_at < clock_timestamp()
     union all select 'refresh ' || id from meander.refresh_tokens where parent_id is not null`,
    [start],
  )
  const missed = happened.filter(({ key }) => !told.has(key))
  const doubled = [...told].filter(([, times]) => times > 1)
  const half = Math.floor(memory.length / 2)
  const [early, end] = [
    mean(memory.slice(Math.floor(half / 2), half)),
    mean(memory.slice(-Math.floor(half / 2))),
  ]
  const lost = said.match(/was lost/g)?.length ?? 0
  process.stdout.write(
    `${seconds} s, ${happened.length} events (${Math.round(happened.length / seconds)} a second), ${lost} lost connections: ` +
      `${missed.length} missed, ${doubled.length} doubled; ${early.toFixed(0)} MB in the second quarter, ` +
      `${end.toFixed(0)} MB in the last, ${Math.max(...memory).toFixed(0)} MB at most\n`,
  )
  expect(missed.slice(0, 5)).toEqual([])
  expect(doubled.slice(0, 5)).toEqual([])
  expect(told.size).toBe(happened.length)
  expect(Math.max(...memory)).toBeLessThan(250)
  if (soak) expect(end / early).toBeLessThan(1.15)
  expect(lost).toBeGreaterThan(0)
})
