import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import {
  emailOf,
  organizations,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

/** `grants revoke`: everything that was opened under a grant ends with it, whatever its holder does. */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let grant: string

const revoke = (login: string, argv: readonly string[], options: RunOptions = {}) =>
  run(server, database, login, ['grants', 'revoke', ...argv], { redis, ...options })
const sure = ['--reason', 'done', '--yes']
const stateOf = async (id: string): Promise<string | undefined> => {
  const [row] = await server.query<{ state: string }>(
    `select meander.session_state(revoked_at, expires_at, clock_timestamp()) as state
     from meander.support_access_grants where id = $1`,
    [id],
    database,
  )
  return row?.state
}
const events = (organization: keyof typeof organizations, action: string) =>
  server.query<{ actor: string; target_id: string; reason: string; ticket: string | null }>(
    `select actor, target_id, reason, ticket from meander.audit_log
     where organization_id = $1 and action = $2 order by seq`,
    [organizations[organization], action],
    database,
  )
/** Its connection was ended, whether it has heard so yet or not. */
const gone = (login: Login) =>
  expect(login.value('select 1')).rejects.toThrow(/administrator command|Connection terminated|not queryable/)
const support = (id: string, count = 1) =>
  seedSessions(
    server,
    database,
    Array.from({ length: count }, () => ({
      person: 'gro' as const,
      organization: 'hlf' as const,
      grant: id,
    })),
  )

beforeEach(async () => {
  await closeLogins()
  database = await peopledDatabase(server)
  grant = await seedGrant(server, database, 'gro', 'hlf')
})

afterAll(closeLogins)

describe('ends', () => {
  it('500 sessions with chains and tokens, one event each and one for the grant', async () => {
    const sessions = await support(grant, 500)
    const [mari] = await seedSessions(server, database, [{ person: 'mari' }])
    const nhf = await everythingOf(server, database, 'nhf')
    const gro = await asLogin(server, database, 'gro')

    const ran = await revoke('kari', [grant, ...sure, '--ticket', 'CASE-7', '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({
      kind: 'GrantRevocationResult',
      dryRun: false,
      summary: {
        requested: 1,
        revoked: 1,
        alreadyRevoked: 0,
        alreadyExpired: 0,
        notFound: 0,
        sessionsRevoked: 500,
        refreshTokensRevoked: 500,
        accessTokensBlocked: 500,
      },
      connectionsEnded: 1,
      blocklist: { mode: 'redis', published: 500, pending: 0 },
      residualAccess: [],
      items: [
        {
          grantId: grant,
          organization: 'hlf',
          granteeUserId: people.gro.id,
          granteeEmail: emailOf('gro'),
          outcome: 'revoked',
          sessionsRevoked: 500,
          otherGrants: [],
        },
      ],
    })
    expect(await stateOf(grant)).toBe('revoked')
    await gone(gro)

    const ids = sessions.map(({ id }) => id).sort()
    const told = await events('hlf', 'session.revoked')
    expect(told.map(({ target_id }) => target_id).sort()).toEqual(ids)
    expect(await events('hlf', 'grant.revoked')).toEqual([
      { actor: 'kari', target_id: grant, reason: 'done', ticket: 'CASE-7' },
    ])
    expect(
      await server.query(
        `select count(*)::integer as live from meander.refresh_tokens t
         left join meander.token_blocklist b on b.jti = t.access_jti
         where t.session_id = any ($1) and (t.revoked_at is null or b.published_at is null)`,
        [ids],
        database,
      ),
    ).toEqual([{ live: 0 }])
    const auth = await asLogin(server, database, 'auth')
    await auth.fails('MC410', 'update meander.refresh_tokens set rotated_at = now() where session_id = $1', [
      ids[0],
    ])
    expect(await leftOf(server, database, mari?.id ?? '')).toEqual(untouched())
    expect(await everythingOf(server, database, 'nhf')).toBe(nhf)

    const proof = await run(server, database, 'admin', ['users', 'verify', emailOf('gro'), '-o', 'json'], {
      redis,
    })
    expect(proof.json()).toMatchObject({ summary: { users: 1, ended: 1, notEnded: 0 } })
    expect(proof.code).toBe(0)
  })

  it('within 3 seconds while its holder sits in a transaction that acted under it', async () => {
    const [victim] = await seedSessions(server, database, [{ person: 'mari' }])
    const [own] = await support(grant)
    const gro = await asLogin(server, database, 'gro')
    await gro.rows('select * from meander.record_intent($1, $2, $3, $4, null)', [
      'hlf',
      'revoke_sessions',
      JSON.stringify({ sessions: [victim?.id] }),
      'acting',
    ])
    await gro.rows('begin; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0')
    await gro.rows('select meander.revoke_sessions($1, $2, null, null)', [[victim?.id], 'acting'])

    const start = performance.now()
    const ran = await revoke('kari', [grant, ...sure])
    expect(performance.now() - start).toBeLessThan(3000)
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain('1 connection of the holders ended.')
    expect(await stateOf(grant)).toBe('revoked')
    expect(await leftOf(server, database, own?.id ?? '')).toEqual(ended('done', 'kari'))
    // What she had not committed is undone with her.
    expect(await leftOf(server, database, victim?.id ?? '')).toEqual(untouched())
    await gone(gro)
  })

  it('while its holder comes back again and again', async () => {
    let stop = false
    const args = JSON.stringify({ users: [people.liv.id] })
    const nag = (async () => {
      while (!stop) {
        const login = await asLogin(server, database, 'gro')
        await login
          .rows('select * from meander.record_intent(null, $1, $2, $3, null)', ['sign_out_users', args, 'x'])
          .then(() => login.rows('begin'))
          .then(() =>
            login.rows('select meander.sign_out_users($1, $2, $3, null)', [[people.liv.id], ['x'], [null]]),
          )
          .catch(() => {})
      }
    })()
    const ran = await revoke('kari', [grant, ...sure])
    stop = true
    await nag
    expect(ran.code).toBe(0)
    expect(await stateOf(grant)).toBe('revoked')
  })

  it('one of several: what goes on is said, and goes on', async () => {
    const other = await seedGrant(server, database, 'gro', 'hlf', '2 hours')
    const [mine, theirs] = [await support(grant), await support(other)]
    const ran = await revoke('kari', [grant, ...sure])
    expect(ran.code).toBe(0)
    expect(ran.stderr).toMatch(
      new RegExp(`gro@meander\\.example is still let into hlf by the grant ${other} until 20.*Z\\.`),
    )
    expect(await leftOf(server, database, mine[0]?.id ?? '')).toEqual(ended('done', 'kari'))
    expect(await leftOf(server, database, theirs[0]?.id ?? '')).toEqual(untouched())
    expect((await run(server, database, 'gro', ['sessions', 'list', '--org', 'hlf'])).code).toBe(0)
  })

  it('several at once, all or none', async () => {
    const second = await seedGrant(server, database, 'siv', 'hlf')
    const ran = await revoke('kari', [grant, second, grant, ...sure, '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({ summary: { requested: 2, revoked: 2 } })
    expect([await stateOf(grant), await stateOf(second)]).toEqual(['revoked', 'revoked'])
  })

  it('given back by its holder, tokens in Redis too', async () => {
    const [session] = await support(grant)
    const second = await asLogin(server, database, 'gro')
    const ran = await revoke('gro', [grant, ...sure, '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({
      summary: { revoked: 1, sessionsRevoked: 1 },
      connectionsEnded: 1,
      blocklist: { published: 1, pending: 0 },
    })
    expect(await leftOf(server, database, session?.id ?? '')).toEqual(ended('done', 'gro'))
    expect(await events('hlf', 'grant.revoked')).toMatchObject([{ actor: 'gro', target_id: grant }])
    await gone(second)
  })

  it('again is done', async () => {
    const past = await seedGrant(server, database, 'siv', 'hlf', '1 second')
    expect((await revoke('kari', [grant, ...sure])).code).toBe(0)
    await server.query('select pg_sleep(1.1)')
    const ran = await revoke('kari', [grant, past, ...sure, '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({ summary: { revoked: 0, alreadyRevoked: 1, alreadyExpired: 1 } })
    expect(await events('hlf', 'grant.revoked')).toHaveLength(1)
  })

  it('asks at a terminal, and no is no', async () => {
    await support(grant, 2)
    const no = await revoke('kari', [grant], { terminal: ['done', 'n'] })
    expect(no.code).toBe(9)
    expect(no.stderr).toContain('1 grant of hlf ends now, with 2 active sessions. Go on?')
    expect(await stateOf(grant)).toBe('active')
    expect((await revoke('kari', [grant], { terminal: ['done', 'y'] })).code).toBe(0)
    expect(await stateOf(grant)).toBe('revoked')
  })

  it('--dry-run ends nothing, and nobody’s connection', async () => {
    const [session] = await support(grant)
    const gro = await asLogin(server, database, 'gro')
    const ran = await revoke('kari', [grant, '-n', '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({
      dryRun: true,
      summary: { revoked: 1, sessionsRevoked: 1 },
      connectionsEnded: 0,
    })
    expect(ran.stderr).toContain('1 grant would be revoked')
    expect(await stateOf(grant)).toBe('active')
    expect(await leftOf(server, database, session?.id ?? '')).toEqual(untouched())
    expect(await gro.value('select 1')).toBe('1')
    expect(await events('hlf', 'grant.revoked')).toEqual([])
  })

  it('a request id revokes once, and answers the same again', async () => {
    await support(grant)
    const argv = [grant, ...sure, '--request-id', randomUUID(), '-o', 'json']
    const first = await revoke('kari', argv)
    const again = await revoke('kari', argv)
    expect([first.code, again.code]).toEqual([0, 0])
    expect(again.json()).toMatchObject({
      summary: { revoked: 1, sessionsRevoked: 1 },
      blocklist: { published: 1 },
    })
    const other = await seedGrant(server, database, 'gro', 'hlf')
    expect((await revoke('kari', [other, ...argv.slice(1)])).code).toBe(2)
    expect(await stateOf(other)).toBe('active')
  })

  it('without Redis: 8, and what stays usable until when', async () => {
    const [session] = await support(grant)
    const dead = 'redis://127.0.0.1:1'
    const ran = await revoke('kari', [grant, ...sure, '-o', 'json'], { redis: dead })
    expect(ran.code).toBe(8)
    expect(ran.json()).toMatchObject({
      summary: { revoked: 1 },
      blocklist: { published: 0, pending: 1 },
      residualAccess: [{ jti: session?.jtis[0], sessionId: session?.id }],
    })
    expect(ran.stderr).toContain('Finish it: meanderctl blocklist sync')
    expect(await stateOf(grant)).toBe('revoked')
  })
})

describe('is refused', () => {
  it('foreign is as unknown as none: 3, on the own record, and nobody’s connection ends', async () => {
    const gro = await asLogin(server, database, 'gro')
    const before = await everythingOf(server, database, 'hlf')
    const nobodys = randomUUID()
    for (const [login, home] of [
      ['nils', 'nhf'],
      ['siv', 'platform'],
    ] as const) {
      const [foreign, unknown] = [
        await revoke(login, [grant, ...sure]),
        await revoke(login, [nobodys, ...sure]),
      ]
      expect([foreign.code, unknown.code]).toEqual([3, 3])
      expect(foreign.stdout.replace(grant, nobodys)).toBe(unknown.stdout)
      expect(foreign.stderr).toBe(unknown.stderr)
      expect((await events(home, 'grant.revoke_refused')).map(({ target_id }) => target_id)).toEqual([
        grant,
        nobodys,
      ])
    }
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
    expect(await gro.value('select 1')).toBe('1')
  })

  it('beside a foreign one the own ends all the same: 3', async () => {
    const far = await seedGrant(server, database, 'siv', 'nhf')
    expect((await revoke('kari', [grant, far, ...sure])).code).toBe(3)
    expect([await stateOf(grant), await stateOf(far)]).toEqual(['revoked', 'active'])
  })

  it('an auditor: 5, on the record', async () => {
    const gro = await asLogin(server, database, 'gro')
    const ran = await revoke('ada', [grant, ...sure])
    expect(ran).toMatchObject({
      code: 5,
      stderr: 'meanderctl: Refused: the role of this operator may not change this.\n',
    })
    expect(await events('hlf', 'grant.revoke_refused')).toMatchObject([{ actor: 'ada', target_id: grant }])
    expect(await stateOf(grant)).toBe('active')
    expect(await gro.value('select 1')).toBe('1')
  })

  it('more than --max-affected: 5; no id, or none that is one: 2; nobody to ask: 2', async () => {
    const second = await seedGrant(server, database, 'siv', 'hlf')
    expect((await revoke('kari', [grant, second, ...sure, '--max-affected', '1'])).code).toBe(5)
    expect((await revoke('kari', sure)).code).toBe(2)
    expect((await revoke('kari', ['x', ...sure])).code).toBe(2)
    expect((await revoke('kari', [grant, '--reason', 'x'])).code).toBe(2)
    expect((await revoke('kari', [grant, '--yes'])).code).toBe(2)
    expect((await revoke('admin', [grant, ...sure])).code).toBe(4)
    expect(await stateOf(grant)).toBe('active')
  })
})
