import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../support/bystanders.ts'
import { ended, leftOf, untouched } from '../support/left-of.ts'
import { type NamedSessions, seedNamed } from '../support/named-sessions.ts'
import { emailOf, organizations, people, peopledDatabase, seedGrant } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { run } from '../support/run.ts'

/** What a global admin may, under a live grant and on the organization's record, and nothing else. */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let s: NamedSessions<'phone' | 'ola' | 'nils' | 'office'>

const gro = (...argv: string[]) => run(server, database, 'gro', argv, { redis })
const ids = async (...argv: string[]) => {
  const { code, stdout } = await gro(...argv, '-o', 'id')
  expect(code).toBe(0)
  return s.names(stdout)
}
const events = (organization: 'hlf' | 'nhf' | 'platform', action = 'intent.recorded') =>
  server.query<{ actor: string; reason: string; ticket: string | null; details: Record<string, unknown> }>(
    `select actor, actor_user_id, target_type, target_id, reason, ticket, details from meander.audit_log
     where organization_id = $1 and action = $2 order by seq`,
    [organizations[organization], action],
    database,
  )
const endGrants = () =>
  server.query(
    "update meander.support_access_grants set revoked_at = clock_timestamp(), revoked_by = 'kari'",
    [],
    database,
  )

beforeEach(async () => {
  database = await peopledDatabase(server)
  s = await seedNamed(server, database, {
    phone: { person: 'mari', activeAgo: '1 minute' },
    ola: { person: 'ola', activeAgo: '2 minutes' },
    nils: { person: 'nils' },
    office: { person: 'gro' },
  })
})

describe('without a grant', () => {
  it('lists are empty, and nothing is recorded', async () => {
    expect(await ids('sessions', 'list')).toEqual([])
    expect(await ids('audit', 'list')).toEqual([])
    expect((await run(server, database, 'gro', ['blocklist', 'status'])).code).toBe(0)
    expect(await events('hlf')).toEqual([])
  })

  it('every organization, user and session is not found', async () => {
    for (const argv of [
      ['sessions', 'list', '--org', 'hlf'],
      ['sessions', 'list', '--org', 'platform'],
      ['sessions', 'list', '--user', emailOf('mari')],
      ['sessions', 'show', s.id.phone],
      ['audit', 'list', '--org', 'hlf'],
      ['sessions', 'revoke', s.id.phone, '--reason', 'x', '--yes'],
      ['sessions', 'revoke', s.id.office, '--reason', 'x', '--yes'],
      ['sessions', 'revoke', '--user', emailOf('mari'), '--reason', 'x', '--yes'],
    ]) {
      expect({ argv, code: (await gro(...argv)).code }).toEqual({ argv, code: 3 })
    }
    expect(await leftOf(server, database, s.id.phone)).toEqual(untouched())
    expect(await leftOf(server, database, s.id.office)).toEqual(untouched())
  })

  it('what was tried is on the record of the platform', async () => {
    await gro('sessions', 'revoke', s.id.phone, '--reason', 'curious', '--yes')
    expect(await events('platform', 'session.revoke_refused')).toMatchObject([
      { actor: 'gro', target_id: s.id.phone, reason: 'curious', details: { refused: 'MC404' } },
    ])
  })

  it('the own sessions can be ended, in Redis too', async () => {
    const ran = await gro('sessions', 'revoke', '--mine', '--reason', 'going home', '--yes', '-o', 'json')
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({
      summary: { revoked: 1 },
      blocklist: { mode: 'redis', published: 1, pending: 0 },
    })
    expect(await leftOf(server, database, s.id.office)).toEqual(ended('going home', 'gro'))
    expect((await gro('blocklist', 'check', s.jtis.office[0] ?? '')).code).toBe(0)
  })
})

describe('under a grant', () => {
  beforeEach(async () => {
    await seedGrant(server, database, 'gro', 'hlf')
  })

  it('a list is on the organization’s record before it is read', async () => {
    expect(
      await ids('sessions', 'list', '--kind', 'mobile', '--reason', 'a call', '--ticket', 'CASE-7'),
    ).toEqual(['phone', 'ola'])
    expect(await events('hlf')).toEqual([
      {
        actor: 'gro',
        actor_user_id: people.gro.id,
        target_type: 'organization',
        target_id: organizations.hlf,
        reason: 'a call',
        ticket: 'CASE-7',
        details: { function: 'list_sessions', arguments: { kind: 'mobile' } },
      },
    ])
    const seen = await run(server, database, 'kari', ['audit', 'list', '--ticket', 'CASE-7', '-o', 'id'])
    expect(seen.stdout.trim().split('\n')).toHaveLength(1)
  })

  it('the reason is the command itself when none is given', async () => {
    await gro('sessions', 'list', '--user', emailOf('mari'))
    await gro('sessions', 'show', s.id.phone)
    await gro('audit', 'list', '--actor', 'kari', '--ticket', 'HLF-1')
    expect(await events('hlf')).toMatchObject([
      {
        reason: 'meanderctl sessions list --user …@hlf.example',
        ticket: null,
        details: { function: 'list_sessions', arguments: { user: people.mari.id } },
      },
      {
        reason: `meanderctl sessions show ${s.id.phone}`,
        details: { function: 'get_session', arguments: { session: s.id.phone } },
      },
      {
        reason: 'meanderctl audit list --actor kari --ticket HLF-1',
        ticket: 'HLF-1',
        details: { function: 'list_audit_events', arguments: { actor: 'kari', ticket: 'HLF-1' } },
      },
    ])
  })

  it('the pages of a list are one intent', async () => {
    const first = await gro('sessions', 'list', '--limit', '1', '-o', 'json')
    const { nextCursor } = first.json<{ nextCursor: string }>()
    expect(await ids('sessions', 'list', '--limit', '1', '--cursor', nextCursor)).toEqual(['ola'])
    expect(await events('hlf')).toHaveLength(1)
  })

  it('the same list again, for another case, is on the record again', async () => {
    await gro('sessions', 'list', '--reason', 'first call', '--ticket', 'CASE-1')
    await gro('sessions', 'list', '--reason', 'second call', '--ticket', 'CASE-2')
    expect(await events('hlf')).toMatchObject([{ ticket: 'CASE-1' }, { ticket: 'CASE-2' }])
  })

  it('a reason that the record cannot hold reads nothing', async () => {
    expect(await gro('sessions', 'list', '--reason', 'two\nlines')).toMatchObject({ code: 2, stdout: '' })
    expect(await events('hlf')).toEqual([])
  })

  it('another organization is as unknown as none at all', async () => {
    for (const argv of [
      ['sessions', 'list', '--org'],
      ['audit', 'list', '--org'],
    ]) {
      const [foreign, unknown] = [await gro(...argv, 'nhf'), await gro(...argv, 'nowhere')]
      expect(foreign).toMatchObject({ code: 3, stdout: '' })
      expect(foreign).toMatchObject({ code: unknown.code, stderr: unknown.stderr })
    }
    expect((await gro('sessions', 'show', s.id.nils)).stderr).toBe(
      (await gro('sessions', 'show', randomUUID())).stderr,
    )
    expect(await events('nhf')).toEqual([])
  })

  it('a revocation is on the record twice: what was meant, and what was done', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const ran = await gro(
      ...[
        'sessions',
        'revoke',
        s.id.phone,
        '--reason',
        'stolen',
        '--ticket',
        'CASE-8',
        '--yes',
        '-o',
        'json',
      ],
    )
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({ summary: { revoked: 1 }, blocklist: { published: 1, pending: 0 } })
    expect(await leftOf(server, database, s.id.phone)).toEqual(ended('stolen', 'gro'))
    expect((await events('hlf')).map(({ details }) => details.function)).toEqual([
      'list_sessions',
      'revoke_sessions',
    ])
    expect(await events('hlf')).toMatchObject([{ reason: 'stolen', ticket: 'CASE-8' }, { reason: 'stolen' }])
    expect(await events('hlf', 'session.revoked')).toMatchObject([
      {
        actor: 'gro',
        actor_user_id: people.gro.id,
        target_id: s.id.phone,
        reason: 'stolen',
        ticket: 'CASE-8',
      },
    ])
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })

  it('a dry run is on the record too, and ends nothing', async () => {
    expect((await gro('sessions', 'revoke', '--user', emailOf('mari'), '--dry-run')).code).toBe(0)
    expect(await leftOf(server, database, s.id.phone)).toEqual(untouched())
    expect((await events('hlf')).map(({ details }) => details.function)).toEqual([
      'list_sessions',
      'revoke_sessions',
    ])
    expect(await events('hlf', 'session.revoked')).toEqual([])
  })

  it('foreign sessions stay, and are 3 beside one that is ended', async () => {
    const ran = await gro('sessions', 'revoke', s.id.ola, s.id.nils, '--reason', 'x', '--yes', '-o', 'json')
    expect(ran.code).toBe(3)
    expect(ran.json()).toMatchObject({ summary: { revoked: 1, notFound: 1 } })
    expect(await leftOf(server, database, s.id.nils)).toEqual(untouched())
  })

  it('a whole organization: its slug is typed', async () => {
    const argv = ['sessions', 'revoke', '--org', 'hlf', '--reason', 'breach']
    const ran = await run(server, database, 'gro', argv, { redis, terminal: ['hlf'] })
    expect(ran.code).toBe(0)
    expect(await leftOf(server, database, s.id.ola)).toEqual(ended('breach', 'gro'))
    expect(await leftOf(server, database, s.id.nils)).toEqual(untouched())
  })

  it('two organizations are each told', async () => {
    await seedGrant(server, database, 'gro', 'nhf')
    expect((await ids('sessions', 'list')).sort()).toEqual(['nils', 'ola', 'phone'])
    expect(await events('hlf')).toHaveLength(1)
    expect(await events('nhf')).toHaveLength(1)
    expect(await ids('sessions', 'list', '--org', 'nhf')).toEqual(['nils'])
    expect(await events('hlf')).toHaveLength(1)
    expect(await events('nhf')).toHaveLength(2)
  })

  it('another global admin’s grant and intent are not hers', async () => {
    await gro('sessions', 'list')
    expect((await run(server, database, 'siv', ['sessions', 'list', '-o', 'id'])).stdout).toBe('')
    expect((await run(server, database, 'siv', ['sessions', 'list', '--org', 'hlf'])).code).toBe(3)
  })
})

describe('after the grant’s end', () => {
  it.each([
    ['revoked', endGrants],
    [
      'expired',
      () =>
        server.query(
          "set session_replication_role = 'replica'; update meander.support_access_grants set created_at = now() - interval '2 hours', expires_at = now() - interval '1 second'",
          [],
          database,
        ),
    ],
  ])('%s: everything is closed at once, the intent notwithstanding', async (_, end) => {
    await seedGrant(server, database, 'gro', 'hlf')
    expect(await ids('sessions', 'list')).toEqual(['phone', 'ola'])
    const before = (await events('hlf')).length
    await end()
    expect(await ids('sessions', 'list')).toEqual([])
    expect((await gro('sessions', 'list', '--org', 'hlf')).code).toBe(3)
    expect((await gro('sessions', 'show', s.id.phone)).code).toBe(3)
    expect((await gro('sessions', 'revoke', s.id.phone, '--reason', 'x', '--yes')).code).toBe(3)
    expect(await leftOf(server, database, s.id.phone)).toEqual(untouched())
    expect(await events('hlf')).toHaveLength(before)
  })

  it('while she thinks at the prompt: nothing is ended', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    const argv = ['sessions', 'revoke', '--user', emailOf('mari'), '--reason', 'x']
    const ran = await run(server, database, 'gro', argv, {
      redis,
      terminal: [
        async () => {
          await endGrants()
          return 'yes'
        },
      ],
    })
    expect(ran.code).toBe(3)
    expect(await leftOf(server, database, s.id.phone)).toEqual(untouched())
  })
})
