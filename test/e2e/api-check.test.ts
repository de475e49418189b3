import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { documented } from '../support/documented.ts'
import {
  organizations,
  people,
  peopledDatabase,
  type SeededSession,
  seedSessions,
} from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type PrivateRedis, startRedis } from '../support/redis.ts'
import { run } from '../support/run.ts'

/** The servers of docs/api-check.md, as they are printed there, behind a Redis that is really told and really dies. */

const server = postgresAt(inject('postgres'))
const page = documented('api-check.md', ['express', 'fastify', 'jose'])
const frameworks = ['express', 'fastify', 'next'] as const
type Framework = (typeof frameworks)[number]
const urls = {} as Record<Framework, string>
const rounds = 5

let database: string
let redis: PrivateRedis
let sessions: SeededSession[]
let sign: (jti: string | undefined) => Promise<string>

/** Next.js calls the handler with the request that it made of a connection's; so does this. */
const bridge = `
import { createServer } from 'node:http'
import { GET } from './route.js'
createServer(async ({ url, headers }, response) => {
  const answer = await GET(new Request(new URL(url, 'http://localhost'), { headers }))
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}).listen(process.env.PORT)
`

beforeAll(async () => {
  redis = await startRedis()
  database = await peopledDatabase(server)
  sessions = await seedSessions(
    server,
    database,
    Array.from({ length: rounds * frameworks.length + 1 }, () => ({ person: 'mari' as const })),
  )
  const { privateKey, publicKey } = await generateKeyPair('EdDSA')
  sign = (jti) =>
    new SignJWT({ org: organizations.hlf, ...(jti && { jti }) })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setSubject(people.mari.id)
      .setExpirationTime('15m')
      .sign(privateKey)
  writeFileSync(join(page.folder, 'next.js'), bridge)
  const env = { REDIS_URL: redis.url, ACCESS_TOKEN_KEY: await exportSPKI(publicKey) }
  for (const name of frameworks) urls[name] = await page.serve(`${name}.js`, env)
})
afterAll(async () => {
  page.remove()
  await redis?.stop()
})

const get = async (framework: Framework, token: string) => {
  const from = performance.now()
  const response = await fetch(`${urls[framework]}/me`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, body: await response.json(), took: performance.now() - from }
}
const served = { status: 200, body: { user: people.mari.id } }
const revoked = { status: 401, body: { error: 'session_revoked' } }
const unsure = { status: 503, body: { error: 'try_again_later' } }

describe.each(frameworks)('%s', (framework) => {
  const mine = () => sessions.slice(frameworks.indexOf(framework) * rounds).slice(0, rounds)
  const bystander = async () => sign(sessions.at(-1)?.jtis[0])

  it('refuses a revoked token with the first request after the command, and nobody else', async () => {
    const other = await bystander()
    const waits: number[] = []
    for (const { id, jtis } of mine()) {
      const token = await sign(jtis[0])
      expect(await get(framework, token)).toMatchObject(served)
      const ended = await run(
        server,
        database,
        'kari',
        ['sessions', 'revoke', id, '--yes', '--reason', 'lost'],
        {
          redis: redis.url,
        },
      )
      const from = performance.now()
      expect(ended.code).toBe(0)
      expect(await get(framework, token)).toMatchObject(revoked)
      waits.push(performance.now() - from)
      expect(await get(framework, other)).toMatchObject(served)
    }
    expect(waits.sort((a, b) => a - b)[Math.floor(rounds / 2)]).toBeLessThan(50)
  })

  it('refuses what is no token, and a token that nobody could revoke', async () => {
    expect(await get(framework, 'nonsense')).toMatchObject({ status: 401, body: { error: 'token_invalid' } })
    expect(await get(framework, await sign(undefined))).toMatchObject(revoked)
  })
})

describe('while Redis', () => {
  const everywhere = async (token: string) => Promise.all(frameworks.map((name) => get(name, token)))

  it('hangs, is dead and is back, everybody is denied for that long and nobody logged out', async () => {
    const token = await sign(sessions.at(-1)?.jtis[0])
    redis.pause()
    for (const answer of await everywhere(token)) {
      expect(answer).toMatchObject(unsure)
      expect(answer.took).toBeLessThan(1_000)
    }
    redis.resume()
    await expect.poll(() => everywhere(token), { timeout: 5_000 }).toMatchObject(frameworks.map(() => served))

    await redis.kill()
    for (const answer of await everywhere(token)) {
      expect(answer).toMatchObject(unsure)
      expect(answer.took).toBeLessThan(1_000)
    }
    await redis.restart()
    await expect.poll(() => everywhere(token), { timeout: 5_000 }).toMatchObject(frameworks.map(() => served))
  })
})
