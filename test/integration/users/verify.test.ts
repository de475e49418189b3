import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { emailOf, people, peopledDatabase, seedGrant, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { type RunOptions, run } from '../../support/run.ts'
import { listOf, ownFolder, readReport, seedCrowd } from '../../support/users.ts'

const server = postgresAt(inject('postgres'))
const redis = await startRedis()
const folder = ownFolder()
let database: string
/** mari's phone: off-boarded and published, with two access tokens that are not expired. */
let phone: { readonly id: string; readonly jtis: readonly string[] }

interface Result {
  readonly kind: string
  readonly summary: Record<string, number>
  readonly items: readonly {
    readonly userId: string
    readonly email: string
    readonly ended: boolean
    readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
  }[]
  readonly auditHead: { readonly organization: string; readonly seq: number; readonly hash: string } | null
}

const users = (login: string, argv: readonly string[], options: RunOptions = {}) =>
  run(server, database, login, ['users', ...argv], { redis: redis.url, ...options })
const verify = async (argv: readonly string[] = [], options: RunOptions = {}) => {
  const ran = await users('kari', ['verify', 'mari@hlf.example', ...argv, '-o', 'json'], options)
  const result = ran.json<Result>()
  /** What is not as it must be, by check. */
  const left = Object.fromEntries(
    result.items.flatMap(({ checks }) =>
      checks.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]),
    ),
  )
  return { ...ran, result, left }
}
/** Breaks the store as nothing of ours would. */
const breakStore = (text: string) =>
  server.query(`begin; set local session_replication_role = 'replica'; ${text}; commit`, [], database)
beforeEach(async () => {
  database = await peopledDatabase(server)
  const [session] = await seedSessions(server, database, [{ person: 'mari', chain: 2 }])
  if (!session) throw new Error('no session')
  phone = session
  const ran = await users('kari', ['offboard', 'mari@hlf.example', '--reason', 'left', '--yes'])
  if (ran.code !== 0) throw new Error(ran.stderr)
})
afterAll(async () => {
  await redis.stop()
  folder.remove()
})

describe('access that has ended', () => {
  it('is proven check by check, with the head of the record', async () => {
    const { code, result } = await verify(['--offboarded'])
    expect(code).toBe(0)
    expect(result).toMatchObject({
      kind: 'VerifyResult',
      summary: { users: 1, ended: 1, notEnded: 0, notFound: 0 },
      items: [{ userId: people.mari.id, email: emailOf('mari'), ended: true }],
    })
    expect(result.items[0]?.checks).toEqual([
      { name: 'noActiveSession', ok: true, detail: 'no active session' },
      { name: 'noLiveRefreshToken', ok: true, detail: 'no live refresh token' },
      { name: 'accessTokensBlocked', ok: true, detail: '2 unexpired, all blocked' },
      { name: 'accessTokensBlockedInRedis', ok: true, detail: '2 asked, all blocked long enough' },
      { name: 'deactivated', ok: true, detail: 'the account is deactivated' },
      { name: 'noLiveGrant', ok: true, detail: 'no live support access grant' },
    ])
    const [head] = await server.query(
      `select 'hlf' as organization, seq::int, encode(hash, 'hex') as hash from meander.audit_heads
       where organization_id = $1`,
      ['11111111-0000-4000-8000-000000000000'],
      database,
    )
    expect(result.auditHead).toEqual(head)
  })

  it('is not claimed by an earlier command: a user who was never touched is looked at alike', async () => {
    expect((await users('kari', ['verify', 'ola@hlf.example'])).code).toBe(0)
    expect((await users('kari', ['verify', 'ola@hlf.example', '--offboarded'])).code).toBe(7)
  })

  it('may be proven by an auditor, and to nobody about a foreign user', async () => {
    expect((await users('ada', ['verify', 'mari@hlf.example'])).code).toBe(0)
    const foreign = await users('kari', ['verify', emailOf('per')])
    expect(foreign).toMatchObject({ code: 3, stdout: '' })
    expect(await users('kari', ['verify', 'pex@nhf.example'])).toMatchObject({
      code: 3,
      stderr: foreign.stderr,
    })
    expect((await users('nils', ['verify', 'mari@hlf.example'])).code).toBe(3)
  })
})

describe('access that is left: 7, each with its last second', () => {
  it('an active session', async () => {
    await breakStore(
      `update meander.users set status = 'active', deactivated_at = null where email = 'mari@hlf.example'`,
    )
    const [again] = await seedSessions(server, database, [{ person: 'mari' }])
    const { code, left } = await verify(['--offboarded'])
    expect(code).toBe(7)
    const [row] = await server.query<{ at: string }>(
      `select to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as at from meander.sessions where id = $1`,
      [again?.id],
      database,
    )
    expect(left.noActiveSession).toMatch(
      new RegExp(`^session ${again?.id} until ${row?.at.replace(/0+$/, '')}0*Z$`),
    )
    expect(left.noLiveRefreshToken).toContain(`of session ${again?.id} until`)
    expect(left.deactivated).toBe('the account is active')
  })

  it('a refresh token that still refreshes', async () => {
    await breakStore(
      `update meander.refresh_tokens set revoked_at = null where access_jti = '${phone.jtis[1]}'`,
    )
    const { code, left } = await verify()
    expect(code).toBe(7)
    expect(Object.keys(left)).toEqual(['noLiveRefreshToken'])
    expect(left.noLiveRefreshToken).toMatch(
      new RegExp(`^refresh token [0-9a-f-]{36} of session ${phone.id} until \\d{4}-.*Z$`),
    )
    const table = await users('kari', ['verify', 'mari@hlf.example'])
    expect(table).toMatchObject({ code: 7, stdout: expect.stringContaining('not ended') })
    expect(table.stderr).toContain('of 1 it has not')
  })

  it('an access token that is not in the blocklist', async () => {
    await breakStore(`delete from meander.token_blocklist where jti = '${phone.jtis[0]}'`)
    const { code, left } = await verify()
    expect(code).toBe(7)
    expect(Object.keys(left)).toEqual(['accessTokensBlocked'])
    expect(left.accessTokensBlocked).toMatch(
      new RegExp(`^access token ${phone.jtis[0]} of session ${phone.id} until \\d{4}-.*Z$`),
    )
  })

  it('off-boarding once more mends both, and is on the record', async () => {
    await breakStore(
      `update meander.refresh_tokens set revoked_at = null where access_jti = '${phone.jtis[1]}'`,
    )
    await breakStore(`delete from meander.token_blocklist where jti = '${phone.jtis[0]}'`)
    expect((await users('kari', ['offboard', 'mari@hlf.example', '--reason', 'again', '--yes'])).code).toBe(0)
    expect((await verify()).left).toEqual({})
  })

  it('an access token that Redis does not know, or forgets too early', async () => {
    await redis.cli('del', `meander:blocklist:jti:${phone.jtis[0]}`)
    await redis.cli('pexpire', `meander:blocklist:jti:${phone.jtis[1]}`, '60000')
    const { code, left } = await verify()
    expect(code).toBe(7)
    expect(Object.keys(left)).toEqual(['accessTokensBlockedInRedis'])
    expect(left.accessTokensBlockedInRedis).toMatch(
      new RegExp(
        `access token ${phone.jtis[0]} until \\d{4}-.*Z: not in Redis; access token ${phone.jtis[1]} until \\d{4}-.*Z: Redis forgets it earlier`,
      ),
    )
  })

  it('a Redis that is down: what cannot be known has not ended', async () => {
    await redis.kill()
    try {
      const { code, left } = await verify()
      expect(code).toBe(7)
      expect(left.accessTokensBlockedInRedis).toMatch(
        new RegExp(
          `access token ${phone.jtis[0]} until .*Z: Redis could not be asked \\(.*nothing listens there\\)`,
        ),
      )
    } finally {
      await redis.restart()
    }
  })

  it('a live support access grant', async () => {
    const granted = await seedGrant(server, database, 'siv', 'hlf')
    const ran = await users('admin', ['verify', emailOf('siv'), '--offboarded', '-o', 'json'])
    expect(ran.code).toBe(7)
    const checks = ran.json<Result>().items[0]?.checks.filter(({ ok }) => !ok)
    expect(checks?.map(({ name }) => name)).toEqual(['deactivated', 'noLiveGrant'])
    expect(checks?.[1]?.detail).toMatch(new RegExp(`^grant ${granted} until \\d{4}-.*Z$`))
  })
})

describe('without a Redis of its own', () => {
  const without = { redis: undefined }

  it('goes by the publisher’s word, and says so, in the evidence too', async () => {
    const evidence = folder.path('word.json')
    const { code, result } = await verify(['--evidence', evidence], without)
    expect(code).toBe(0)
    const word = 'published, by the publisher’s word: this login has no Redis to ask'
    expect(result.items[0]?.checks[3]).toEqual({ name: 'accessTokensBlockedInRedis', ok: true, detail: word })
    expect(readFileSync(evidence, 'utf8')).toContain(word)
  })

  it('what nobody has published is left', async () => {
    await breakStore(`update meander.token_blocklist set published_at = null where jti = '${phone.jtis[0]}'`)
    const { code, left } = await verify([], without)
    expect(code).toBe(7)
    expect(left.accessTokensBlockedInRedis).toMatch(
      new RegExp(`^access token ${phone.jtis[0]} until .*Z: not published yet$`),
    )
  })

  it('nothing is asked of Redis where the platform reads the database', async () => {
    await breakStore(`update meander.installation set blocklist_mode = 'database'`)
    const { code, result } = await verify([], without)
    expect(code).toBe(0)
    expect(result.items[0]?.checks[3]).toMatchObject({
      detail: 'not needed: the platform reads the database',
    })
  })
})

describe('--wait and --evidence', () => {
  it('waits for what ends meanwhile', async () => {
    await breakStore(`update meander.token_blocklist set published_at = null where jti = '${phone.jtis[0]}'`)
    const waiting = verify(['--wait', '20s'], { redis: undefined })
    await sleep(300)
    await users('kari', ['verify', 'ola@hlf.example'])
    await breakStore(`update meander.token_blocklist set published_at = now() where jti = '${phone.jtis[0]}'`)
    expect((await waiting).code).toBe(0)
  })

  it('waits no longer than that', async () => {
    await redis.cli('del', `meander:blocklist:jti:${phone.jtis[0]}`)
    const began = performance.now()
    expect((await verify(['--wait', '1s'])).code).toBe(7)
    expect(performance.now() - began).toBeGreaterThan(900)
  })

  it('writes the proof as JSON for its owner alone, whether or not access has ended', async () => {
    const path = folder.path('proof.json')
    const first = await verify(['--offboarded', '--evidence', path])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const evidence = JSON.parse(readFileSync(path, 'utf8'))
    expect(evidence).toMatchObject({
      schemaVersion: 1,
      kind: 'Evidence',
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      command: expect.stringContaining('users verify mari@hlf.example --offboarded --evidence'),
      summary: first.result.summary,
      items: first.result.items,
      auditHead: first.result.auditHead,
    })
    await breakStore(`delete from meander.token_blocklist where jti = '${phone.jtis[0]}'`)
    expect((await verify(['--evidence', path])).code).toBe(7)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      summary: { notEnded: 1 },
      items: [{ ended: false }],
    })
  })
})

describe('a list', () => {
  it('is proven row by row, in chunks; those who are nobody are named', async () => {
    const crowd = await seedCrowd(server, database, 'crowd', 5)
    const [one = '', two = ''] = crowd.emails
    await users('kari', ['offboard', ...crowd.emails.slice(2), '--reason', 'left', '--yes'])
    const list = folder.saved(listOf([...crowd.emails, `nobody-${randomUUID()}@hlf.example`]))
    const report = folder.path('verified.csv')
    expect((await users('kari', ['verify', '--file', list, '--report', report])).code).toBe(3)
    expect(readReport(report).map(({ outcome }) => outcome)).toEqual([...Array(5).fill('failed'), 'notFound'])

    const argv = [
      'verify',
      '--file',
      list,
      '--report',
      report,
      '--skip-invalid',
      '-o',
      'json',
      '--batch-size',
    ]
    const ran = await users('kari', [...argv, '2'])
    expect(ran.code).toBe(7)
    expect(ran.json<Result>()).toMatchObject({
      summary: { users: 5, ended: 3, notEnded: 2, notFound: 1 },
      auditHead: { organization: 'hlf' },
    })
    expect(
      readReport(report)
        .map(({ row, email, outcome }) => [row, email, outcome])
        .slice(0, 3),
    ).toEqual([
      ['1', one, 'notEnded'],
      ['2', two, 'notEnded'],
      ['3', crowd.emails[2], 'ended'],
    ])
    expect(readReport(report)[0]?.message).toMatch(/^session [0-9a-f-]{36} until .*; refresh token /)
    await users('kari', ['offboard', one, two, '--reason', 'left', '--yes'])
    expect((await users('kari', [...argv, '999999'])).code).toBe(6)
  })
})
