import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let s: NamedSessions<'phone' | 'portal' | 'expired' | 'lost' | 'ada' | 'nils'>

const show = (login: string, id: string, ...argv: string[]) =>
  run(server, database, login, ['sessions', 'show', id, ...argv])

interface Details {
  readonly schemaVersion: number
  readonly kind: string
  readonly item: {
    readonly id: string
    readonly state: string
    readonly revokedBy: string | null
    readonly revokeReason: string | null
    readonly chain: readonly Record<string, unknown>[]
    readonly accessTokens: readonly Record<string, unknown>[]
    readonly auditEvents: readonly Record<string, unknown>[]
  }
}
const detailsOf = async (login: string, id: string, ...argv: string[]) => {
  const ran = await show(login, id, ...argv, '-o', 'json')
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return ran.json<Details>().item
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  s = await seedNamed(server, database, {
    phone: { person: 'mari', chain: 3 },
    portal: { person: 'mari', kind: 'portal', chain: 0 },
    expired: { person: 'ola', expiresIn: '-1 minute' },
    lost: { person: 'ola', chain: 2 },
    ada: { person: 'ada' },
    nils: { person: 'nils' },
  })
})

it('gives the session, its chain, its live access tokens and its record', async () => {
  const { kind, schemaVersion, item } = (await show('kari', s.id.phone, '-o', 'json')).json<Details>()
  expect({ kind, schemaVersion }).toEqual({ kind: 'Session', schemaVersion: 1 })
  expect(Object.keys(item).slice(-4)).toEqual(['revokeReason', 'chain', 'accessTokens', 'auditEvents'])
  expect(item.chain.map(({ state }) => state)).toEqual(['rotated', 'rotated', 'live'])
  expect(item.chain.map(({ parentId }) => parentId)).toEqual([null, item.chain[0]?.id, item.chain[1]?.id])
  expect(item.accessTokens.map(({ jti }) => jti)).toEqual(s.jtis.phone)
  expect(item.auditEvents).toEqual([])
  for (const [at, { remainingSeconds, blocked }] of item.accessTokens.entries()) {
    const most = (12 + at) * 60
    expect(remainingSeconds).toBeLessThanOrEqual(most)
    expect(remainingSeconds).toBeGreaterThan(most - 60)
    expect(blocked).toBe(false)
  }
})

it('never gives a hash, in any form', async () => {
  const hashes = await server.query<{ hex: string; base64: string }>(
    "select encode(token_hash, 'hex') as hex, encode(token_hash, 'base64') as base64 from meander.refresh_tokens",
    [],
    database,
  )
  for (const format of ['table', 'wide', 'json', 'ndjson', 'csv', 'id']) {
    const { code, stdout } = await show('kari', s.id.phone, '-o', format)
    expect(code).toBe(0)
    for (const { hex, base64 } of hashes) {
      expect(stdout).not.toContain(hex)
      expect(stdout).not.toContain(base64)
    }
  }
})

it('for a person: four parts, each said even when there is nothing', async () => {
  const { stdout } = await show('kari', s.id.portal)
  expect(stdout).toMatch(/^state +active$/m)
  expect(stdout).toContain('\nRefresh chain\nnone\n')
  expect(stdout).toContain('\nLive access tokens\nnone\n')
  expect(stdout).toContain('\nRecord\nnone\n')
})

it('an expired session has a chain that ended with it', async () => {
  const { state, chain } = await detailsOf('kari', s.id.expired)
  expect({ state, chain: chain.map((token) => token.state) }).toEqual({
    state: 'expired',
    chain: ['expired'],
  })
})

it('a revoked one says who, why, and that its tokens are blocked', async () => {
  const revoked = await run(
    server,
    database,
    'kari',
    ['sessions', 'revoke', s.id.lost, '--reason', 'lost phone', '--ticket', 'HLF-1', '--yes'],
    { redis },
  )
  expect(revoked.code).toBe(0)
  const item = await detailsOf('kari', s.id.lost)
  expect(item).toMatchObject({ state: 'revoked', revokedBy: 'kari', revokeReason: 'lost phone' })
  expect(item.chain.map(({ state }) => state)).toEqual(['rotated', 'revoked'])
  expect(item.accessTokens).toMatchObject([
    { jti: s.jtis.lost[0], blocked: true, publishedAt: expect.any(String) },
    { jti: s.jtis.lost[1], blocked: true, publishedAt: expect.any(String) },
  ])
  expect(item.auditEvents).toMatchObject([
    {
      organization: 'hlf',
      actor: 'kari',
      action: 'session.revoked',
      targetId: s.id.lost,
      reason: 'lost phone',
      ticket: 'HLF-1',
      details: { priorState: 'active', refreshTokensRevoked: 1, accessTokensBlocked: 2 },
    },
  ])
})

it('takes an id in capitals', async () => {
  expect((await detailsOf('kari', s.id.phone.toUpperCase())).id).toBe(s.id.phone)
})

describe('what is not there', () => {
  it('unknown and foreign are 3 and look the same', async () => {
    for (const login of ['kari', 'ada', 'gro']) {
      const [foreign, unknown] = [await show(login, s.id.nils), await show(login, randomUUID())]
      expect(foreign).toMatchObject({
        code: 3,
        stdout: '',
        stderr:
          'meanderctl: no such session within your reach\nSee what is within your reach: meanderctl whoami\n',
      })
      expect(foreign).toMatchObject({ code: unknown.code, stdout: unknown.stdout, stderr: unknown.stderr })
    }
  })

  it('an id that is none is 2', async () => {
    const { code, stderr } = await show('kari', 'phone')
    expect(code).toBe(2)
    expect(stderr).toBe(
      "meanderctl: Command-argument value 'phone' is invalid for argument 'id'. An id looks like 0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b.\nSee meanderctl sessions show --help.\n",
    )
  })

  it('--mine shows one’s own only', async () => {
    expect((await detailsOf('ada', s.id.ada, '--mine')).id).toBe(s.id.ada)
    expect((await show('ada', s.id.phone, '--mine')).code).toBe(3)
    expect((await show('ada', s.id.phone)).code).toBe(0)
  })
})
