import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServerSettings } from '../../../src/config/database-settings.ts'
import { describeSettings } from '../../../src/config/describe.ts'
import { type GlobalFlags, loadSettings, requireDatabase } from '../../../src/config/settings.ts'
import { variableNames } from '../../../src/config/variables.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'meanderctl-config-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const load = (env: Record<string, string> = {}, flags: GlobalFlags = {}) =>
  loadSettings({
    flags,
    env: { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data'), ...env },
  })
const serverOf = async (env: Record<string, string>, flags?: GlobalFlags) =>
  (await load(env, flags)).database as ServerSettings
const write = (name: string, text: string, mode = 0o600): string => {
  const path = join(home, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}
const profiles = (json: unknown, mode?: number) =>
  write('config/meanderctl/config.json', typeof json === 'string' ? json : JSON.stringify(json), mode)
const login = { host: 'db.example.org', port: 5432, user: 'kari', database: 'meander' }
const usage = (message: RegExp | string) => ({
  code: 'USAGE',
  message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
})

test('.env.example explains every variable, and no other', () => {
  const text = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8')
  const named = text.split('\n').flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? [])
  expect(named.toSorted()).toEqual(variableNames.toSorted())
})

describe('where a value comes from', () => {
  test('flag, environment, env file, profile, default, in this order', async () => {
    profiles({ profiles: { one: { output: 'csv' } } })
    const envFile = write('env', 'MEANDERCTL_OUTPUT=id\n')
    const all = { env: { MEANDERCTL_OUTPUT: 'wide' }, flags: { output: 'json', envFile, profile: 'one' } }
    expect((await load(all.env, all.flags)).output).toEqual({
      value: 'json',
      source: 'flag',
      name: '--output',
    })
    expect((await load(all.env, { envFile, profile: 'one' })).output).toEqual({
      value: 'wide',
      source: 'environment',
      name: 'MEANDERCTL_OUTPUT',
    })
    expect((await load({}, { envFile, profile: 'one' })).output).toEqual({
      value: 'id',
      source: 'env file',
      name: 'MEANDERCTL_OUTPUT',
    })
    expect((await load({}, { profile: 'one' })).output).toEqual({
      value: 'csv',
      source: 'profile',
      name: 'output',
    })
    expect((await load()).output).toEqual({ value: null, source: 'default', name: '--output' })
  })

  test('an empty variable is none, and nothing is read from the working folder', async () => {
    const before = process.cwd()
    write('.env', 'MEANDERCTL_OUTPUT=id\n')
    process.chdir(home)
    try {
      expect((await load({ MEANDERCTL_OUTPUT: '' })).output.source).toBe('default')
    } finally {
      process.chdir(before)
    }
  })

  test('the env file may be named by the environment, and may name the profile', async () => {
    profiles({ profiles: { one: { organization: 'hlf' } } })
    const envFile = write('env', 'MEANDERCTL_PROFILE=one\n')
    expect((await load({ MEANDERCTL_ENV_FILE: envFile })).organization).toEqual({
      value: 'hlf',
      source: 'profile',
      name: 'organization',
    })
    await expect(load({}, { envFile: join(home, 'nosuch') })).rejects.toMatchObject(
      usage(/--env-file names .*no such file/),
    )
  })

  test.each<[Record<string, string>, GlobalFlags, string]>([
    [{}, {}, 'auto'],
    [{ NO_COLOR: '1' }, {}, 'never'],
    [{ NO_COLOR: '' }, {}, 'auto'],
    [{ FORCE_COLOR: '1' }, {}, 'always'],
    [{ FORCE_COLOR: '0' }, {}, 'never'],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, {}, 'never'],
    [{ NO_COLOR: '1' }, { color: 'always' }, 'always'],
    [{ FORCE_COLOR: '1' }, { color: false }, 'never'],
    [{ TERM: 'dumb' }, {}, 'never'],
    [{ TERM: 'dumb', FORCE_COLOR: '1' }, {}, 'always'],
    [{ TERM: 'dumb' }, { color: 'always' }, 'always'],
    [{ TERM: 'xterm' }, {}, 'auto'],
  ])('colour of %j and %j is %s', async (env, flags, color) => {
    expect((await load(env, flags)).color.value).toBe(color)
  })

  test('the switches of the terminal', async () => {
    const off = await load(
      { MEANDERCTL_ACCESSIBLE: '1', PAGER: 'most' },
      { pager: false, input: false, quiet: true, debug: true, timeout: 1500 },
    )
    expect([
      off.pager.value,
      off.input.value,
      off.quiet.value,
      off.debug.value,
      off.timeout.value,
      off.accessible.value,
    ]).toEqual([null, false, true, true, 1500, true])
    const on = await load({ MEANDERCTL_ACCESSIBLE: '0', PAGER: 'most' })
    expect([on.pager.value, on.input.value, on.accessible.value]).toEqual(['most', true, false])
    // Whatever is asked for, such a terminal cannot move its cursor.
    const dumb = await load({ MEANDERCTL_ACCESSIBLE: '0', TERM: 'dumb' })
    expect(dumb.accessible).toEqual({ value: true, source: 'environment', name: 'TERM' })
  })
})

describe('profiles', () => {
  test.each<[string, unknown, RegExp]>([
    ['that is not JSON', '{"profiles": {"x": "geheim"', /line 1: it is not JSON$/],
    ['with an unknown key', { profiles: { one: { host: 'x' } } }, /profiles\.one: .*"host"/],
    [
      'with a password in a URL',
      { profiles: { one: { databaseUrl: 'postgresql://a:geheim@h/d' } } },
      /profiles\.one\.databaseUrl holds a password/,
    ],
    ['whose current one is missing', { current: 'two', profiles: {} }, /current is "two"/],
    ['that redefines demo', { profiles: { demo: {} } }, /embedded store/],
    ['that is a list', [], /it is no object/],
  ])('refuses a file %s', async (_, json, message) => {
    profiles(json)
    const failure = load()
    await expect(failure).rejects.toMatchObject(usage(message))
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('geheim') })
  })

  test('refuses a file that others may write to, and an unknown profile', async () => {
    profiles({ profiles: {} }, 0o666)
    await expect(load()).rejects.toMatchObject({
      ...usage('others than its owner'),
      hint: expect.stringContaining('chmod 600'),
    })
    profiles({ profiles: { one: {} } })
    await expect(load({}, { profile: 'two' })).rejects.toMatchObject({
      ...usage('no profile two'),
      details: ['one', 'demo'],
    })
    await expect(load({ MEANDERCTL_PROFILE: '__proto__' })).rejects.toMatchObject(
      usage('no profile __proto__'),
    )
  })

  test('passwordCommand gives the password, and is not sent to a server that is not its own', async () => {
    profiles({
      current: 'one',
      profiles: {
        one: {
          databaseUrl: 'postgresql://kari@db.example.org/meander',
          passwordCommand: 'echo from the vault',
        },
      },
    })
    const server = await serverOf({})
    expect(server.password.kind).toBe('command')
    expect(await server.password.get(login)).toBe('from the vault')
    profiles({
      current: 'one',
      profiles: {
        one: {
          databaseUrl: 'postgresql://kari@db.example.org/meander',
          // A list of people on stdin is not its business, and one newline is no part of a password; a blank is.
          passwordCommand: `cat; printf ' pass word \\r\\n' | cat`,
        },
      },
    })
    expect(await (await serverOf({})).password.get(login)).toBe(' pass word ')
    expect((await serverOf({ PGPASSWORD: 'mine' })).password.kind).toBe('value')
    expect((await serverOf({ PGHOST: 'evil.example.org' })).password.kind).toBe('none')
  })

  test.each([
    ['fails', 'echo geheim; exit 3', /ended with 3/],
    ['prints nothing', 'true', /printed nothing/],
    ['prints two lines', 'echo a; echo b', /more than one line/],
    ['prints an empty line before it', 'echo; echo geheim', /more than one line/],
    ['prints without end', 'yes geheim', /more than 64 KiB/],
    ['is not there', '/nonexistent/geheim 2>/dev/null', /ended with 127: sh could not run it/],
    ['is killed', 'kill -9 $$', /ended with SIGKILL/],
  ])(
    'a passwordCommand that %s is UNAUTHENTICATED, and what it said is not told',
    async (_, passwordCommand, message) => {
      profiles({
        current: 'one',
        profiles: { one: { databaseUrl: 'postgresql://kari@db.example.org/meander', passwordCommand } },
      })
      const failure = (await serverOf({})).password.get(login)
      await expect(failure).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: expect.stringMatching(message),
      })
      await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('geheim') })
    },
  )
})

describe('demo', () => {
  test('is the embedded store of this person, as kari or PGUSER, and speaks to no Redis', async () => {
    const env = { REDIS_URL: 'redis://127.0.0.1', DATABASE_URL: 'postgresql://kari@prod.example.org/x' }
    const settings = await load(env, { profile: 'demo' })
    expect(settings.database).toEqual({
      kind: 'embedded',
      folder: join(home, 'data', 'meanderctl'),
      user: 'kari',
    })
    expect(settings.redis).toBeNull()
    expect((await load({ PGUSER: 'nils' }, { profile: 'demo' })).database).toMatchObject({ user: 'nils' })
    expect((await load({ MEANDERCTL_PROFILE: 'demo' })).database).toMatchObject({ kind: 'embedded' })
  })

  test('as the current profile gives way to a server that the environment names', async () => {
    profiles({ current: 'demo' })
    expect((await load()).database).toMatchObject({ kind: 'embedded' })
    expect((await load({ PGHOST: 'db.example.org' })).database).toMatchObject({ kind: 'server' })
  })
})

describe('the database', () => {
  test('is none when nobody names one, and requireDatabase says what to set', async () => {
    const settings = await load({ PGUSER: 'kari', PGPASSWORD: 'x' })
    expect(settings.database).toBeNull()
    expect(() => requireDatabase(settings)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        hint: expect.stringMatching(/DATABASE_URL.*PGHOST.*meanderctl demo/),
      }),
    )
  })

  test('of a URL, with what it leaves out from the variables', async () => {
    const url =
      'postgres://k%40ri:p%3Aw:d@a.example.org:5433,[::1],127.0.0.1:5434/mean%2Fder?sslmode=require&connect_timeout=3&target_session_attrs=primary'
    expect(await serverOf({ DATABASE_URL: url, PGHOST: 'other', PGUSER: 'other' })).toMatchObject({
      hosts: [
        { host: 'a.example.org', port: 5433, tls: 'require' },
        { host: '::1', port: 5432, tls: 'require' },
        { host: '127.0.0.1', port: 5434, tls: 'require' },
      ],
      user: 'k@ri',
      database: 'mean/der',
      connectTimeoutMs: 3000,
      targetSessionAttrs: 'primary',
    })
    const server = await serverOf({
      DATABASE_URL: 'postgresql://db.example.org',
      PGUSER: 'kari',
      PGPASSWORD: 'pw',
      PGDATABASE: 'meander',
      PGPORT: '5439',
    })
    expect(server).toMatchObject({
      hosts: [{ host: 'db.example.org', port: 5439, tls: 'verify-full' }],
      user: 'kari',
      database: 'meander',
    })
    expect(await server.password.get(login)).toBe('pw')
  })

  test.each([
    ['host=a dbname=b', 'no database URL'],
    ['mysql://a/b', 'no database URL'],
    ['postgresql://u:geheim@h:99999/d', 'a port is not a number'],
    ['postgresql://u:geh/eim@h/d', 'a port is not a number'],
    ['postgresql://u:geheim%@h/d', 'the password has a %'],
    ['postgresql://u:geheim@h h/d', 'the host is malformed'],
    ['postgresql://h/d?options=-c%20x', 'options is not allowed'],
    ['postgresql://h/d?host=evil', 'host is not allowed: the host stands before'],
    ['postgresql://h/d?application_name=x', 'application_name is not allowed'],
    ['postgresql://h/d?ssl=true', 'ssl is not allowed: known are sslmode'],
    ['postgresql://h/d?toString=x', 'toString is not allowed'],
    ['postgresql://h/d?sslmode=verify-full&sslmode=disable', 'sslmode is given twice'],
    ['postgresql://h/d?sslmode', 'sslmode has no value'],
    ['postgresql://h/d?sslmode=verify_full', 'PGSSLMODE (DATABASE_URL) is "verify_full"'],
  ])('refuses %s', async (url, message) => {
    const failure = load({ DATABASE_URL: url })
    await expect(failure).rejects.toMatchObject(usage(message))
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringMatching(/geh|eim/) })
  })

  test.each([
    [{ PGSSLMODE: 'prefer' }, 'PGSSLMODE is "prefer"'],
    [{ PGTARGETSESSIONATTRS: 'master' }, 'PGTARGETSESSIONATTRS is "master"'],
    [{ PGCONNECT_TIMEOUT: 'soon' }, 'PGCONNECT_TIMEOUT'],
    [{ PGPORT: '1,2,3' }, 'PGPORT has 3 entries for 2 hosts'],
    [{ PGPORT: '0' }, 'PGPORT is not a number'],
    [{ PGHOSTADDR: '127.0.0.1' }, 'PGHOST has 2 entries, PGHOSTADDR 1'],
    [{ PGSSLMODE: 'verify-ca' }, 'verify-ca without an authority'],
    [{ PGSSLROOTCERT: '/nonexistent/ca.crt' }, 'PGSSLROOTCERT names /nonexistent/ca.crt'],
    [{ PGPASSFILE: '/nonexistent/pass' }, 'PGPASSFILE names'],
    [{ PGSERVICE: 'nosuch' }, 'PGSERVICE=nosuch names'],
  ] as [Record<string, string>, string][])('refuses %j', async (env, message) => {
    await expect(load({ PGHOST: 'a.example.org,b.example.org', ...env })).rejects.toMatchObject(
      usage(message),
    )
  })

  test('TLS is the default for whatever is not this machine', async () => {
    const modes = async (env: Record<string, string>) => (await serverOf(env)).hosts.map(({ tls }) => tls)
    expect(
      await modes({ PGHOST: 'localhost,127.9.9.9,::1,/tmp,db.example.org,10.0.0.1,localhost.example.org' }),
    ).toEqual(['disable', 'disable', 'disable', 'disable', 'verify-full', 'verify-full', 'verify-full'])
    expect(await modes({ PGHOST: 'localhost', PGHOSTADDR: '10.0.0.1' })).toEqual(['verify-full'])
    expect(await modes({ PGHOST: 'localhost,/tmp', PGSSLMODE: 'verify-full' })).toEqual([
      'verify-full',
      'disable',
    ])
    expect(await modes({ PGHOST: 'db.example.org', PGSSLMODE: 'disable' })).toEqual(['disable'])
  })

  test('of a service, which goes before the variables', async () => {
    write(
      '.pg_service.conf',
      '# mine\n[other]\nhost=no\n\n[prod]\nhost = db.example.org\nport=5433\nuser=kari\nsslmode=require\n',
    )
    expect(await serverOf({ PGSERVICE: 'prod', PGHOST: 'elsewhere', PGDATABASE: 'meander' })).toMatchObject({
      hosts: [{ host: 'db.example.org', port: 5433, tls: 'require' }],
      user: 'kari',
      database: 'meander',
    })
    const file = write('services', '[prod]\nhost=db.example.org\noptions=-c x\n')
    await expect(load({ PGSERVICE: 'prod', PGSERVICEFILE: file })).rejects.toMatchObject(
      usage(/line 3: options is not supported/),
    )
    await expect(load({ PGSERVICE: 'test', PGSERVICEFILE: file })).rejects.toMatchObject(
      usage('The service test is not in'),
    )
  })

  test('takes the password of the first line that fits from the password file', async () => {
    const env = { PGHOST: 'db.example.org', PGUSER: 'kari', PGDATABASE: 'meander' }
    write(
      '.pgpass',
      'db.example.org:5432:other:kari:no\n# a comment\ndb.example.org:*:meander:kari:se\\:cret\n*:*:*:*:last\n',
    )
    const { password } = await serverOf(env)
    expect(password.kind).toBe('file')
    expect(await password.get(login)).toBe('se:cret')
    expect(await password.get({ ...login, user: 'nils' })).toBe('last')
    chmodSync(join(home, '.pgpass'), 0o644)
    await expect(load(env)).rejects.toMatchObject({
      ...usage('can be read by others'),
      hint: `chmod 600 ${join(home, '.pgpass')}`,
    })
  })

  test('with nothing but a database is the local one, as the user of the system', async () => {
    const server = await serverOf({ PGDATABASE: 'meander' })
    expect(server).toMatchObject({
      user: userInfo().username,
      database: 'meander',
      hosts: [{ tls: 'disable', port: 5432 }],
    })
  })

  test('no layer is mixed with the address of another', async () => {
    const envFile = write(
      'env',
      'PGHOST=db.example.org\nPGHOSTADDR=10.0.0.1\nPGPORT=5433\nPGPASSWORD=theirs\nPGDATABASE=meander\n',
    )
    const server = await serverOf({ PGHOST: 'localhost' }, { envFile })
    expect(server.hosts).toEqual([{ host: 'localhost', address: null, port: 5432, tls: 'disable' }])
    expect(server.database).toBe('meander')
    expect(await server.password.get(login)).toBeNull()
    const secrets = write('secrets', 'PGPASSWORD=ours\n')
    expect(await (await serverOf({ PGHOST: 'localhost' }, { envFile: secrets })).password.get(login)).toBe(
      'ours',
    )
  })
})

describe('Redis', () => {
  const redisOf = async (env: Record<string, string>) => (await load(env)).redis

  test('in its three forms', async () => {
    const prefix = 'meander:blocklist:'
    expect(await redisOf({})).toBeNull()
    expect(
      await redisOf({ REDIS_URL: 'rediss://api:p%40w@redis.example.org/2', REDIS_PASSWORD: 'other' }),
    ).toEqual({
      kind: 'single',
      host: 'redis.example.org',
      port: 6379,
      db: 2,
      username: 'api',
      password: 'p@w',
      tls: {},
      prefix,
    })
    expect(
      await redisOf({
        REDIS_URL: 'redis://[::1]:6380',
        REDIS_USERNAME: 'api',
        REDIS_PASSWORD: 'pw',
        MEANDERCTL_REDIS_PREFIX: 'x:',
      }),
    ).toEqual({
      kind: 'single',
      host: '::1',
      port: 6380,
      db: 0,
      username: 'api',
      password: 'pw',
      tls: null,
      prefix: 'x:',
    })
    expect(await redisOf({ REDIS_CLUSTER_NODES: '127.0.0.1:7001, localhost' })).toEqual({
      kind: 'cluster',
      nodes: [
        { host: '127.0.0.1', port: 7001 },
        { host: 'localhost', port: 6379 },
      ],
      tls: null,
      prefix,
    })
    const ca = write('ca.crt', 'PEM')
    expect(
      await redisOf({ REDIS_SENTINELS: 's1.example.org', REDIS_SENTINEL_NAME: 'main', REDIS_TLS_CA: ca }),
    ).toEqual({
      kind: 'sentinel',
      sentinels: [{ host: 's1.example.org', port: 26379 }],
      name: 'main',
      db: 0,
      tls: { ca: 'PEM' },
      prefix,
    })
    expect(await redisOf({ REDIS_CLUSTER_NODES: 'c.example.org', REDIS_TLS_CA: 'system' })).toMatchObject({
      tls: {},
    })
    expect(
      await redisOf({ REDIS_URL: 'redis://redis.example.org', MEANDERCTL_ALLOW_PLAINTEXT_REDIS: '1' }),
    ).toMatchObject({ tls: null })
  })

  test.each([
    [{ REDIS_URL: 'redis://:geheim@redis.example.org' }, 'without TLS'],
    [
      { REDIS_URL: 'redis://:geheim@redis.example.org', MEANDERCTL_ALLOW_PLAINTEXT_REDIS: 'no' },
      'without TLS',
    ],
    [
      { REDIS_CLUSTER_NODES: '127.0.0.1,redis.example.org' },
      'redis.example.org would be spoken to without TLS',
    ],
    [{ REDIS_URL: 'http://:geheim@localhost' }, 'neither redis:// nor rediss://'],
    [{ REDIS_URL: ':geheim@localhost' }, 'no URL'],
    [{ REDIS_URL: 'redis://localhost/geheim' }, 'malformed'],
    [{ REDIS_URL: 'redis://localhost?tls=no' }, 'parameter tls is not allowed'],
    [{ REDIS_URL: 'redis://localhost', REDIS_CLUSTER_NODES: 'a' }, 'both set'],
    [{ REDIS_URL: 'redis://localhost', REDIS_TLS_CA: 'system' }, 'REDIS_URL is redis://'],
    [{ REDIS_SENTINELS: 'localhost' }, 'needs REDIS_SENTINEL_NAME'],
    [{ REDIS_CLUSTER_NODES: 'localhost:0' }, 'list of host:port'],
    [{ REDIS_CLUSTER_NODES: 'localhost,' }, 'list of host:port'],
    [{ REDIS_URL: 'rediss://localhost', REDIS_TLS_CERT: '/dev/null' }, 'belong together'],
  ] as [Record<string, string>, string][])('refuses %j', async (env, message) => {
    const failure = load(env)
    await expect(failure).rejects.toMatchObject(usage(message))
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('geheim') })
  })
})

test('describeSettings and JSON know every source and no secret', async () => {
  profiles({
    profiles: {
      one: {
        databaseUrl: 'postgresql://kari@db.example.org/meander',
        passwordCommand: 'vault read geheim',
        redisUrl: 'rediss://redis.example.org',
      },
    },
  })
  const settings = await load(
    { PGPASSWORD: 'geheim', REDIS_PASSWORD: 'geheim', MEANDERCTL_ORG: 'hlf' },
    { profile: 'one', output: 'json' },
  )
  const described = describeSettings(settings)
  expect(JSON.stringify([described, settings])).not.toContain('geheim')
  expect(described).toEqual(
    expect.arrayContaining([
      { name: 'output', value: 'json', source: 'flag (--output)' },
      { name: 'organization', value: 'hlf', source: 'environment (MEANDERCTL_ORG)' },
      { name: 'PGHOST', value: 'db.example.org', source: 'profile (databaseUrl)' },
      { name: 'PGPASSWORD', value: '********', source: 'environment' },
      { name: 'passwordCommand', value: '********', source: 'profile' },
    ]),
  )
})
