import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ServerSettings } from '../../../src/config/database-settings.ts'
import { loadSettings } from '../../../src/config/settings.ts'
import { connect } from '../../../src/postgres/connection.ts'
import { type Certificates, makeCertificates } from '../../support/certificates.ts'
import { type PrivatePostgres, startPostgres } from '../../support/postgres.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

const nowhere = { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' }

let server: PrivatePostgres
let elsewhere: PrivatePostgres
let folder: string
let certificates: Certificates

const attempt = async (env: Record<string, string>) => {
  const settings = (
    await loadSettings({
      env: { ...nowhere, PGUSER: 'berit', PGPASSWORD: 'battery', PGDATABASE: 'postgres', ...env },
    })
  ).database
  return connect(settings as ServerSettings)
}
const at = (one: PrivatePostgres, host = 'localhost') => ({
  PGHOST: host,
  PGHOSTADDR: '127.0.0.1',
  PGPORT: String(one.port),
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meanderctl-tls-'))
  certificates = makeCertificates(join(folder, 'mine'), { client: 'berit' })
  const other = makeCertificates(join(folder, 'other'), { names: ['DNS:db.elsewhere.example'] })
  const hba = [
    'hostssl all berit 127.0.0.1/32 scram-sha-256',
    'hostssl all cindy 127.0.0.1/32 cert',
    'host all postgres 127.0.0.1/32 trust',
  ]
  ;[server, elsewhere] = await Promise.all([
    startPostgres({ tls: certificates, hba }),
    startPostgres({ tls: other, hba }),
  ])
  for (const one of [server, elsewhere])
    await one.query(`create role berit login password 'battery'; create role cindy login`)
})
afterAll(async () => {
  await Promise.all([server?.stop(), elsewhere?.stop()])
  rmSync(folder, { recursive: true })
})

describe('TLS', () => {
  test.each(['verify-full', 'verify-ca', 'require'])(
    '%s with the right authority, over SCRAM bound to the channel',
    async (mode) => {
      const db = await attempt({ ...at(server), PGSSLMODE: mode, PGSSLROOTCERT: certificates.ca })
      expect(await db.tls()).toMatch(/^TLSv1\.[23] \S+$/)
      await db.close()
    },
  )

  test('covers the interrupt too, whose key would let others stop us', async () => {
    const proxy = await startProxy(server)
    const db = await attempt({
      ...at(server),
      PGPORT: String(proxy.port),
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: certificates.ca,
    })
    const asked: Buffer[] = []
    proxy.onRequest = (bytes) => {
      asked.push(bytes)
      return 'pass'
    }
    const sleeping = db.query('select pg_sleep(20)')
    setTimeout(() => db.cancel(), 100)
    await expect(sleeping).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const codes = asked
      .filter((bytes) => bytes.readUInt32BE(0) === bytes.length)
      .map((bytes) => bytes.readUInt32BE(4))
    // SSLRequest, and no CancelRequest in the clear.
    expect(codes).toEqual([80877103])
    await db.close()
    await proxy.close()
  })

  test('in a URL, and with a certificate instead of a password', async () => {
    const mine = makeCertificates(join(folder, 'cindy'), { client: 'cindy' })
    const fresh = await startPostgres({
      tls: mine,
      hba: ['hostssl all cindy 127.0.0.1/32 cert', 'host all postgres 127.0.0.1/32 trust'],
    })
    await fresh.query('create role cindy login')
    chmodSync(mine.clientKey, 0o600)
    const files = `sslmode=verify-full&sslrootcert=${mine.ca}&sslcert=${mine.clientCert}&sslkey=${mine.clientKey}`
    const db = await attempt({
      PGPASSWORD: '',
      DATABASE_URL: `postgresql://cindy@127.0.0.1:${fresh.port}/postgres?${files}`,
    })
    expect(await db.query('select session_user::text as login')).toEqual([{ login: 'cindy' }])
    await db.close()
    await fresh.stop()
  })

  test('uses ~/.postgresql/root.crt, as psql does', async () => {
    const home = join(folder, 'home')
    cpSync(certificates.ca, join(home, '.postgresql', 'root.crt'))
    const db = await attempt({ ...at(server), HOME: home, PGSSLMODE: 'verify-full' })
    await db.close()
  })

  test.each([
    ['an authority that nobody knows', 'verify-full', false, 'localhost', /is not trusted/],
    ['a certificate of another authority', 'verify-ca', true, 'localhost', /is not trusted/],
    [
      'a certificate for another name',
      'verify-full',
      true,
      'db.mine.example',
      /is for somebody else: .*db\.mine\.example/,
    ],
  ])('refuses %s', async (_, mode, own, host, message) => {
    const one = mode === 'verify-ca' ? elsewhere : server
    const failure = attempt({
      ...at(one, host),
      PGSSLMODE: mode,
      ...(own ? { PGSSLROOTCERT: certificates.ca } : {}),
    })
    await expect(failure).rejects.toMatchObject({
      code: 'FAILED',
      message: expect.stringMatching(message),
      hint: expect.any(String),
    })
  })

  test('require alone takes any certificate, for it was asked for by name', async () => {
    const db = await attempt({ ...at(elsewhere), PGSSLMODE: 'require' })
    expect(await db.tls()).toMatch(/^TLS/)
    await db.close()
  })

  test('a server that wants TLS says so to one that came without', async () => {
    await expect(attempt(at(server))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      hint: expect.stringContaining('PGSSLMODE=verify-full'),
    })
  })

  test.each(['verify_full', 'prefer', 'allow', 'VERIFY-FULL'])(
    'refuses the mode %s before anything is opened',
    async (mode) => {
      await expect(attempt({ ...at(server), PGSSLMODE: mode })).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('PGSSLMODE'),
      })
    },
  )
})

describe('a rogue server', () => {
  /** Answers TLS requests with `answer`, then asks for the password in the clear, and keeps what it hears. */
  const rogue = async (answer: string): Promise<{ server: Server; port: number; heard: () => string }> => {
    let heard = ''
    const listening = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        heard += bytes.toString('latin1')
        if (bytes.length === 8) socket.write(answer)
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
      })
    })
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    return { server: listening, port: (listening.address() as AddressInfo).port, heard: () => heard }
  }

  test.each([
    ['offers no TLS', 'N', 'verify-full'],
    ['says yes to TLS and speaks on in the clear', 'S', 'verify-full'],
    ['does so where the certificate is not checked', 'S', 'require'],
    ['answers with an error', 'E', 'require'],
  ])('that %s never hears the password', async (_, answer, mode) => {
    const fake = await rogue(answer)
    const failure = attempt({
      PGHOST: '127.0.0.1',
      PGPORT: String(fake.port),
      PGSSLMODE: mode,
      PGCONNECT_TIMEOUT: '2',
    })
    await expect(failure).rejects.toMatchObject({ code: 'FAILED' })
    expect(fake.heard()).not.toContain('battery')
    fake.server.close()
  })
})
