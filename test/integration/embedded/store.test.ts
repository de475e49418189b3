import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { lock } from '../../../src/config/lock.ts'
import { asLogin, openEmbedded } from '../../../src/embedded/engine.ts'
import { findPhone, lostPhoneOwner } from '../../../src/embedded/phone.ts'
import { createStore, resetStore } from '../../../src/embedded/store.ts'
import type { Database } from '../../../src/postgres/database.ts'
import { listSessions, revokeSessions, type Session } from '../../../src/postgres/sessions.ts'
import { buildProgram, type Program } from './process.ts'

const toolVersion = 'test'
let program: Program
let whole: string
let copies = 0
const open: Database[] = []

/** A data folder with a store that nobody has touched. */
const freshFolder = (): string => {
  const folder = join(program.folder, `copy-${copies++}`)
  cpSync(whole, folder, { recursive: true })
  return folder
}
const enter = async (folder: string, login = 'kari'): Promise<Database> => {
  const db = await openEmbedded({ folder, login, waitMs: 0 })
  open.push(db)
  return db
}
const sessionsOf = (db: Database, selector: object): Promise<Session[]> =>
  listSessions(db, 'reach', { selector, sort: 'last-activity', after: null, limit: 10_000, floor: null })
const revoke = (db: Database, id: string) =>
  db.transaction((tx) =>
    revokeSessions(tx, 'reach', { ids: [id], reason: 'lost', ticket: null, requestId: null }),
  )
const counts = async (db: Database) =>
  await db.query(
    'select state, count(*) from meander.list_sessions($1, $2, null, null, 10000) group by 1 order by 1',
    [{ state: 'any' }, 'created'],
  )

beforeAll(async () => {
  program = await buildProgram()
  whole = join(program.folder, 'whole')
  expect(await createStore({ folder: whole, toolVersion })).toBe(true)
})
afterEach(async () => {
  for (const db of open.splice(0)) await db.close()
})
afterAll(() => program?.remove())

describe('the store', () => {
  test('has three organizations, some 200 users and 600 sessions in every state', async () => {
    const db = await asLogin(await enter(freshFolder()), 'postgres')
    expect(
      await db.query(
        `select (select count(*) from meander.organizations where slug <> 'platform') as organizations,
           (select count(*) from meander.users) as users, (select count(*) from meander.sessions) as sessions`,
      ),
    ).toEqual([{ organizations: 3, users: 203, sessions: 600 }])
    const states = await db.query<{ organization: string; state: string; number: number }>(
      `select organization, meander.session_state(revoked_at, effective_expires_at, clock_timestamp()) as state, count(*) as number
       from meander.session_details group by 1, 2`,
    )
    expect(states).toHaveLength(9)
    for (const { organization, state, number } of states)
      expect(number, `${organization} ${state}`).toBeGreaterThan(8)
    expect(await db.query('select login, state, role from meander.list_operators()')).toEqual([
      { login: 'gro', state: 'enabled', role: 'global_admin' },
      { login: 'kari', state: 'enabled', role: 'org_admin' },
    ])
  })

  test('keeps what every store of Meander promises', async () => {
    const db = await asLogin(await enter(freshFolder()), 'postgres')
    const broken = {
      'a revoked session with a live refresh token': `select s.id from meander.sessions s
        join meander.refresh_tokens t on t.session_id = s.id
        where s.revoked_at is not null and t.rotated_at is null and t.revoked_at is null`,
      'an access token of a revoked session that is not blocked': `select t.access_jti from meander.sessions s
        join meander.refresh_tokens t on t.session_id = s.id
        where s.revoked_at is not null and t.access_expires_at > clock_timestamp()
          and not exists (select from meander.token_blocklist b where b.jti = t.access_jti)`,
      'a revocation that is on no record': `select id from meander.sessions s where revoked_at is not null
        and not exists (select from meander.audit_log a where a.target_id = s.id::text and a.action = 'session.revoked')`,
      'times in the wrong order': `select id from meander.sessions
        where not (created_at <= last_activity_at and last_activity_at <= clock_timestamp() and created_at < expires_at)`,
      'a chain that is no chain': `select c.id from meander.refresh_tokens c join meander.refresh_tokens p on p.id = c.parent_id
        where c.session_id <> p.session_id or p.rotated_at is distinct from c.created_at`,
      'a name twice in an organization': `select organization_id, display_name from meander.users group by 1, 2 having count(*) > 1`,
    }
    for (const [what, sql] of Object.entries(broken)) expect(await db.query(sql), what).toEqual([])
  })

  test('is opened again with what was done in it', async () => {
    const folder = freshFolder()
    const first = await enter(folder)
    const [session] = await sessionsOf(first, {})
    await revoke(first, session?.id ?? '')
    await first.close()
    expect(await sessionsOf(await enter(folder), { ids: [session?.id], state: 'revoked' })).toEqual([
      expect.objectContaining({ id: session?.id, revokedBy: 'kari', revokeReason: 'lost' }),
    ])
  })

  test('starts over when it is reset', async () => {
    const folder = freshFolder()
    const first = await enter(folder)
    const before = await counts(first)
    const [session] = await sessionsOf(first, {})
    await revoke(first, session?.id ?? '')
    expect(await counts(first)).not.toEqual(before)
    await expect(resetStore({ folder, toolVersion, waitMs: 0 })).rejects.toMatchObject({ code: 'FAILED' })
    await first.close()
    await resetStore({ folder, toolVersion, waitMs: 0 })
    expect(await counts(await enter(folder))).toEqual(before)
  })

  test("has an administrator, who takes an operator's rights and gives them back", async () => {
    const kari = await enter(freshFolder())
    const admin = await asLogin(kari, 'postgres')
    await admin.query(
      "select meander.disable_operator('kari', 'gone', null), meander.terminate_login('kari')",
    )
    await expect(sessionsOf(kari, {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED', sqlState: 'MC401' })
    await admin.query("select meander.enable_operator('kari')")
    expect(await sessionsOf(kari, {})).not.toEqual([])
  })

  test('is made once, and for its owner alone', async () => {
    const folder = freshFolder()
    const made = statSync(join(folder, 'demo')).ino
    expect(await createStore({ folder, toolVersion })).toBe(false)
    expect(statSync(join(folder, 'demo')).ino).toBe(made)
    expect(statSync(join(whole, 'demo')).mode & 0o077).toBe(0)
  })
})

/** Whoever failed has let go of the store. */
const expectFree = async (folder: string) => (await lock(join(folder, 'demo.lock'), { waitMs: 0 }))()

describe('what cannot be opened says why', () => {
  test('no store', async () => {
    const folder = join(program.folder, 'nothing')
    await expect(openEmbedded({ folder, login: 'kari' })).rejects.toMatchObject({
      code: 'USAGE',
      hint: 'Make it: meanderctl demo',
    })
    await expectFree(folder)
  })

  test.each(['nils', 'meander_functions', 'kari"; drop schema meander'])('the login %s', async (login) => {
    const folder = freshFolder()
    await expect(openEmbedded({ folder, login })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      hint: 'Set PGUSER to one of auth, gro, kari, postgres',
    })
    await expectFree(folder)
  })

  test('a broken store', async () => {
    const folder = freshFolder()
    writeFileSync(join(folder, 'demo/global/pg_control'), 'broken')
    await expect(openEmbedded({ folder, login: 'kari' })).rejects.toMatchObject({
      code: 'FAILED',
      hint: 'Start over: meanderctl demo --reset',
    })
    await expectFree(folder)
  })

  test('a folder that cannot be made', async () => {
    const file = join(program.folder, 'file')
    writeFileSync(file, '')
    await expect(createStore({ folder: file, toolVersion })).rejects.toMatchObject({
      code: 'FAILED',
      hint: 'Set XDG_DATA_HOME to a folder that you may write',
    })
  })

  test('the optional part left out', async () => {
    const lean = await buildProgram({ without: true })
    mkdirSync(join(lean.folder, 'demo'))
    const said = await lean.run('open', lean.folder).says('code')
    lean.remove()
    expect(JSON.parse(said)).toEqual({
      code: 'FAILED',
      message: 'The embedded PostgreSQL is an optional part that is not installed',
      hint: expect.stringContaining('npm install @electric-sql/pglite'),
    })
  })
})

describe('the lost phone', () => {
  test('refreshes until its session is revoked, and is out then', async () => {
    const kari = await enter(freshFolder())
    const phone = await findPhone(await asLogin(kari, 'auth'))
    expect(await phone.callApi()).toMatchObject({ accepted: true })
    expect(await phone.refresh()).toMatchObject({ accepted: true })
    expect(await phone.refresh()).toMatchObject({ accepted: true })
    const [session] = await sessionsOf(kari, { user: lostPhoneOwner.email, device: 'iphone' })
    expect(session).toMatchObject({ id: phone.sessionId, userName: 'Ingrid Solberg', state: 'active' })

    expect(await revoke(kari, phone.sessionId)).toMatchObject({
      summary: { revoked: 1, refreshTokensRevoked: 1, accessTokensBlocked: expect.any(Number) },
    })
    expect(await phone.refresh()).toEqual({
      accepted: false,
      message: 'the refresh token is spent or its session is not active',
    })
    expect(await phone.callApi()).toEqual({
      accepted: false,
      message: 'the access token is on the blocklist',
    })
    expect(await sessionsOf(kari, { user: lostPhoneOwner.email })).toEqual([
      expect.objectContaining({ kind: 'portal' }),
    ])
  })

  test('signs in again for the next demo', async () => {
    const kari = await enter(freshFolder())
    const auth = await asLogin(kari, 'auth')
    const first = await findPhone(auth)
    await revoke(kari, first.sessionId)
    const second = await findPhone(auth)
    expect(second.sessionId).not.toBe(first.sessionId)
    expect(await second.refresh()).toMatchObject({ accepted: true })
    expect((await findPhone(auth)).sessionId).toBe(second.sessionId)
  })
})

describe('two processes on one store', () => {
  test('lose nothing', async () => {
    const folder = freshFolder()
    const both = [program.run('write', folder, '4'), program.run('write', folder, '4')]
    expect(await Promise.all(both.map((one) => one.ended()))).toEqual([0, 0])
    const db = await enter(folder, 'postgres')
    expect(await db.query("select count(*) from meander.schema_files where sha256 = 'mark'")).toEqual([
      { count: 8 },
    ])
  })

  test('killed while it was open, the store has what was committed', async () => {
    const folder = freshFolder()
    const writer = program.run('write', folder, '1000')
    await writer.says('wrote 3')
    writer.child.kill('SIGKILL')
    await writer.ended()
    const db = await enter(folder, 'postgres')
    const [row] = await db.query<{ count: number }>(
      "select count(*) from meander.schema_files where sha256 = 'mark'",
    )
    expect(row?.count).toBeGreaterThanOrEqual(3)
    expect(await sessionsOf(await asLogin(db, 'kari'), {})).not.toEqual([])
  })
})

describe('killed in the middle of making it', () => {
  test('nothing half made is ever opened, and the next one makes it', async () => {
    const folder = join(program.folder, 'killed')
    const unfinished = join(folder, 'demo.new')
    const killAfter = async (ms: number, there: () => boolean) => {
      const maker = program.run('create', folder)
      await maker.says('creating')
      while (!there()) await sleep(5)
      await sleep(ms)
      maker.child.kill('SIGKILL')
      await maker.ended()
      expect(readdirSync(folder).sort()).toEqual(['demo.lock', 'demo.new'])
      await expect(openEmbedded({ folder, login: 'kari', waitMs: 0 })).rejects.toMatchObject({
        code: 'USAGE',
      })
    }
    // Three stores are made, each of which takes a busy machine its time: migrating or seeding, and then while what that left is made anew.
    await killAfter(300, () => existsSync(join(unfinished, 'PG_VERSION')))
    await killAfter(300, () => existsSync(unfinished) && readdirSync(unfinished).length === 0)
    expect(await createStore({ folder, toolVersion, waitMs: 0 })).toBe(true)
    expect(readdirSync(folder).sort()).toEqual(['demo', 'demo.lock'])
    const kari = await enter(folder)
    expect(await counts(kari)).toEqual(await counts(await enter(freshFolder())))
  }, 90_000)
})
