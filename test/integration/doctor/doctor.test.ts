import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asLogin, password } from '../../support/as-login.ts'
import { createTemplate, peopledDatabase, seedSessions } from '../../support/people.ts'
import { type PrivatePostgres, postgresAt, startPostgres } from '../../support/postgres.ts'
import { type PrivateRedis, startCluster, startRedis } from '../../support/redis.ts'
import { run } from '../../support/run.ts'
import { type Fault, faults, type Scene, type Visit } from './faults.ts'

interface Check {
  readonly name: string
  readonly state: 'ok' | 'warning' | 'finding' | 'not checked'
  readonly expected: string
  readonly actual: string
  readonly fix: string | null
}

// Roles belong to the cluster: what is done to them here must not meet other tests.
let server: PrivatePostgres
let redis: PrivateRedis
let database: string

beforeAll(async () => {
  ;[server, redis] = await Promise.all([startPostgres(), startRedis()])
  await createTemplate(server)
  await checkpointed('meander_template')
  database = await peopledDatabase(server)
})
afterAll(async () => {
  await Promise.all([server.stop(), redis.stop()])
})

/** A checkpoint was taken, as `audit checkpoint` records it. */
const checkpointed = (name: string) =>
  server.query(
    `select meander.append_audit_events(array_agg(
       row(o.id, 'audit.checkpointed', 'organization', o.id::text, null, null, null, '{}')::meander.audit_event))
     from meander.organizations o`,
    [],
    name,
  )

const visit = async (changes: Partial<Visit> = {}, at = database) => {
  const {
    login,
    server: reached,
    argv = [],
    env,
    now,
    redis: url,
  } = {
    login: 'kari',
    server,
    redis: redis.url as string | undefined,
    ...changes,
  }
  const ran = await run(reached, at, login, ['doctor', '-o', 'json', ...argv], {
    redis: url,
    ...(env && { env }),
    ...(now && { now }),
  })
  const { kind, summary, items, settings } = ran.json<{
    kind: string
    summary: Record<string, number>
    items: Check[]
    settings: { name: string; value: string; source: string }[]
  }>()
  expect(kind).toBe('DoctorResult')
  expect(ran.code).toBe(summary.findings === 0 ? 0 : 7)
  // The server of the test run may lack the newest fixes.
  const counted = items.filter(({ name }) => name !== 'PostgreSQL version')
  const named = (state: Check['state']) =>
    counted.filter((check) => check.state === state).map(({ name }) => name)
  return {
    stdout: ran.stdout,
    stderr: ran.stderr,
    summary,
    items,
    settings,
    findings: named('finding'),
    warnings: named('warning'),
    // No key is set in most runs.
    notChecked: named('not checked').filter((name) => name !== 'signing key'),
    check: (name: string) => items.find((one) => one.name === name),
  }
}

describe('a healthy system', () => {
  const administrators = [
    'schema files',
    'schema drift',
    'operators’ logins',
    'operators’ users',
    'operators’ group',
  ]

  it.each([
    ['admin', []],
    ['kari', administrators],
    ['ada', administrators],
    ['gro', [...administrators, 'audit heads', 'last checkpoint']],
    ['publisher', [...administrators, 'audit heads', 'last checkpoint']],
  ])('has nothing for %s to find, and says what the login cannot see', async (login, hidden) => {
    const seen = await visit({ login })
    expect(seen).toMatchObject({ findings: [], warnings: [], notChecked: hidden })
    for (const name of hidden) expect(seen.check(name)?.actual).toMatch(/^needs the /)
  })
})

describe('thirty faults and more', () => {
  const tell = async (fault: Fault) => {
    const own = fault.copy ?? (typeof fault.plant === 'string' && fault.undo === undefined)
    const at = own ? await peopledDatabase(server) : database
    const scene: Scene = { server, database: at, redis, sql: (text) => server.query(text, [], at) }
    let changes: Partial<Visit> = {}
    try {
      if (typeof fault.plant === 'string') await scene.sql(fault.plant)
      else changes = (await fault.plant(scene)) ?? {}
      return await visit({ ...(fault.login && { login: fault.login }), ...changes }, at)
    } finally {
      if (typeof fault.undo === 'string') await scene.sql(fault.undo)
      else await fault.undo?.(scene)
      if (own) await server.query(`drop database ${at} with (force)`)
    }
  }

  it.each(faults.map((fault) => [fault.name, fault] as const))('%s', async (_, fault) => {
    const { check, also = [] } = fault
    const seen = await tell(fault)
    const name = 'PostgreSQL version'
    const found = check === name ? [...seen.findings, name] : seen.findings
    expect(found.sort()).toEqual([check, ...also].sort())
    expect(seen.check(check)).toMatchObject({
      state: 'finding',
      actual: expect.stringMatching(/\w/),
      fix: expect.stringMatching(/\w/),
    })
  })

  it('a setting of the server that waits for a restart', async () => {
    await server.query(`alter system set max_prepared_transactions = 5`)
    await server.restart()
    try {
      expect(await visit()).toMatchObject({ findings: ['prepared transactions'] })
    } finally {
      await server.query('alter system reset max_prepared_transactions')
      await server.restart()
    }
  })

  it('are gone when they are mended', async () => {
    expect(await visit({ login: 'admin' })).toMatchObject({ findings: [], warnings: [], notChecked: [] })
  })
})

describe('what it says', () => {
  it('is a line each for a person, the settings below, and the count on stderr', async () => {
    const ran = await run(server, database, 'kari', ['doctor'], { redis: redis.url })
    const lines = ran.stdout.split('\n')
    expect(lines[0]).toMatch(/^CHECK +STATE +ACTUAL$/)
    expect(ran.stdout).toMatch(/^row level security +ok +enabled and forced on \d+ tables$/m)
    expect(ran.stdout).toMatch(/^schema drift +not checked +.* needs the administrator$/m)
    expect(ran.stdout).toMatch(/^PGUSER +kari +environment \(DATABASE_URL\)$/m)
    expect(ran.stderr).toMatch(/^\d findings?, 0 warnings, \d+ not checked\.\n$/)
  })

  it('names in full at a terminal what is to be mended', async () => {
    const ran = await run(server, database, 'publisher', ['doctor'], { terminal: [] })
    expect(ran.code).toBe(7)
    const [, below = ''] = ran.stdout.split('\nTo mend\n')
    expect(below).toMatch(/^CHECK +ACTUAL +FIX$/m)
    expect(below).toMatch(
      /^blocklist mode +redis, and this publisher has none to publish to +set REDIS_URL$/m,
    )
    expect(below).not.toMatch(/^connection /m)
  })

  it('names the source of each setting, and no secret', async () => {
    const secret = 'hidden-in-the-sand'
    const seen = await visit({
      redis: `redis://default:${secret}@127.0.0.1:1`,
      env: { PAGER: 'more', MEANDERCTL_ORG: 'hlf' },
    })
    expect(seen.settings).toEqual(
      expect.arrayContaining([
        { name: 'pager', value: 'more', source: 'environment (PAGER)' },
        { name: 'PGPASSWORD', value: '********', source: 'environment (DATABASE_URL)' },
        { name: 'REDIS_URL', value: '********', source: 'environment' },
        { name: 'timeout', value: '', source: 'default (--timeout)' },
      ]),
    )
    for (const hidden of [secret, password, encodeURIComponent(password)])
      expect(seen.stdout + seen.stderr).not.toContain(hidden)
  })

  it('goes on where PostgreSQL is away: the way, Redis and files are looked at', async () => {
    const seen = await visit({ server: postgresAt({ ...server, port: 1 }) })
    expect(seen).toMatchObject({ findings: ['connection'] })
    const looked = seen.items.filter(({ state }) => state === 'ok').map(({ name }) => name)
    expect(looked).toEqual(
      expect.arrayContaining(['Redis reachable', 'Redis eviction policy', 'files with secrets']),
    )
    expect(seen.check('row level security')).toMatchObject({
      state: 'not checked',
      actual: 'PostgreSQL cannot be reached',
      fix: null,
    })
  })

  it('is nothing where no database is configured', async () => {
    const ran = await run(server, database, 'kari', ['doctor', '-o', 'json'], {
      env: { DATABASE_URL: undefined },
    })
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.error()).toMatchObject({ code: 'USAGE', message: 'No database is configured' })
  })

  it('warns of what is no fault yet', async () => {
    const copy = await peopledDatabase(server)
    await server.query(
      `set session_replication_role = 'replica';
       update meander.audit_log set at = at - interval '9 days';
       update meander.users set status = 'deactivated', deactivated_at = now() where email = 'nils@nhf.example';
       set session_replication_role = 'origin';
       select meander.disable_operator('kari', 'something after the checkpoint', null);
       create role waiting login; grant meander_operator to waiting`,
      [],
      copy,
    )
    const seen = await visit({ login: 'admin' }, copy)
    await server.query('drop role waiting')
    expect(seen.warnings).toEqual(['operators’ users', 'operators’ group', 'last checkpoint'])
  })

  it('notices a Redis that started anew with all its keys', async () => {
    const copy = await peopledDatabase(server)
    const [session] = await seedSessions(server, copy, [{ person: 'mari' }])
    const as = (login: string, argv: readonly string[]) =>
      run(server, copy, login, argv, { redis: redis.url })
    const revoke = ['sessions', 'revoke', session?.id ?? '', '--reason', 'lost', '--yes']
    expect((await as('kari', revoke)).code).toBe(0)
    expect((await as('admin', ['blocklist', 'rebuild'])).code).toBe(0)
    try {
      expect(await visit({}, copy)).toMatchObject({ findings: [], warnings: [] })
      await redis.restart({ keep: true })
      expect(await visit({}, copy)).toMatchObject({ findings: [], warnings: ['Redis run'] })
    } finally {
      await redis.restart()
    }
  })
})

it('looks at each node of a Redis Cluster', async () => {
  const cluster = await startCluster()
  try {
    const nodes = cluster.nodes.map(({ host, port }) => `${host}:${port}`)
    const env = { REDIS_CLUSTER_NODES: nodes.join(',') }
    const whole = await visit({ redis: undefined, env })
    expect(whole.findings).toEqual([])
    const reachable = whole.items.filter(({ name }) => name.startsWith('Redis reachable'))
    expect(reachable.map(({ name }) => name).sort()).toEqual(
      nodes.map((node) => `Redis reachable (${node})`).sort(),
    )
    await cluster.nodes[1]?.kill()
    expect((await visit({ redis: undefined, env })).findings).toEqual([`Redis reachable (${nodes[1]})`])
  } finally {
    await cluster.stop()
  }
})

it('finds nothing in what an administrator without superuser installed, but the right that only one can give', async () => {
  const other = await startPostgres({ tls: true })
  try {
    await other.query(`create role boss login createrole password '${password}'`)
    await other.query('create database meander owner boss')
    const boss = (...argv: string[]) => run(other, 'meander', 'boss', argv)
    expect((await boss('db', 'migrate', '--blocklist', 'database')).code).toBe(0)
    // A login of the administrator's own making: from 16 on its maker administers it, and is no operator for that.
    const maker = await asLogin(other, 'meander', 'boss')
    await maker.rows(`create role kari login password '${password}'`)
    await maker.close()
    await other.query(
      `insert into meander.organizations (slug, name) values ('hlf', 'Hjerte og lunge');
       insert into meander.users (organization_id, email, display_name, role)
         select id, 'kari@hlf.example', 'Kari', 'org_admin' from meander.organizations where slug = 'hlf'`,
      [],
      'meander',
    )
    expect((await boss('operators', 'add', 'kari', '--user', 'kari@hlf.example')).code).toBe(0)
    const missing = Number(other.version.split('.')[0]) >= 16 ? ['ending connections'] : []
    for (const login of ['boss', 'kari'])
      expect((await visit({ login, server: other, redis: undefined }, 'meander')).findings).toEqual(missing)

    // And over TLS, to what looks like another machine.
    const far = { server: postgresAt({ ...other, host: '127.1' }), redis: undefined }
    const believed = await visit({ ...far, env: { PGSSLMODE: 'require' } }, 'meander')
    expect(believed.check('TLS')).toMatchObject({ state: 'warning', actual: expect.stringMatching(/^TLSv1/) })
    const authority = { PGSSLMODE: 'verify-ca', PGSSLROOTCERT: other.certificates?.ca }
    const verified = await visit({ ...far, env: authority }, 'meander')
    expect(verified.check('TLS')).toMatchObject({ state: 'ok', actual: expect.stringMatching(/^TLSv1/) })
  } finally {
    await other.stop()
  }
})
