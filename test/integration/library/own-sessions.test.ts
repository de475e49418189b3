import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Connection, connect, OwnSessions } from '../../../src/index.ts'
import { password } from '../../support/as-login.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import { people, peopledDatabase, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { run } from '../../support/run.ts'

/** The app's "Manage sessions", and the same for an operator on the command line. */

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

const own = (login: string) => {
  const connection = connect({ database: server.url(login, database, password), redis: redis.url })
  opened.push(connection)
  return new OwnSessions(connection)
}
const left = (id: string) => leftOf(server, database, id)
const inRedis = (jti = '') => redis.cli('exists', `meander:blocklist:jti:${jti}`)

describe('the Authentication Module’s login', () => {
  it('lists, ends one and ends the others of the person whom the API has let in', async () => {
    const mine = own('module')
    const [here, there, old, theirs] = await seedSessions(server, database, [
      { person: 'ola', activeAgo: '1 minute' },
      { person: 'ola', activeAgo: '2 minutes', chain: 2 },
      { person: 'ola', activeAgo: '3 minutes', kind: 'portal' },
      { person: 'per' },
    ])
    const ids = [here?.id ?? '', there?.id ?? '', old?.id ?? ''] as const
    expect((await mine.list(people.ola.id)).map(({ id }) => id)).toEqual(ids)

    expect(await mine.end(people.ola.id, ids[1])).toMatchObject({
      summary: { revoked: 1, accessTokensBlocked: 2 },
      items: [{ sessionId: ids[1], userId: people.ola.id, outcome: 'revoked' }],
      residualAccess: [],
      cause: null,
    })
    for (const jti of there?.jtis ?? []) expect(await inRedis(jti)).toBe('1')
    expect(await mine.endOthers(people.ola.id, ids[0])).toMatchObject({
      summary: { requested: 1, revoked: 1 },
    })
    expect(await mine.endOthers(people.ola.id, ids[0])).toMatchObject({
      summary: { requested: 0 },
      items: [],
    })
    expect((await mine.list(people.ola.id)).map(({ id }) => id)).toEqual([ids[0]])
    for (const id of ids.slice(1)) expect(await left(id)).toEqual(ended('user_request', 'module'))
    expect(await left(theirs?.id ?? '')).toEqual(untouched())

    const { stdout } = await run(server, database, 'kari', [
      'audit',
      'list',
      '--target',
      ids[1],
      '-o',
      'json',
    ])
    expect(JSON.parse(stdout).items).toMatchObject([
      { action: 'session.revoked', actor: 'module', actorUserId: people.ola.id, reason: 'user_request' },
    ])
    expect((await run(server, database, 'kari', ['audit', 'verify'])).code).toBe(0)
  })

  it('ends nothing of anybody else', async () => {
    const mine = own('module')
    const [theirs, here] = await seedSessions(server, database, [{ person: 'per' }, { person: 'ola' }])
    const notFound = { name: 'MeanderError', code: 'NOT_FOUND' }
    for (const id of [theirs?.id ?? '', randomUUID()]) {
      await expect(mine.end(people.ola.id, id)).rejects.toMatchObject(notFound)
      await expect(mine.endOthers(people.ola.id, id)).rejects.toMatchObject(notFound)
    }
    await expect(mine.list(randomUUID())).rejects.toMatchObject(notFound)
    await expect(mine.end(people.ola.id, '1')).rejects.toMatchObject({ code: 'USAGE' })
    for (const session of [theirs, here]) expect(await left(session?.id ?? '')).toEqual(untouched())
  })

  it('that is no publisher is told what Redis does not know yet', async () => {
    const [session] = await seedSessions(server, database, [{ person: 'mari' }])
    const result = await own('auth').end(people.mari.id, session?.id ?? '')
    expect(result).toMatchObject({ summary: { revoked: 1 }, residualAccess: [{ sessionId: session?.id }] })
    expect(result.cause).toContain('permission denied')
    expect(await left(session?.id ?? '')).toEqual(ended('user_request', 'auth'))
  })

  it('is the only one that may', async () => {
    for (const login of ['kari', 'gro', 'publisher'])
      await expect(own(login).list(people.ola.id)).rejects.toMatchObject({
        code: 'REFUSED',
        sqlState: '42501',
      })
  })
})

describe('--mine', () => {
  const ran = (login: string, ...args: string[]) => run(server, database, login, args, { redis: redis.url })
  const because = ['--yes', '--reason', 'old phone', '-o', 'json']

  it.each(['kari', 'ada', 'gro', 'eva'] as const)('lists and ends the own sessions of %s', async (login) => {
    const [here, there, theirs] = await seedSessions(server, database, [
      { person: login, kind: 'portal' },
      { person: login },
      { person: 'liv' },
    ])
    // Where somebody usually works says nothing of where the own sessions are.
    const listed = await run(server, database, login, ['sessions', 'list', '--mine', '-o', 'id'], {
      env: { MEANDERCTL_ORG: 'hlf' },
    })
    expect(listed).toMatchObject({ code: 0 })
    expect(listed.stdout.trim().split('\n').sort()).toEqual([here?.id, there?.id].sort())
    expect((await ran(login, 'sessions', 'show', here?.id ?? '', '--mine')).code).toBe(0)

    const dry = await ran(
      login,
      'sessions',
      'revoke',
      '--mine',
      '--except',
      here?.id ?? '',
      '--dry-run',
      '-o',
      'json',
    )
    expect(dry).toMatchObject({ code: 0 })
    expect(dry.json<{ summary: object }>().summary).toMatchObject({ requested: 1, revoked: 1 })

    const revoked = await ran(login, 'sessions', 'revoke', '--mine', '--except', here?.id ?? '', ...because)
    expect(revoked).toMatchObject({ code: 0 })
    expect(revoked.json<{ items: object }>().items).toMatchObject([
      { sessionId: there?.id, outcome: 'revoked' },
    ])
    expect(await left(there?.id ?? '')).toEqual(ended('old phone', login))
    expect(await inRedis(there?.jtis[0])).toBe('1')
    for (const session of [here, theirs]) expect(await left(session?.id ?? '')).toEqual(untouched())
  })

  it('is nobody’s who was off-boarded', async () => {
    expect(
      (await ran('kari', 'users', 'offboard', 'ada@hlf.example', '--yes', '--reason', 'left')).code,
    ).toBe(0)
    for (const args of [
      ['list', '--mine'],
      ['revoke', '--mine', ...because],
    ])
      expect(await ran('ada', 'sessions', ...args)).toMatchObject({ code: 4 })
  })
})
