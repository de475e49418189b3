import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { leftOf, untouched } from '../../support/left-of.ts'
import { peopledDatabase, type SessionSeed, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string

interface Result {
  readonly requestId: string | null
  readonly summary: Record<string, number>
  readonly blocklist: object
  readonly items: readonly { outcome: string }[]
}

const revoke = (login: string, requestId: string, ...argv: string[]) =>
  run(
    server,
    database,
    login,
    ['sessions', 'revoke', ...argv, '--request-id', requestId, '--reason', 'once', '--yes', '-o', 'json'],
    { redis },
  )
const seed = async (person: SessionSeed['person'] = 'mari') =>
  (await seedSessions(server, database, [{ person }]))[0]?.id ?? ''
const recordOf = (requestId: string) =>
  server.query<{ target_id: string }>(
    'select action, target_id from meander.audit_log where request_id = $1',
    [requestId],
    database,
  )

beforeAll(async () => {
  database = await peopledDatabase(server)
})

describe('the same request again', () => {
  it('returns the first result and changes nothing', async () => {
    const [request, id] = [randomUUID(), await seed()]
    const first = await revoke('kari', request, id)
    const again = await revoke('kari', request.toUpperCase(), id)
    expect(first.code).toBe(0)
    expect(first.json<Result>()).toMatchObject({ requestId: request, summary: { revoked: 1 } })
    expect(again).toMatchObject({ code: 0, stdout: first.stdout })
    expect(await recordOf(request)).toEqual([{ action: 'session.revoked', target_id: id }])
  })

  it('by selector: a session that came since stays', async () => {
    const [request, id] = [randomUUID(), await seed('ola')]
    expect((await revoke('kari', request, '--user', 'ola@hlf.example')).code).toBe(0)
    const since = await seed('ola')
    const again = await revoke('kari', request, '--user', 'ola@hlf.example')
    expect(again.json<Result>().items).toMatchObject([{ sessionId: id, outcome: 'revoked' }])
    expect(await leftOf(server, database, since)).toEqual(untouched())
  })

  it('has the blocklist as it is now', async () => {
    const [request, id] = [randomUUID(), await seed()]
    expect((await revoke('kari', request, id)).json<Result>().blocklist).toEqual({
      mode: 'redis',
      published: 1,
      pending: 0,
    })
    await server.query('delete from meander.token_blocklist where session_id = $1', [id], database)
    expect((await revoke('kari', request, id)).json<Result>()).toMatchObject({
      summary: { revoked: 1, accessTokensBlocked: 1 },
      blocklist: { mode: 'redis', published: 0, pending: 0 },
    })
  })

  it('keeps the exit code of what was not found', async () => {
    const [request, id] = [randomUUID(), await seed()]
    expect((await revoke('kari', request, id, randomUUID())).code).toBe(3)
    expect((await revoke('kari', request, id, randomUUID())).code).toBe(2)
    const unknown = randomUUID()
    const other = randomUUID()
    expect((await revoke('kari', other, unknown)).code).toBe(3)
    expect((await revoke('kari', other, unknown)).code).toBe(3)
    expect(await recordOf(other)).toHaveLength(1)
  })

  it('with other arguments is 2, and nothing is done', async () => {
    const [request, id, other] = [randomUUID(), await seed(), await seed()]
    await revoke('kari', request, id)
    const ran = await revoke('kari', request, other)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.error()).toMatchObject({
      code: 'USAGE',
      message: 'this request id was used for another command or other arguments',
      hint: 'Give every request an id of its own.',
    })
    expect(await leftOf(server, database, other)).toEqual(untouched())
  })

  it('at once: one of them does it, both say the same', async () => {
    const [request, id] = [randomUUID(), await seed()]
    const [one, other] = await Promise.all([revoke('kari', request, id), revoke('kari', request, id)])
    expect([one.code, other.code]).toEqual([0, 0])
    expect(one.json<Result>().summary).toEqual(other.json<Result>().summary)
    expect(one.json<Result>().summary).toMatchObject({ revoked: 1 })
    expect(await recordOf(request)).toHaveLength(1)
  })

  it('belongs to the login that made it', async () => {
    const [request, ours, theirs] = [randomUUID(), await seed(), await seed('per')]
    expect((await revoke('kari', request, ours)).code).toBe(0)
    expect((await revoke('nils', request, theirs)).json<Result>().summary).toMatchObject({ revoked: 1 })
  })
})

describe('what does not use a request id up', () => {
  it('a dry run', async () => {
    const [request, id] = [randomUUID(), await seed()]
    const dry = await revoke('kari', request, id, '--dry-run')
    expect(dry).toMatchObject({ code: 0 })
    expect((await revoke('kari', request, id)).json<Result>().summary).toMatchObject({ revoked: 1 })
  })

  it('a refusal', async () => {
    const [request, id] = [randomUUID(), await seed('ada')]
    expect((await revoke('ada', request, id)).code).toBe(5)
    expect((await revoke('ada', request, '--mine', id)).code).toBe(0)
  })

  it('--max-affected, and nothing that matches', async () => {
    const [request, id] = [randomUUID(), await seed()]
    expect((await revoke('kari', request, id, await seed(), '--max-affected', '1')).code).toBe(5)
    expect((await revoke('kari', request, '--user', 'liv@hlf.example')).code).toBe(3)
    expect((await revoke('kari', request, id)).code).toBe(0)
  })
})

it('a request id that is no uuid is 2', async () => {
  expect((await revoke('kari', 'nightly', await seed())).code).toBe(2)
})
