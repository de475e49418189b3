import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../../support/as-login.ts'
import { everythingOf } from '../../support/bystanders.ts'
import {
  createTemplate,
  emailOf,
  organizations,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../../support/people.ts'
import { type PostgresServer, postgresAt, startPostgres } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { ownFolder } from '../../support/users.ts'

/** What cannot be put on record is not done: whatever kept the event out, nothing is changed, and the cause is told. */

const shared = postgresAt(inject('postgres'))
const folder = ownFolder()
const key = folder.path('key.pem')
let database: string
let root: Login
let grant: string
let session: string
let before: string

beforeAll(async () => {
  database = await peopledDatabase(shared)
  root = await asLogin(shared, database, shared.superuser)
  grant = await seedGrant(shared, database, 'gro', 'hlf')
  await seedGrant(shared, database, 'siv', 'hlf')
  await seedSessions(shared, database, [
    { person: 'mari', chain: 2 },
    { person: 'ola' },
    { person: 'gro', organization: 'hlf', grant },
    { person: 'ada', expiresIn: '-1 minute' },
    { person: 'per' },
  ])
  const [row] = await shared.query<{ id: string }>(
    `select s.id from meander.sessions s where s.user_id = (select id from meander.users where email = 'mari@hlf.example')`,
    [],
    database,
  )
  session = row?.id ?? ''
  const leaving = ['users', 'offboard', 'liv@hlf.example', '--reason', 'left', '--yes']
  expect((await on(shared, database, 'kari', leaving)).code).toBe(0)
  expect((await audit('kari', '--generate-key')).code).toBe(0)
})
beforeEach(async () => {
  before = await state()
})
afterAll(async () => {
  await closeLogins()
  folder.remove()
})

/** Everything of both tenants, the heads, the policies and the operators. */
const state = async (): Promise<string> =>
  [
    await everythingOf(shared, database, 'hlf'),
    await everythingOf(shared, database, 'nhf'),
    JSON.stringify(
      await shared.query(
        `select (select jsonb_agg(to_jsonb(h) order by h.organization_id) from meander.audit_heads h) as heads,
           (select jsonb_agg(to_jsonb(s)) from meander.organization_settings s) as settings,
           (select jsonb_agg(to_jsonb(o) order by o.login) from meander.operators o) as operators,
           (select jsonb_agg(to_jsonb(r)) from meander.requests r) as requests`,
        [],
        database,
      ),
    ),
  ].join('\n')

const on = (server: PostgresServer, where: string, login: string, argv: readonly string[]) =>
  run(server, where, login, argv, { redis: inject('redis').url, env: { MEANDERCTL_SIGNING_KEY_FILE: key } })
const audit = (login: string, ...argv: string[]) =>
  on(shared, database, login, ['audit', 'checkpoint', ...argv])

/** Every act on hlf, and acts that are refused: each would leave an event on hlf's chain. */
const acts = (): (readonly [login: string, argv: string[]])[] => {
  const sure = ['--reason', 'lost', '--yes']
  return [
    ['kari', ['sessions', 'revoke', session, ...sure]],
    ['kari', ['sessions', 'sweep', ...sure]],
    ['kari', ['sessions', 'policy', 'set', '--absolute-lifetime', '1h', ...sure]],
    ['kari', ['users', 'sign-out', 'mari@hlf.example', ...sure]],
    ['kari', ['users', 'offboard', 'ola@hlf.example', ...sure]],
    ['kari', ['users', 'reinstate', 'liv@hlf.example', ...sure]],
    ['kari', ['grants', 'create', '--to', emailOf('siv'), '--for', '1h', ...sure]],
    ['kari', ['grants', 'revoke', grant, ...sure]],
    ['admin', ['users', 'offboard', emailOf('gro'), ...sure]],
    ['admin', ['operators', 'disable', 'ada', ...sure]],
    // Neither gro nor ada, whose connections end with the grant and the registration.
    ['siv', ['sessions', 'list', '--org', 'hlf']],
    ['kari', ['sessions', 'sweep', '--org', 'nhf', ...sure]],
    ['kari', ['audit', 'checkpoint']],
  ]
}
/** Runs all of them at once, and says of each how it ended. */
const tryAll = async () => {
  const done = await Promise.all(
    acts().map(async ([login, argv]) => ({
      what: argv.slice(0, 2).join(' '),
      ...(await on(shared, database, login, argv)),
    })),
  )
  return done.map(({ what, code, stdout, stderr }) => ({ what, code, stdout, stderr }))
}

/** All of them failed, and each said why: a bulk run in the row of whom it is about. */
const saidOf = (tried: Awaited<ReturnType<typeof tryAll>>, cause: RegExp) => {
  for (const { what, code, stdout, stderr } of tried) {
    expect({ what, code, stdout, stderr }).toMatchObject({ what, code: 1 })
    expect(stdout + stderr, what).toMatch(cause)
    expect(stdout, what).not.toMatch(/signature|created/)
  }
}

describe('an event that cannot be written', () => {
  it('because somebody holds the head: nothing is changed, and who it is is told', async () => {
    const holder = await asLogin(shared, database, shared.superuser)
    await holder.rows(
      `begin; select from meander.audit_heads where organization_id = '${organizations.hlf}' for update`,
    )
    // Whoever needs no head of hlf is not held up.
    expect((await on(shared, database, 'nils', ['audit', 'verify'])).code).toBe(0)
    const tried = await tryAll()
    await holder.rows('rollback')
    saidOf(tried, /did not let go in time; nothing was changed/)
    expect(await state()).toBe(before)
  })

  it('because the head is gone: nothing is changed, and the check of the record is named', async () => {
    await root.rows(
      `create table public.kept as select * from meander.audit_heads where organization_id = '${organizations.hlf}';
       delete from meander.audit_heads where organization_id = '${organizations.hlf}'`,
    )
    const headless = await state()
    const tried = await tryAll()
    const after = await state()
    await root.rows('insert into meander.audit_heads select * from public.kept; drop table public.kept')
    saidOf(tried, /the audit head of an organization is missing, and what cannot be recorded is not done/)
    expect(after).toBe(headless)
    expect(await state()).toBe(before)
  })

  // The server's own words for a full disk, said by a trigger; the disk itself is below.
  it('because the server says that its disk is full: nothing is changed', async () => {
    await root.rows(`create function public.full_disk() returns trigger language plpgsql as $$ begin
        raise exception using errcode = '53100', message = 'could not extend file "base/1/2": No space left on device';
      end $$;
      grant execute on function public.full_disk to public;
      create trigger full_disk before insert on meander.audit_log for each row execute function public.full_disk()`)
    const tried = await tryAll()
    await root.rows('drop trigger full_disk on meander.audit_log; drop function public.full_disk()')
    saidOf(tried, /The disk of \S+ is full: nothing was changed/)
    expect(await state()).toBe(before)
  })

  it('and can be again: the same acts are done', async () => {
    for (const [login, argv] of acts().filter(([who]) => who === 'kari')) {
      const code = argv.includes('nhf') ? 3 : 0
      expect({ argv, ...(await on(shared, database, login, argv)) }).toMatchObject({ code })
    }
    expect((await on(shared, database, 'kari', ['audit', 'verify'])).code).toBe(0)
  })
})

describe('a disk that is really full', () => {
  it('takes no event, and the act is not done', async (context) => {
    const place = mkdtempSync(join(tmpdir(), 'meanderctl-disk-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place], { stdio: 'ignore' })
    } catch {
      rmSync(place, { recursive: true })
      return context.skip('only root on Linux can make a small disk')
    }
    const server = await startPostgres()
    try {
      await createTemplate(server)
      const own = await peopledDatabase(server)
      const { uid, gid } = statSync(join(server.folder, 'data'))
      chownSync(place, uid, gid)
      const space = join(place, 'space')
      mkdirSync(space)
      chownSync(space, uid, gid)
      await server.query(`create tablespace small location '${space}'`)
      await server.query('alter table meander.audit_log set tablespace small', [], own)
      try {
        writeFileSync(join(place, 'filler'), Buffer.alloc(2 ** 20))
      } catch {
        // That is what it is for.
      }
      const reason = 'x'.repeat(1000)
      const sessions = await seedSessions(
        server,
        own,
        Array.from({ length: 30 }, () => ({ person: 'mari' as const, chain: 2 })),
      )
      const heads = () =>
        server.query(
          "select organization_id, seq, encode(hash, 'hex') as hash from meander.audit_heads order by 1",
          [],
          own,
        )
      let known = await heads()
      for (const { id } of sessions) {
        const argv = ['sessions', 'revoke', id, '--reason', reason, '--yes']
        const ran = await on(server, own, 'kari', argv)
        if (ran.code === 0) {
          known = await heads()
          continue
        }
        expect(ran).toMatchObject({ code: 1, stdout: '' })
        expect(ran.stderr).toMatch(
          /^meanderctl: The disk of \S+ is full: nothing was changed\nMake room there/m,
        )
        expect(await heads()).toEqual(known)
        const [left] = await server.query(
          `select s.revoked_at, (select count(*)::int from meander.refresh_tokens t where t.session_id = s.id and t.revoked_at is null) as tokens,
             (select count(*)::int from meander.token_blocklist b where b.session_id = s.id) as blocked from meander.sessions s where s.id = $1`,
          [id],
          own,
        )
        expect(left).toEqual({ revoked_at: null, tokens: 2, blocked: 0 })
        rmSync(join(place, 'filler'))
        expect((await on(server, own, 'kari', argv)).code).toBe(0)
        expect((await on(server, own, 'kari', ['audit', 'verify'])).code).toBe(0)
        return
      }
      expect.unreachable('the disk was never full')
    } finally {
      await server.stop()
      execFileSync('umount', [place])
      rmSync(place, { recursive: true })
    }
  })
})
