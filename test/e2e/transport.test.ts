import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { peopledDatabase, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { runInPty } from '../support/pty.ts'
import { bin, cleanEnvironment } from './meanderctl.ts'

/** What leaves the built tool, to whom, and what it takes from where: as somebody on the network or in the folder sees it. */

const secret = 'geheim-4711'
const server = postgresAt(inject('postgres'))
const folder = mkdtempSync(join(tmpdir(), 'meanderctl-transport-'))
const at = (name: string) => join(folder, name)
const home = at('home')
let database: string
let session: string
let certificates: Record<'mine' | 'another' | 'renamed' | 'expired', Certificates>

const tool = (argv: readonly string[], env: Readonly<Record<string, string>>, cwd = folder) =>
  execa(process.execPath, [bin, ...argv], {
    env: cleanEnvironment({ HOME: home, XDG_CONFIG_HOME: at('config'), ...env }),
    extendEnv: false,
    cwd,
    stdin: 'ignore',
    reject: false,
  })

interface Rogue {
  readonly server: Server
  readonly port: number
  /** What the client said, inside TLS too. */
  heard(): string
}

/** Takes TLS with these certificates, or refuses it, and asks for a password in the clear, as nobody honest does. */
const rogue = async (speaks: Certificates | 'plaintext', protocol: 'postgres' | 'redis'): Promise<Rogue> => {
  let heard = ''
  const listening = createServer((socket) => {
    socket.on('error', () => {})
    const hear = (from: typeof socket) => {
      from.on('error', () => {})
      from.on('data', (bytes) => {
        heard += bytes.toString('latin1')
        if (protocol === 'redis') from.write('+OK\r\n')
        else from.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
      })
    }
    const secured = (certs: Certificates) =>
      hear(
        new TLSSocket(socket, {
          isServer: true,
          key: readFileSync(certs.serverKey),
          cert: readFileSync(certs.serverCert),
        }),
      )
    if (speaks === 'plaintext') {
      if (protocol === 'redis') return hear(socket)
      socket.once('data', () => {
        socket.write('N')
        hear(socket)
      })
    } else if (protocol === 'redis') secured(speaks)
    else
      socket.once('data', () => {
        socket.write('S')
        secured(speaks)
      })
    return undefined
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return { server: listening, port: (listening.address() as AddressInfo).port, heard: () => heard }
}

beforeAll(async () => {
  certificates = {
    mine: makeCertificates(at('mine')),
    another: makeCertificates(at('another')),
    renamed: makeCertificates(at('renamed'), { names: ['DNS:db.elsewhere.example'] }),
    expired: makeCertificates(at('expired'), { days: -1 }),
  }
  mkdirSync(home)
  database = await peopledDatabase(server)
  session = (await seedSessions(server, database, [{ person: 'mari', chain: 3 }]))[0]?.id ?? ''
})
afterAll(() => rmSync(folder, { recursive: true }))

const careless = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }

describe('PostgreSQL', () => {
  const ask = (port: number, env: Record<string, string>) =>
    tool(['whoami', '-o', 'json', '--debug'], {
      PGHOST: 'localhost',
      PGHOSTADDR: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'kari',
      PGPASSWORD: secret,
      PGDATABASE: 'meander',
      PGCONNECT_TIMEOUT: '3',
      ...careless,
      ...env,
    })

  it.each([
    ['plaintext', 'verify-full', 'no TLS'],
    ['plaintext', 'verify-ca', 'no TLS'],
    ['plaintext', 'require', 'no TLS'],
    ['another', 'verify-full', 'another authority'],
    ['another', 'verify-ca', 'another authority'],
    ['another', 'require', 'another authority than the one that was given'],
    ['renamed', 'verify-full', 'another name'],
    ['expired', 'verify-full', 'an expired certificate'],
    ['expired', 'verify-ca', 'an expired certificate'],
  ] as const)('%s under %s never hears the password: %s', async (who, mode, _) => {
    const fake = await rogue(who === 'plaintext' ? who : certificates[who], 'postgres')
    const ca = who === 'plaintext' || who === 'another' ? certificates.mine.ca : certificates[who].ca
    const { exitCode, stdout, stderr } = await ask(fake.port, { PGSSLMODE: mode, PGSSLROOTCERT: ca })
    fake.server.close()
    expect(exitCode, stderr).toBe(1)
    expect(`${stdout}${stderr}${fake.heard()}`).not.toContain(secret)
    expect(fake.heard()).not.toContain('kari')
  })

  it('a mode that there is not, or a parameter that may not be, is 2, before anything is opened', async () => {
    const fake = await rogue('plaintext', 'postgres')
    const url = (more: string) => ({
      DATABASE_URL: `postgresql://kari:${secret}@127.0.0.1:${fake.port}/meander${more}`,
    })
    const wrong = [
      ...['prefer', 'allow', 'verify_full', 'Require', 'on'].map((mode) => ({ PGSSLMODE: mode })),
      ...[
        '?sslmode=prefer',
        '?sslmode=verify-full&sslmode=disable',
        '?host=db.example.org',
        '?host=a&host=b',
        '?options=-c%20role%3Dpostgres',
        '?sslnegotiation=direct',
        '?nosuch=1',
      ].map(url),
    ]
    const ended = await Promise.all(wrong.map((env) => ask(fake.port, env)))
    fake.server.close()
    for (const [n, { exitCode, stdout, stderr }] of ended.entries()) {
      expect(exitCode, JSON.stringify(wrong[n])).toBe(2)
      expect(`${stdout}${stderr}`).not.toContain(secret)
    }
    expect(fake.heard()).toBe('')
  })

  it('a password file that others can read is not read', async () => {
    const fake = await rogue('plaintext', 'postgres')
    const file = at('open.pgpass')
    writeFileSync(file, `*:*:*:*:${secret}\n`, { mode: 0o644 })
    const { exitCode, stderr } = await ask(fake.port, { PGPASSWORD: '', PGPASSFILE: file })
    fake.server.close()
    expect(exitCode).toBe(2)
    expect(stderr).toContain('can be read by others')
    expect(stderr + fake.heard()).not.toContain(secret)
  })
})

describe('Redis', () => {
  it.each(['another', 'renamed', 'expired'] as const)(
    'of %s certificate never hears the password, whatever Node.js was told to let pass',
    async (who) => {
      const fake = await rogue(certificates[who], 'redis')
      const { stdout, stderr } = await tool(['blocklist', 'status', '-o', 'json', '--debug'], {
        DATABASE_URL: server.url('kari', database, password),
        REDIS_URL: `rediss://publisher:${secret}@localhost:${fake.port}`,
        REDIS_TLS_CA: who === 'another' ? certificates.mine.ca : certificates[who].ca,
        ...careless,
      })
      fake.server.close()
      expect(fake.heard()).toBe('')
      expect(`${stdout}${stderr}`).not.toContain(secret)
      expect(`${stdout}${stderr}`).toMatch(/certificate/)
    },
  )
})

describe('a secret', () => {
  const urlOf = (login: string, name = database) => server.url(login, name, secret)
  const profile = (command: string) => {
    mkdirSync(at('config/meanderctl'), { recursive: true })
    const entry = {
      databaseUrl: `postgresql://kari@${server.host}:${server.port}/${database}`,
      passwordCommand: command,
    }
    writeFileSync(at('config/meanderctl/config.json'), JSON.stringify({ profiles: { mine: entry } }), {
      mode: 0o600,
    })
    return ['--profile', 'mine']
  }

  it('is in no error, whatever fails', async () => {
    const redis = { DATABASE_URL: server.url('kari', database, password) }
    const cases: readonly (readonly [readonly string[], Record<string, string>])[] = [
      [['whoami'], { DATABASE_URL: urlOf('kari') }],
      [['whoami'], { DATABASE_URL: urlOf('kari', 'nosuch') }],
      [['whoami'], { DATABASE_URL: `postgresql://kari:${secret}@127.0.0.1:1/x` }],
      [['whoami'], { DATABASE_URL: `postgresql://kari:${secret}%@127.0.0.1/x` }],
      [['whoami'], { DATABASE_URL: `postgresql://kari:${secret}@[::1/x` }],
      [['doctor'], { DATABASE_URL: urlOf('kari') }],
      [['doctor'], { ...redis, REDIS_URL: `redis://:${secret}@127.0.0.1:1` }],
      [['blocklist', 'status'], { ...redis, REDIS_URL: `redis://:${secret}@[127.0.0.1` }],
      [['blocklist', 'status'], { ...redis, REDIS_URL: `redis://127.0.0.1:1?password=${secret}` }],
      [['whoami', ...profile(`echo ${secret}; exit 3`)], {}],
    ]
    const ended = await Promise.all(
      cases.flatMap(([argv, env]) => [tool([...argv, '--debug'], env), tool([...argv, '-o', 'json'], env)]),
    )
    for (const { exitCode, stdout, stderr } of ended) {
      expect([1, 2, 4, 7], stderr).toContain(exitCode)
      expect(`${stdout}${stderr}`.replaceAll(`echo ${secret}`, '')).not.toContain(secret)
    }
  })

  it('is in nobody’s arguments, and in no environment that it was not in', async () => {
    const file = at('secrets.env')
    writeFileSync(file, `PGPASSWORD=${password}\n`, { mode: 0o600 })
    const looking =
      'for p in $$ $PPID; do cat /proc/$p/cmdline /proc/$p/environ | tr "\\0" "\\n"; done; echo seen'
    const { screen } = await runInPty(`'${process.execPath}' '${bin}' users list --env-file '${file}'`, {
      columns: 200,
      env: cleanEnvironment({
        HOME: home,
        DATABASE_URL: `postgresql://kari@${server.host}:${server.port}/${database}`,
        PAGER: looking,
      }),
    })
    expect(screen).toContain('seen')
    expect(screen).toContain('users')
    expect(screen).not.toContain(password)
  })

  it('a token’s hash leaves by no command', async () => {
    const rows = await server.query<{ hex: string; base64: string }>(
      `select encode(token_hash, 'hex') as hex, encode(token_hash, 'base64') as base64
       from meander.refresh_tokens where session_id = $1`,
      [session],
      database,
    )
    expect(rows).toHaveLength(3)
    const env = { DATABASE_URL: server.url('kari', database, password) }
    const shown = await Promise.all(
      [
        ['sessions', 'show', session],
        ['sessions', 'list', '--state', 'any'],
        ['trace', session],
        ['audit', 'export'],
        ['users', 'show', 'mari@hlf.example'],
      ].map((argv) => tool([...argv, '-o', argv[1] === 'export' ? 'ndjson' : 'json', '--debug'], env)),
    )
    for (const { exitCode, stdout, stderr } of shown) {
      expect(exitCode, stderr).toBe(0)
      for (const { hex, base64 } of rows)
        for (const form of [hex, base64, hex.toUpperCase()]) expect(`${stdout}${stderr}`).not.toContain(form)
    }
  })
})

it('nothing is read from the working folder', async () => {
  const trap = at('trap')
  const marker = at('sprung')
  const fake = await rogue('plaintext', 'postgres')
  const evil = `postgresql://kari:${secret}@127.0.0.1:${fake.port}/meander`
  const springs = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, 'sprung')`
  const files: Record<string, string> = {
    '.env': `DATABASE_URL=${evil}\nPGHOST=127.0.0.1\nPGPORT=${fake.port}\nMEANDERCTL_ORG=nhf\n`,
    '.env.local': `DATABASE_URL=${evil}\n`,
    '.pgpass': `*:*:*:*:${secret}\n`,
    '.pg_service.conf': `[mine]\nhost=127.0.0.1\nport=${fake.port}\n`,
    'pg_service.conf': `[mine]\nhost=127.0.0.1\nport=${fake.port}\n`,
    'config.json': JSON.stringify({ profiles: { mine: { databaseUrl: evil } }, current: 'mine' }),
    'meanderctl.json': JSON.stringify({ databaseUrl: evil, output: 'json' }),
    '.meanderctlrc': `output=json\n`,
    'package.json': JSON.stringify({
      type: 'commonjs',
      imports: { '#x': './x.js' },
      meanderctl: { output: 'json' },
    }),
    ...Object.fromEntries(
      ['pg', 'commander', 'ioredis', 'chalk', 'dotenv', 'pg-native', 'meanderctl'].flatMap((name) => [
        [`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' })],
        [`node_modules/${name}/index.js`, springs],
      ]),
    ),
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(trap, name, '..'), { recursive: true })
    writeFileSync(join(trap, name), text, { mode: 0o600 })
  }
  const bare = await tool(['whoami'], { XDG_CONFIG_HOME: at('nowhere') }, trap)
  expect(bare).toMatchObject({ exitCode: 2, stdout: '' })
  const env = { DATABASE_URL: server.url('kari', database, password), XDG_CONFIG_HOME: at('nowhere') }
  const argv = ['sessions', 'list', '--state', 'any', '-o', 'csv']
  const [here, there] = await Promise.all([tool(argv, env, trap), tool(argv, env)])
  expect(here).toMatchObject({ exitCode: 0, stdout: there.stdout, stderr: there.stderr })
  fake.server.close()
  expect(fake.heard()).toBe('')
  expect(() => readFileSync(marker)).toThrow('ENOENT')
})
