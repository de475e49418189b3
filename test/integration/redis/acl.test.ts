import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type PrivateRedis, startCluster, startRedis, startSentinel } from '../../support/redis.ts'
import { run } from '../../support/run.ts'
import { narrowUser, prefix } from './settings.ts'

/** The contract's user of Redis: enough for every command of the tool, wherever Redis stands, and for nothing else. */

const server = postgresAt(inject('postgres'))
const secret = 'tiny-secret'
let database: string
let s: NamedSessions<'first' | 'second' | 'third'>

beforeAll(async () => {
  database = await peopledDatabase(server)
})
beforeEach(async () => {
  await server.query(
    `set session_replication_role = 'replica'; delete from meander.token_blocklist;
     delete from meander.refresh_tokens; delete from meander.sessions;
     update meander.users set status = 'active', deactivated_at = null;
     update meander.installation set redis_run_ids = '{}'`,
    [],
    database,
  )
  s = await seedNamed(server, database, {
    first: { person: 'mari', chain: 9 },
    second: { person: 'ola', chain: 3 },
    third: { person: 'per' },
  })
})

/** Everything in the tool that speaks to Redis, each with the code that it has when Redis lets it. */
const everyCommand = async (env: Record<string, string>) => {
  const act = ['--reason', 'lost', '--yes']
  const commands: [login: string, code: number | null, ...argv: string[]][] = [
    ['kari', 0, 'blocklist', 'sync'],
    ['kari', 0, 'sessions', 'revoke', s.id.first, ...act],
    ['kari', 0, 'blocklist', 'check', s.jtis.first[0] ?? ''],
    ['publisher', 0, 'blocklist', 'rebuild'],
    ['kari', 0, 'users', 'offboard', 'ola@hlf.example', ...act],
    ['kari', 0, 'users', 'verify', 'ola@hlf.example', '--offboarded'],
    ['nils', 0, 'users', 'sign-out', 'per@nhf.example', ...act],
    ['admin', 0, 'sessions', 'sweep', ...act],
    ['publisher', 0, 'blocklist', 'sync'],
    ['kari', 0, 'blocklist', 'rebuild'],
    ['kari', 0, 'blocklist', 'status'],
    ['admin', 0, 'blocklist', 'status'],
    // Finds this or that in a database of tests; what Redis was asked is what counts here.
    ['admin', null, 'doctor'],
  ]
  for (const [login, code, ...argv] of commands) {
    const ran = await run(server, database, login, argv, { env })
    if (code !== null) expect(ran.code, `${login}: ${argv.join(' ')}\n${ran.stdout}${ran.stderr}`).toBe(code)
  }
}
/** What the server had to refuse since it started. */
const refused = (redis: PrivateRedis) => redis.cli('acl', 'log')

it('one server', async () => {
  const redis = await startRedis({ acl: [narrowUser()] })
  try {
    await everyCommand({ REDIS_URL: redis.url, REDIS_USERNAME: 'publisher', REDIS_PASSWORD: secret })
    expect(await refused(redis)).toBe('')
  } finally {
    await redis.stop()
  }
})

it('one server, with TLS and the certificate of a client, and a database of its own', async () => {
  const redis = await startRedis({
    tls: true,
    args: ['--tls-auth-clients', 'yes'],
    acl: [narrowUser('+select')],
  })
  try {
    const { ca = '', clientCert = '', clientKey = '' } = redis.certificates ?? {}
    const tls = { REDIS_TLS_CA: ca, REDIS_TLS_CERT: clientCert, REDIS_TLS_KEY: clientKey }
    const url = redis.url.replace('rediss://', `rediss://publisher:${secret}@`)
    await everyCommand({ REDIS_URL: `${url}/3`, ...tls })
    const admin = ['--cert', clientCert, '--key', clientKey]
    expect(await redis.cli(...admin, 'acl', 'log')).toBe('')
    expect(await redis.cli(...admin, '-n', '3', 'exists', `${prefix}canary`)).toBe('1')
    expect(await redis.cli(...admin, '-n', '0', 'dbsize')).toBe('0')
  } finally {
    await redis.stop()
  }
})

it('sentinels, with a user of their own', async () => {
  const group = await startSentinel({ acl: [narrowUser()] })
  try {
    const rules = ['-@all', '+sentinel', '+subscribe', '+ping', '+info']
    await group.sentinel.cli('acl', 'setuser', 'publisher', 'on', `>${secret}`, ...rules)
    await everyCommand({
      REDIS_SENTINELS: `${group.sentinel.host}:${group.sentinel.port}`,
      REDIS_SENTINEL_NAME: group.name,
      REDIS_USERNAME: 'publisher',
      REDIS_PASSWORD: secret,
    })
    for (const redis of [group.master, group.sentinel]) expect(await refused(redis)).toBe('')
  } finally {
    await group.stop()
  }
})

it('a Cluster', async () => {
  const cluster = await startCluster({ acl: [narrowUser('+cluster|slots')] })
  try {
    await everyCommand({
      REDIS_CLUSTER_NODES: cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(),
      REDIS_USERNAME: 'publisher',
      REDIS_PASSWORD: secret,
    })
    for (const node of cluster.nodes) {
      expect(await refused(node)).toBe('')
      expect((await node.cli('keys', '*')).split('\n').filter((key) => key.includes('canary'))).toHaveLength(
        1,
      )
    }
  } finally {
    await cluster.stop()
  }
})

describe('may do nothing else', () => {
  let redis: PrivateRedis
  beforeAll(async () => {
    redis = await startRedis({ acl: [narrowUser()] })
  })
  afterAll(() => redis.stop())
  const may = async (...command: string[]) =>
    (await redis.cli('acl', 'dryrun', 'publisher', ...command)) === 'OK'

  it('of all commands that the server has, exactly the contract’s', async () => {
    const commands = (await redis.cli('command', 'list')).split('\n')
    expect(commands.length).toBeGreaterThan(200)
    const key = `${prefix}canary`
    // With as many arguments as it takes; what they are does not matter to the right.
    const tries = [[], [key], [key, '1'], [key, '1', '2'], ['1', key, '1', '2'], [key, '1', '2', '3', '4']]
    const client = new Redis({ host: redis.host, port: redis.port })
    const allowed: string[] = []
    for (const command of commands) {
      const asked = client.pipeline()
      for (const args of tries) asked.call('acl', 'dryrun', 'publisher', command, ...args)
      const answers = ((await asked.exec()) ?? []).map(([error, answer]) => String(error ?? answer))
      const answer = answers.find((one) => !/wrong number of arguments|arity/i.test(one))
      if (answer === 'OK') allowed.push(command)
    }
    client.disconnect()
    // The last four are open to whoever is connected at all.
    expect(allowed.sort()).toEqual(
      ['set', 'pexpire', 'exists', 'pttl', 'scan', 'ping', 'info', 'time']
        .concat(['auth', 'hello', 'quit', 'reset'])
        .sort(),
    )
  })

  it('and on no other key', async () => {
    for (const [key, allowed] of [
      [`${prefix}jti:x`, true],
      [`${prefix}canary`, true],
      ['meander:other', false],
      ['meander:blocklist', false],
      ['x', false],
    ] as const) {
      expect(await may('set', key, 'v')).toBe(allowed)
      expect(await may('pexpire', key, '1')).toBe(allowed)
      expect(await may('exists', key)).toBe(allowed)
      expect(await may('pttl', key)).toBe(allowed)
    }
  })
})
