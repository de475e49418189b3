import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { documented } from '../support/documented.ts'
import { people } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { cleanEnvironment } from './meanderctl.ts'
import { type Stage, sessionOf, setStage } from './stage.ts'

/** The package as others install it, and the listings of docs/library.md against clients that are really locked out. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const server = postgresAt(inject('postgres'))

/** The portal's own: who is signed in to it. And what Next.js does with a route handler. */
const portal = `
export const adminOf = async (request) => {
  const id = request.headers.get('x-signed-in')
  return id && { id }
}`
const bridge = `
import { createServer } from 'node:http'
import * as handlers from './route.js'
createServer(async (incoming, outgoing) => {
  const { method, url, headers } = incoming
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}
  const request = new Request(new URL(url, 'http://localhost'), { method, headers, ...body })
  const handler = handlers[method] ?? (() => new Response(null, { status: 405 }))
  const answer = await handler(request, { params: Promise.resolve({ id: url.split('/').at(-1) }) })
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}).listen(process.env.PORT)`

describe.each(['redis', 'database'] as const)('where the platform reads %s', (mode) => {
  const page = documented('library.md', [])
  let stage: Stage
  let url: string
  let env: Record<string, string>
  beforeAll(async () => {
    stage = await setStage(server, mode)
    writeFileSync(join(page.folder, 'portal.js'), portal)
    writeFileSync(join(page.folder, 'next.js'), bridge)
    env = {
      DATABASE_URL: server.url('kari', stage.database, password),
      ...(stage.redis && { REDIS_URL: stage.redis.url }),
    }
    url = await page.serve('next.js', env)
  })
  afterAll(async () => {
    page.remove()
    await stage?.strike()
  })
  afterEach(() => expect(stage.platform.failures).toEqual([]))

  const calls = async (
    method: string,
    id: string,
    body?: object,
    signedIn: string | null = people.liv.id,
  ) => {
    const response = await fetch(`${url}/users/${id}`, {
      method,
      headers: signedIn === null ? {} : { 'x-signed-in': signedIn },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }

  it('a route handler ends one session, and all of a user', async () => {
    const { phone, portal, expectPhoneGone, expectPortalGone, expectServed } = stage
    const [lost, kept, browser] = [await phone('ola'), await phone('ola'), await portal('ola')]
    const others = [await phone('mari'), await portal('mari'), await phone('per')]
    const session = await sessionOf(lost.client)
    expect((await calls('GET', people.ola.id)).body).toHaveLength(3)
    const ended = await calls('DELETE', people.ola.id, {
      session,
      reason: 'lost phone',
      onBehalfOf: people.kari.id,
    })
    expect(ended).toMatchObject({ status: 200, body: { summary: { revoked: 1 }, residualAccess: [] } })
    await expectPhoneGone(lost)
    await expectServed(kept, browser, ...others)

    expect(await calls('DELETE', people.ola.id)).toMatchObject({
      body: { outcome: 'signedOut', sessionsRevoked: 2 },
    })
    await expectPhoneGone(kept)
    await expectPortalGone(browser)
    await expectServed(...others, await phone('ola'))
    const record = await stage.succeeds(['audit', 'list', '--target', session, '-o', 'json'])
    expect(JSON.parse(record).items).toMatchObject([
      { actor: 'kari', actorUserId: people.kari.id, details: { onBehalfOf: people.liv.id } },
    ])
  })

  it('a route handler lets somebody in and ends that', async () => {
    const { phone, portal, expectPhoneGone, expectPortalGone, expectServed } = stage
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const grant = (await calls('POST', people.gro.id, { until })).body as { id: string }
    expect(grant).toMatchObject({ organization: 'hlf', state: 'active' })
    const [visiting, browsing] = [await phone('gro', grant.id), await portal('gro', grant.id)]
    const others = [await phone('gro'), await phone('ola')]
    const ended = await calls('DELETE', people.gro.id, { grant: grant.id, reason: 'solved' })
    expect(ended).toMatchObject({ status: 200, body: { summary: { revoked: 1, sessionsRevoked: 2 } } })
    await expectPhoneGone(visiting)
    await expectPortalGone(browsing)
    await expectServed(...others)
    await expect(phone('gro', grant.id)).rejects.toMatchObject({ status: 403 })
  })

  it('a route handler says no with the right number', async () => {
    const theirs = await stage.phone('per')
    const session = await sessionOf(theirs.client)
    expect(await calls('GET', people.per.id)).toEqual({ status: 404, body: { error: 'NOT_FOUND' } })
    expect(await calls('DELETE', people.per.id)).toMatchObject({ status: 404 })
    expect(await calls('DELETE', people.per.id, { session })).toMatchObject({ status: 404 })
    expect(await calls('DELETE', people.ola.id, undefined, people.nils.id)).toMatchObject({ status: 404 })
    expect(await calls('DELETE', 'everybody')).toMatchObject({ status: 400 })
    expect(await calls('GET', people.ola.id, undefined, null)).toMatchObject({ status: 401 })
    await stage.expectServed(theirs)
  })

  it('a plain script signs people out', async () => {
    const { phone, portal, expectPhoneGone, expectPortalGone, expectServed } = stage
    const [lost, browser, others] = [
      await phone('mari'),
      await portal('liv'),
      [await phone('kari'), await phone('per')],
    ]
    const { stdout, exitCode } = await execa(
      process.execPath,
      ['sign-out.js', people.mari.id, people.liv.id],
      {
        cwd: page.folder,
        env: cleanEnvironment({ ...env, TICKET: 'NIGHT-1' }),
        extendEnv: false,
      },
    )
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: `${people.mari.id} signedOut 0\n${people.liv.id} signedOut 0`,
    })
    await expectPhoneGone(lost)
    await expectPortalGone(browser)
    await expectServed(...others)
  })
})

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-pack-'))
  const npm = (cwd: string, ...args: string[]) =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--cache', join(folder, 'cache')], {
      cwd,
      encoding: 'utf8',
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  const home = join(folder, 'app')
  let files: string[]
  beforeAll(() => {
    mkdirSync(home)
    writeFileSync(join(home, 'package.json'), '{"type":"module","private":true}')
    const [packed] = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder))
    files = packed.files.map(({ path }: { path: string }) => path)
    npm(home, 'install', '--omit=dev', '--omit=optional', join(folder, packed.filename))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('has what runs and what explains it, and nothing else', () => {
    expect([...new Set(files.map((path) => path.split('/')[0]))].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'docs',
      'man',
      'package.json',
    ])
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/main.js',
        'dist/index.js',
        'dist/blocklist.js',
        'dist/types/index.d.ts',
        'dist/types/blocklist.d.ts',
        'dist/access.sql',
        'dist/migrations/0001_tables.sql',
      ]),
    )
    expect(files.filter((path) => /meta|\.map$|\.env|test/.test(path))).toEqual([])
  })

  it('installs alone, and both of its faces and its command start', async () => {
    expect(readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'meanderctl',
    ])
    const script = `
      import * as library from 'meanderctl'
      import * as blocklist from 'meanderctl/blocklist'
      console.log(JSON.stringify([Object.keys(library), Object.keys(blocklist)]))
      const connection = library.connect({ env: process.env })
      const service = new library.SessionManagementService(connection, { reason: 'installed' })
      console.log((await service.getActiveSessions('${people.kari.id}').catch((error) => error)).code)
      await connection.close()`
    writeFileSync(join(home, 'app.js'), script)
    const env = cleanEnvironment({ DATABASE_URL: server.url('kari', 'postgres', password) })
    const { stdout } = await execa(process.execPath, ['app.js'], { cwd: home, env, extendEnv: false })
    const [names = '', code] = stdout.split('\n')
    expect(JSON.parse(names)).toEqual([
      ['Connection', 'MeanderError', 'OwnSessions', 'SessionManagementService', 'connect'],
      ['blocklistCheck'],
    ])
    // The database has no schema: as far as that it came, over its own client of PostgreSQL.
    expect(code).toBe('FAILED')
    const bin = join(home, 'node_modules/.bin/meanderctl')
    const started = await execa(bin, ['--version'], { env: cleanEnvironment(), extendEnv: false })
    expect(started.stdout).toMatch(/^meanderctl \d+\.\d+\.\d+ \(.*schema \d+\)$/)
  })

  it('has types that need no package but those of Node.js', async () => {
    const program = `
      import { connect, type Grant, MeanderError, OwnSessions, type Session, SessionManagementService } from 'meanderctl'
      import { type BlocklistCheck, blocklistCheck } from 'meanderctl/blocklist'
      const check: BlocklistCheck = blocklistCheck({ redis: 'redis://127.0.0.1' })
      const connection = connect({ database: 'postgresql://kari@127.0.0.1/meander', connections: 3 })
      const service = new SessionManagementService(connection, { reason: 'types' })
      const sessions: Promise<Session[]> = service.getActiveSessions('')
      const grant: Promise<Grant> = service.createSupportAccessGrant('', new Date())
      const ended: Promise<number> = service.terminateSession('').then(({ summary }) => summary.revoked)
      const own = new OwnSessions(connection).endOthers('', '').then(({ residualAccess }) => residualAccess)
      export const all = [check.isBlocked(''), sessions, grant, ended, own, MeanderError]
      // @ts-expect-error a context has a reason
      service.terminateSession('', {})
      // @ts-expect-error the parts behind it are nobody's business
      service.users`
    writeFileSync(join(home, 'app.ts'), program)
    mkdirSync(join(home, 'node_modules/@types'))
    for (const name of ['@types/node', 'undici-types'])
      symlinkSync(join(root, 'node_modules', name), join(home, 'node_modules', name))
    const options = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2022'],
      types: ['node'],
    }
    writeFileSync(
      join(home, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['app.ts'] }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await execa(process.execPath, [tsc, '-p', home], { reject: false })
    expect(stdout).toBe('')
  })
})

it('a server loads no terminal library, and the check no more than a client of Redis', () => {
  const outputs: Record<string, { inputs: Record<string, unknown>; imports: { path: string }[] }> =
    JSON.parse(readFileSync(join(root, 'dist/meta-library.json'), 'utf8'))
  /** Rooms of src and packages in whatever this file may ever load. */
  const behind = (entry: string): string[] => {
    const files = new Set([entry])
    for (const file of files)
      for (const { path } of outputs[file]?.imports ?? []) if (outputs[path]) files.add(path)
    const inputs = [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))
    const names = inputs.flatMap(
      (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? /^src\/[\w.]+/.exec(path)?.[0] ?? [],
    )
    return [...new Set(names)].sort()
  }
  const library = behind('dist/index.js')
  expect(library).toEqual(expect.arrayContaining(['pg', 'ioredis', 'src/service']))
  const packages = /^(commander|chalk|ora|@inquirer\/.*|string-width|csv-.*|dotenv|@electric-sql\/pglite)$/
  const rooms = /^src\/(terminal|views|commands|context|program|main|embedded)/
  const terminal = (name: string) => packages.test(name) || rooms.test(name)
  expect(library.filter(terminal)).toEqual([])
  const check = behind('dist/blocklist.js')
  expect(check).toEqual(expect.arrayContaining(['ioredis', 'src/blocklist.ts']))
  expect(check.filter((name) => /^pg|zod|service|postgres/.test(name) || terminal(name))).toEqual([])
})
