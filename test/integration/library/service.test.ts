import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import {
  type AdminContext,
  type Connection,
  type ConnectionSettings,
  connect,
  SessionManagementService,
} from '../../../src/index.ts'
import { password } from '../../support/as-login.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import { type Person, people, peopledDatabase, seedGrant, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { run } from '../../support/run.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

/** The service as a portal's server has it: several requests at once, for days, over one login. */

const server = postgresAt(inject('postgres'))
const opened: Connection[] = []
let database: string
let redis: PrivateRedis

beforeAll(async () => {
  redis = await startRedis()
  database = await peopledDatabase(server)
})
afterAll(async () => {
  await Promise.all(opened.map((connection) => connection.close()))
  await redis?.stop()
})

const connected = (login: string, settings: ConnectionSettings = {}): Connection => {
  const url = server.url(login, database, password)
  const connection = connect({ database: url, redis: redis.url, ...settings })
  opened.push(connection)
  return connection
}
const service = (login: string, context: Partial<AdminContext> = {}, settings?: ConnectionSettings) =>
  new SessionManagementService(connected(login, settings), { reason: 'the portal', ...context })

const eventsOf = (target: string) =>
  server.query<{
    action: string
    actor: string
    reason: string
    ticket: string | null
    named: string | null
  }>(
    `select action, actor, reason, ticket, details ->> 'onBehalfOf' as named
     from meander.audit_log where target_id = $1 order by seq`,
    [target],
    database,
  )
const seeded = async (...those: Person[]) =>
  (
    await seedSessions(
      server,
      database,
      those.map((person) => ({ person })),
    )
  ).map(({ id }) => id)
const left = (id: string) => leftOf(server, database, id)
const blockedInRedis = async (id: string) => {
  const rows = await server.query<{ jti: string }>(
    'select jti from meander.token_blocklist where session_id = $1',
    [id],
    database,
  )
  const values = await Promise.all(rows.map(({ jti }) => redis.cli('get', `meander:blocklist:jti:${jti}`)))
  return values.length > 0 && values.every((value) => value === id)
}
const nobody = randomUUID()
const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason as Error & { code: string },
  )
  return error && { name: error.name, code: error.code, message: error.message }
}

describe('an org admin’s login', () => {
  it('lists and ends sessions, one and all of a user, on the record and in Redis', async () => {
    const admin = service('kari', { ticket: 'T-1' })
    const [one = '', two = '', three = '', bystander = ''] = await seeded('mari', 'mari', 'mari', 'per')
    const listed = await admin.getActiveSessions(people.mari.id)
    expect(listed.map(({ id }) => id).sort()).toEqual([one, two, three].sort())
    expect(listed[0]).toMatchObject({ userEmail: 'mari@hlf.example', organization: 'hlf', state: 'active' })

    const result = await admin.terminateSession(one, { reason: 'lost phone', onBehalfOf: people.liv.id })
    expect(result).toMatchObject({
      requestId: null,
      dryRun: false,
      summary: { requested: 1, revoked: 1, accessTokensBlocked: 1 },
      blocklist: { mode: 'redis', published: 1, pending: 0 },
      residualAccess: [],
      cause: null,
      items: [{ sessionId: one, userId: people.mari.id, outcome: 'revoked' }],
    })
    expect(await left(one)).toEqual(ended('lost phone'))
    expect(await blockedInRedis(one)).toBe(true)
    // What a call leaves out, the service's own context says.
    expect(await eventsOf(one)).toEqual([
      { action: 'session.revoked', actor: 'kari', reason: 'lost phone', ticket: 'T-1', named: people.liv.id },
    ])
    expect((await admin.terminateSession(one)).summary).toMatchObject({ revoked: 0, alreadyRevoked: 1 })

    const all = await admin.terminateAllSessions(people.mari.id, { reason: 'password shared' })
    expect(all).toMatchObject({ outcome: 'signedOut', sessionsRevoked: 2, residualAccess: [], cause: null })
    expect([...all.sessions].sort()).toEqual([two, three].sort())
    for (const id of [two, three]) expect(await blockedInRedis(id)).toBe(true)
    expect(await admin.getActiveSessions(people.mari.id)).toEqual([])
    expect(await admin.terminateAllSessions(people.mari.id)).toMatchObject({ outcome: 'alreadySignedOut' })
    expect(await left(bystander)).toEqual(untouched())
  })

  it('lets somebody in and ends that again, with everything under it', async () => {
    const admin = service('kari', { reason: 'support case', onBehalfOf: people.liv.id })
    const until = new Date(Date.now() + 3_600_000)
    const grant = await admin.createSupportAccessGrant(people.siv.id, until)
    expect(grant).toMatchObject({ organization: 'hlf', granteeEmail: 'siv@meander.example', state: 'active' })
    expect(new Date(grant.expiresAt).getTime()).toBe(until.getTime())
    const [under] = await seedSessions(server, database, [
      { person: 'siv', organization: 'hlf', grant: grant.id },
    ])
    const revoked = await admin.revokeSupportAccessGrant(grant.id, { reason: 'solved' })
    expect(revoked).toMatchObject({
      summary: { revoked: 1, sessionsRevoked: 1 },
      residualAccess: [],
      cause: null,
    })
    expect(await left(under?.id ?? '')).toEqual(ended('solved'))
    expect(await eventsOf(grant.id)).toMatchObject([
      { action: 'grant.created', reason: 'support case', named: people.liv.id },
      { action: 'grant.revoked', reason: 'solved', named: people.liv.id },
    ])
  })

  it('does an operation once under a request id', async () => {
    const admin = service('kari')
    const [one = '', other = ''] = await seeded('ola', 'ada')
    const context = { reason: 'once', requestId: randomUUID() }
    const first = await admin.terminateSession(one, context)
    expect(
      await admin.terminateSession(one, { ...context, requestId: context.requestId.toUpperCase() }),
    ).toEqual(first)
    expect(await failure(admin.terminateSession(other, context))).toMatchObject({ code: 'USAGE' })
    expect(await left(other)).toEqual(untouched())
    expect(await eventsOf(one)).toHaveLength(1)

    const requestId = randomUUID()
    const [again] = await Promise.all([
      admin.terminateAllSessions(people.ada.id, { reason: 'once', requestId }),
      admin.terminateAllSessions(people.ada.id, { reason: 'once', requestId }),
    ])
    expect(again).toMatchObject({ requestId, outcome: 'signedOut', sessionsRevoked: 1 })
    await seeded('ada')
    expect(await admin.terminateAllSessions(people.ada.id, { reason: 'once', requestId })).toMatchObject({
      requestId,
      outcome: 'signedOut',
      sessions: [other],
    })
    expect(await admin.getActiveSessions(people.ada.id)).toHaveLength(1)

    const granting = service('kari', { reason: 'let in', requestId: randomUUID() })
    const until = new Date(Date.now() + 3_600_000)
    const grant = await granting.createSupportAccessGrant(people.gro.id, until)
    expect((await granting.createSupportAccessGrant(people.gro.id, until)).id).toBe(grant.id)
    // Any other call of that service is another operation.
    expect(await granting.getActiveSessions(people.liv.id)).toEqual([])
    await admin.revokeSupportAccessGrant(grant.id)
  })
})

describe('what is refused', () => {
  it('foreign and unknown alike, to the letter', async () => {
    const admin = service('kari')
    const [foreign = ''] = await seeded('nils')
    const grant = await seedGrant(server, database, 'siv', 'nhf')
    const pairs: [string, (id: string) => Promise<unknown>, string][] = [
      ['getActiveSessions', (id) => admin.getActiveSessions(id), people.nils.id],
      ['terminateSession', (id) => admin.terminateSession(id), foreign],
      ['terminateAllSessions', (id) => admin.terminateAllSessions(id), people.nils.id],
      [
        'createSupportAccessGrant',
        (id) => admin.createSupportAccessGrant(id, '2099-01-01T00:00:00Z'),
        people.nils.id,
      ],
      ['revokeSupportAccessGrant', (id) => admin.revokeSupportAccessGrant(id), grant],
    ]
    for (const [name, call, id] of pairs) {
      const answer = await failure(call(id))
      expect(answer, name).toMatchObject({ name: 'MeanderError', code: 'NOT_FOUND' })
      expect(await failure(call(nobody)), name).toEqual(answer)
    }
    expect(await left(foreign)).toEqual(untouched())
    expect((await eventsOf(foreign)).map(({ action }) => action)).toEqual(['session.revoke_refused'])
  })

  it('somebody to act on behalf of who is not of the organization, and then nothing is done', async () => {
    const [mine = ''] = await seeded('mari')
    const answers: Awaited<ReturnType<typeof failure>>[] = []
    for (const onBehalfOf of [people.nils.id, people.gro.id, nobody]) {
      const admin = service('kari', { onBehalfOf })
      answers.push(await failure(admin.terminateSession(mine)))
      answers.push(await failure(admin.terminateAllSessions(people.mari.id)))
      answers.push(
        await failure(admin.createSupportAccessGrant(people.siv.id, new Date(Date.now() + 60_000))),
      )
    }
    expect(answers[0]).toMatchObject({ code: 'NOT_FOUND' })
    expect(answers).toEqual(answers.map(() => answers[0]))
    expect(await left(mine)).toEqual(untouched())
    expect(await eventsOf(mine)).toEqual([])
  })

  it.each<[string, string, string]>([
    ['an auditor', 'ada', 'REFUSED'],
    ['a login that is no operator', 'stranger', 'UNAUTHENTICATED'],
    ['a login that there is not', 'ghost', 'UNAUTHENTICATED'],
  ])('%s', async (_, login, code) => {
    const [mine = ''] = await seeded('mari')
    const portal = service(login)
    expect(await failure(portal.terminateSession(mine))).toMatchObject({ code })
    expect(await failure(portal.terminateAllSessions(people.mari.id))).toMatchObject({ code })
    expect(await left(mine)).toEqual(untouched())
  })

  it('what cannot be meant', async () => {
    const portal = service('kari')
    const calls: (() => Promise<unknown>)[] = [
      () => portal.getActiveSessions('mari@hlf.example'),
      () => portal.terminateSession(''),
      () => portal.terminateAllSessions('%'),
      () => portal.revokeSupportAccessGrant("' or true"),
      () => portal.createSupportAccessGrant(people.siv.id, 'tomorrow'),
      () => portal.createSupportAccessGrant(people.siv.id, new Date(Number.NaN)),
      () => portal.createSupportAccessGrant(people.siv.id, '2020-01-01T00:00:00Z'),
      () => portal.terminateSession(nobody, { reason: ' ' }),
      () => portal.terminateSession(nobody, { reason: 'a', requestId: '1' }),
      () => portal.terminateSession(nobody, { reason: 'a', onBehalfOf: 'liv' }),
      () => portal.terminateSession(nobody, { reason: 'x'.repeat(1001) }),
    ]
    for (const call of calls) expect(await failure(call()), String(call)).toMatchObject({ code: 'USAGE' })
    for (const settings of [
      {},
      { env: {} },
      { database: 'http://db' },
      { database: 'postgresql://a@b/c', connections: 0 },
    ])
      expect(() => connect(settings), JSON.stringify(settings)).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      )
    expect(() => new SessionManagementService(connected('kari'), {} as AdminContext)).toThrow(/reason/)
  })

  it('a support grant further ahead than the organization allows', async () => {
    const far = new Date(Date.now() + 100 * 86_400_000)
    expect(await failure(service('kari').createSupportAccessGrant(people.siv.id, far))).toMatchObject({
      code: 'REFUSED',
    })
  })
})

describe('a global admin’s login', () => {
  it('has every operation on the record with its own reason first', async () => {
    const grant = await seedGrant(server, database, 'gro', 'hlf')
    await seeded('liv')
    const support = service('gro')
    for (const reason of ['look', 'look again'])
      expect(await support.getActiveSessions(people.liv.id, { reason })).toHaveLength(1)
    await support.terminateAllSessions(people.liv.id, { reason: 'end', onBehalfOf: people.kari.id })
    const said = await server.query<{ reason: string; named: string | null }>(
      `select distinct on (reason) reason, details ->> 'onBehalfOf' as named from meander.audit_log
       where actor = 'gro' and action = 'intent.recorded' order by reason`,
      [],
      database,
    )
    expect(said).toEqual([
      { reason: 'end', named: people.kari.id },
      { reason: 'look', named: null },
      { reason: 'look again', named: null },
    ])
    await support.revokeSupportAccessGrant(grant)
    expect(await failure(support.getActiveSessions(people.liv.id))).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a server', () => {
  it('has many requests under way over few connections, and none mixes with another', async () => {
    const before = await backends('kari')
    const admin = service('kari', {}, { connections: 3 })
    const sessions = await seeded(...Array.from({ length: 30 }, () => 'mari' as const))
    const names = [people.liv.id, people.ada.id, people.ola.id]
    const outcomes = await Promise.all(
      sessions.flatMap((id, n) => [
        failure(admin.terminateSession(id, { reason: `request ${n}`, onBehalfOf: names[n % 3] })),
        failure(admin.terminateSession(randomUUID(), { reason: 'unknown', onBehalfOf: nobody })),
        failure(admin.getActiveSessions(people.mari.id)),
      ]),
    )
    expect(outcomes.filter((_, n) => n % 3 !== 1)).toEqual(Array.from({ length: 60 }, () => null))
    expect(outcomes.filter((outcome) => outcome?.code === 'NOT_FOUND')).toHaveLength(30)
    for (const [n, id] of sessions.entries()) {
      expect(await left(id)).toEqual(ended(`request ${n}`))
      expect(await eventsOf(id)).toMatchObject([{ reason: `request ${n}`, named: names[n % 3] }])
    }
    expect((await backends('kari')) - before).toBeLessThanOrEqual(3)
  })

  const backends = async (login: string) =>
    (
      await server.query('select from pg_stat_activity where usename = $1 and datname = $2', [
        login,
        database,
      ])
    ).length

  it('goes on after its connections were ended', async () => {
    const admin = service('kari')
    await Promise.all([1, 2, 3].map(() => admin.getActiveSessions(people.mari.id)))
    await server.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and datname = $2',
      ['kari', database],
    )
    await expect.poll(() => failure(admin.getActiveSessions(people.mari.id))).toBeNull()
    const [one = ''] = await seeded('mari')
    expect(await admin.terminateSession(one)).toMatchObject({ summary: { revoked: 1 } })
  })

  it('goes on after the way was cut, refused and swallowed', async () => {
    const proxy = await startProxy(server)
    const url = `postgresql://kari:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}/${database}`
    const admin = service('kari', {}, { database: url, statementTimeoutMs: 500, connections: 2 })
    const look = () => failure(admin.getActiveSessions(people.mari.id))
    try {
      expect(await look()).toBeNull()
      proxy.cut({ refuse: true })
      expect(await look()).toMatchObject({ code: 'FAILED' })
      proxy.heal()
      await expect.poll(look).toBeNull()

      proxy.pause()
      const from = performance.now()
      expect(await look()).toMatchObject({ code: 'FAILED', message: expect.stringContaining('lost') })
      expect(performance.now() - from).toBeLessThan(9_000)
      proxy.resume()
      proxy.cut()
      proxy.heal()
      await expect.poll(look).toBeNull()
    } finally {
      await proxy.close()
    }
  })

  it('lets requests wait for the one connection that there is, until it is closed', async () => {
    const admin = service('kari', {}, { connections: 1 })
    await Promise.all(Array.from({ length: 20 }, () => admin.getActiveSessions(people.mari.id)))
    await opened.at(-1)?.close()
    expect(await failure(admin.getActiveSessions(people.mari.id))).toMatchObject({
      code: 'FAILED',
      message: expect.stringContaining('closed'),
    })
  })

  it('is told what stays usable while Redis is away, and tells Redis when it is asked again', async () => {
    const notices: string[] = []
    const admin = service('kari', {}, { onNotice: (text) => notices.push(text) })
    const [one = '', two = ''] = await seeded('mari', 'mari')
    await redis.kill()
    const ending = await admin.terminateSession(one)
    expect(ending).toMatchObject({ summary: { revoked: 1 }, residualAccess: [{ sessionId: one }] })
    expect(ending.cause).toContain('127.0.0.1')
    const all = await admin.terminateAllSessions(people.mari.id)
    expect(all).toMatchObject({ sessions: expect.arrayContaining([two]), cause: expect.any(String) })
    expect(all.residualAccess.map(({ sessionId }) => sessionId)).toContain(two)
    await redis.restart()
    expect(await admin.terminateAllSessions(people.mari.id)).toMatchObject({
      outcome: 'alreadySignedOut',
      residualAccess: [],
      cause: null,
    })
    for (const id of [one, two]) expect(await blockedInRedis(id)).toBe(true)
    expect(notices).toEqual([expect.stringContaining('Redis')])
  })

  it('leaves a record whose every link holds, names and all', async () => {
    const { code, stdout } = await run(server, database, 'kari', ['audit', 'verify'])
    expect({ code, stdout }).toMatchObject({ code: 0 })
    const listed = await run(server, database, 'kari', ['audit', 'list', '-o', 'json'])
    expect(listed.stdout).toContain(`"onBehalfOf":"${people.liv.id}"`)
  })
})
