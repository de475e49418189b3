import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { auditActions } from '../../../src/service/audit/actions.ts'
import { asLogin, closeLogins, type Login, password } from '../../support/as-login.ts'
import { emailOf, people, peopledDatabase, type SessionSeed, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { ownFolder } from '../../support/users.ts'

/**
 * Every command is run, and what it wrote is held against the one definition of what can be on the record. A new action
 * or command goes into `src/service/audit/actions.ts`, and a line here drives it.
 */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = ownFolder()
const newcomer = `newcomer_${randomUUID().slice(0, 8)}`
let database: string
let root: Login

interface Event {
  readonly organization: string
  readonly actor: string
  readonly action: string
  readonly target_type: string
  readonly target_id: string
  readonly details: Readonly<Record<string, unknown>>
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  await root.rows(`create role ${newcomer} login password '${password}'`)
  expect(await drive('kari', 'audit checkpoint --generate-key')).toEqual([])
})
afterAll(async () => {
  await server.query(`drop owned by ${newcomer}; drop role ${newcomer}`, [], database)
  await closeLogins()
  folder.remove()
})

const eventsAfter = (seqs: Readonly<Record<string, number>>) =>
  server.query<Event>(
    `select o.slug as organization, a.actor, a.action, a.target_type, a.target_id, a.details
     from meander.audit_log a join meander.organizations o on o.id = a.organization_id
     where a.seq > coalesce(($1::jsonb ->> o.slug)::bigint, 0) order by a.organization_id, a.seq`,
    [JSON.stringify(seqs)],
    database,
  )
const heads = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (
      await server.query<{ slug: string; seq: number }>(
        'select o.slug, h.seq::int as seq from meander.audit_heads h join meander.organizations o on o.id = h.organization_id',
        [],
        database,
      )
    ).map(({ slug, seq }) => [slug, seq]),
  )

const commands = auditActions.flatMap(({ by }) => by)

/** Which commands were seen to write which action: `session.revoked by sessions revoke`. */
const seen = new Set<string>()

/** Runs a command and returns what it wrote. `~` in the words stands for a blank. */
const drive = async (login: string, line: string): Promise<Event[]> => {
  const before = await heads()
  const argv = line.split(' ').map((word) => word.replaceAll('~', ' '))
  const ran = await run(server, database, login, argv, {
    redis,
    env: {
      MEANDERCTL_SIGNING_KEY_FILE: folder.path('key.pem'),
      // For a program, so that every command's answer is held against its schema on the way.
      MEANDERCTL_OUTPUT: line.startsWith('sessions watch') ? 'ndjson' : 'json',
    },
  })
  const events = await eventsAfter(before)
  const command = commands.find((name) => `${line} `.startsWith(`${name} `))
  for (const { action } of events) seen.add(`${action} by ${command}`)
  expect([0, 3, 4, 5, 6, 7], `${line}: ${ran.stderr}`).toContain(ran.code)
  return events
}
const wrote = async (login: string, line: string): Promise<string[]> => [
  ...new Set((await drive(login, line)).map(({ action }) => action)),
]
const session = async (seed: SessionSeed): Promise<string> =>
  (await seedSessions(server, database, [{ chain: 2, ...seed }]))[0]?.id ?? ''
const act = '--reason driven --yes'

describe('what is done in an organization', () => {
  it.each<[line: string, login: string, actions: string[]]>([
    ['sessions revoke SESSION', 'kari', ['session.revoked']],
    ['sessions revoke NOBODY', 'kari', ['session.revoke_refused']],
    ['sessions revoke SESSION', 'ada', ['session.revoke_refused']],
    ['sessions sweep', 'kari', ['session.expired']],
    ['sessions sweep --org nhf', 'kari', ['session.sweep_refused']],
    ['sessions sweep', 'ada', ['session.sweep_refused']],
    ['sessions policy set --max-support-access 48h', 'kari', ['policy.changed', 'session.expired']],
    ['sessions policy set --org nhf --max-support-access 48h', 'kari', ['policy.set_refused']],
    ['sessions policy set --max-support-access 48h', 'ada', ['policy.set_refused']],
    ['users sign-out mari@hlf.example', 'kari', ['user.signed_out']],
    ['users sign-out mari@hlf.example', 'ada', ['user.sign_out_refused']],
    ['users offboard mari@hlf.example', 'kari', ['user.offboarded']],
    ['users offboard kari@hlf.example', 'kari', ['user.offboard_refused']],
    ['users offboard ola@hlf.example', 'ada', ['user.offboard_refused']],
    ['users reinstate mari@hlf.example', 'kari', ['user.reinstated']],
    ['users reinstate mari@hlf.example', 'ada', ['user.reinstate_refused']],
    ['audit checkpoint', 'kari', ['audit.checkpointed']],
  ])('%s by %s', async (line, login, actions) => {
    const id = await session({ person: 'mari' })
    if (login === 'kari') await session({ person: 'mari', expiresIn: '-1 minute' })
    const words = line.replace('SESSION', id).replace('NOBODY', randomUUID())
    const changes = !line.startsWith('audit')
    expect(await wrote(login, changes ? `${words} ${act}` : words)).toEqual(actions)
  })

  it('by plan', async () => {
    const [sessions, users] = [folder.path('sessions.plan'), folder.path('users.plan')]
    const [revoke, offboard] = [
      `sessions revoke ${await session({ person: 'mari' })} --reason driven --plan ${sessions}`,
      `users offboard mari@hlf.example --reason driven --plan ${users}`,
    ]
    for (const line of [revoke, offboard]) {
      expect(await wrote('ada', line)).toEqual(['plan.create_refused'])
      expect(await wrote('kari', line)).toEqual(['plan.created'])
    }
    expect(await wrote('nils', `apply ${sessions} --yes`)).toEqual(['plan.apply_refused'])
    expect(await wrote('kari', `apply ${sessions} --yes`)).toEqual([
      'plan.applied',
      'session.revoked',
      'plan.finished',
    ])
    expect(await wrote('kari', `apply ${users} --yes`)).toEqual([
      'plan.applied',
      'user.offboarded',
      'plan.finished',
    ])
    expect(await wrote('kari', `users reinstate mari@hlf.example ${act}`)).toEqual(['user.reinstated'])
  })

  it('by the Authentication Module', async () => {
    const before = await heads()
    const auth = await asLogin(server, database, 'auth')
    for (const cause of ['logout', 'token_reuse'])
      await auth.rows('select meander.end_session($1, $2)', [await session({ person: 'mari' }), cause])
    const events = await eventsAfter(before)
    expect(events.map(({ action, actor }) => [action, actor])).toEqual([
      ['session.revoked', 'auth'],
      ['session.revoked', 'auth'],
    ])
    seen.add('session.revoked by (Authentication Module)')
  })
})

describe('support access', () => {
  let gros: string
  let sivs: string
  const under = (grant: string, person: 'gro' | 'siv') => session({ person, organization: 'hlf', grant })
  const given = async (person: 'gro' | 'siv') => {
    const events = await drive('kari', `grants create --to ${emailOf(person)} --for 4h ${act}`)
    expect(events).toMatchObject([{ action: 'grant.created', details: { granteeUserId: people[person].id } }])
    return events[0]?.target_id ?? ''
  }
  beforeAll(async () => {
    gros = await given('gro')
    sivs = await given('siv')
  })

  it.each([
    ['ada', `--to ${emailOf('gro')} --for 1h`],
    ['kari', '--to nobody@meander.example --for 1h'],
    ['kari', `--to ${emailOf('gro')} --for 1h --org nhf`],
    ['kari', `--to ${emailOf('gro')} --for 2000h`],
  ])('is refused to %s: %s', async (login, line) => {
    expect(await wrote(login, `grants create ${line} ${act}`)).toEqual(['grant.create_refused'])
  })

  it.each([
    'sessions list --org hlf',
    'sessions show SESSION',
    'sessions stats --org hlf',
    'sessions policy show --org hlf',
    'users list --org hlf',
    'users show ola@hlf.example',
    'users verify ola@hlf.example',
    'grants list --org hlf',
    'grants show GRANT',
    'audit list --org hlf',
    'audit verify --org hlf',
    'audit export --org hlf',
    'audit timeline --org hlf --action session.revoked',
    'trace ola@hlf.example',
  ])('lets gro look, on the record: %s', async (line) => {
    const id = await session({ person: 'ola' })
    expect(await wrote('gro', line.replace('SESSION', id).replace('GRANT', gros))).toEqual([
      'intent.recorded',
    ])
  })

  it('lets gro watch, on the record, until the login has no rights', async () => {
    const intents = async () =>
      Number(await root.value("select count(*) from meander.audit_log where action = 'intent.recorded'"))
    const before = await intents()
    const watching = wrote('gro', 'sessions watch --org hlf --interval 1s')
    await vi.waitUntil(async () => (await intents()) > before, { timeout: 10_000 })
    await root.rows("update meander.operators set disabled_at = now() where login = 'gro'")
    expect(await watching).toEqual(['intent.recorded'])
    await root.rows("update meander.operators set disabled_at = null where login = 'gro'")
  })

  it.each<[line: string, actions: string[]]>([
    ['sessions revoke SESSION', ['intent.recorded', 'session.revoked']],
    ['sessions sweep --org hlf', ['intent.recorded', 'session.expired']],
    ['sessions policy set --org hlf --idle-timeout 1h', ['intent.recorded', 'policy.set_refused']],
    ['users sign-out ola@hlf.example', ['intent.recorded', 'user.signed_out']],
    ['users offboard ola@hlf.example', ['intent.recorded', 'user.offboarded']],
    ['users reinstate ola@hlf.example', ['intent.recorded', 'user.reinstate_refused']],
    ['audit checkpoint --org hlf', ['intent.recorded', 'audit.checkpointed']],
  ])('lets gro act, the intent first: %s', async (line, actions) => {
    const id = await session({ person: 'ola' })
    await session({ person: 'ola', expiresIn: '-1 minute' })
    const words = line.replace('SESSION', id)
    const events = await drive('gro', line.startsWith('audit') ? words : `${words} ${act}`)
    expect(new Set(events.map(({ action }) => action))).toEqual(new Set(actions))
    expect(events.find(({ organization }) => organization === 'hlf')?.action).toBe('intent.recorded')
  })

  it('lets gro plan and apply, the intents first', async () => {
    const plan = folder.path('gros.plan')
    const line = `sessions revoke ${await session({ person: 'ola' })} --reason driven --plan ${plan}`
    expect(await wrote('gro', line)).toEqual(['intent.recorded', 'plan.created'])
    expect(await wrote('gro', `apply ${plan} --yes`)).toEqual([
      'intent.recorded',
      'plan.applied',
      'session.revoked',
      'plan.finished',
    ])
  })

  it('ends with a grant, by kari or with its holder by the administrator', async () => {
    await under(gros, 'gro')
    expect(await wrote('kari', `grants revoke ${gros} ${act}`)).toEqual(['grant.revoked', 'session.revoked'])
    expect(await wrote('kari', `grants revoke ${randomUUID()} ${act}`)).toEqual(['grant.revoke_refused'])
    expect(await wrote('ada', `grants revoke ${sivs} ${act}`)).toEqual(['grant.revoke_refused'])

    const one = await under(sivs, 'siv')
    const out = await drive('admin', `users sign-out ${emailOf('siv')} ${act}`)
    expect(out.map(({ organization, action }) => [organization, action])).toEqual([
      ['platform', 'user.signed_out'],
      ['hlf', 'session.revoked'],
    ])
    const two = await under(sivs, 'siv')
    const off = await drive('admin', `users offboard ${emailOf('siv')} ${act}`)
    expect(off.map(({ organization, action }) => [organization, action])).toEqual([
      ['platform', 'user.offboarded'],
      ['hlf', 'grant.revoked'],
      ['hlf', 'session.revoked'],
    ])
    // The grant went first, and the session was active until then.
    const ended = (id: string) => ({
      target_id: id,
      details: {
        userId: people.siv.id,
        supportAccessGrantId: sivs,
        priorState: 'active',
        refreshTokensRevoked: 1,
        accessTokensBlocked: 2,
      },
    })
    expect(out[1]).toMatchObject(ended(one))
    expect(off[2]).toMatchObject(ended(two))
    expect(off[1]).toMatchObject({ target_id: sivs, details: { granteeUserId: people.siv.id } })
  })
})

describe('what the administrator does', () => {
  it('with operators', async () => {
    const add = `operators add ${newcomer} --user ${emailOf('liv')}`
    expect(await wrote('admin', add)).toEqual(['operator.added'])
    expect(await wrote('admin', `operators disable ${newcomer} ${act}`)).toEqual(['operator.disabled'])
    expect(await wrote('admin', `operators enable ${newcomer}`)).toEqual(['operator.enabled'])
    await root.rows(`drop role ${newcomer}; create role ${newcomer} login password '${password}'`)
    const [rebound] = await drive('admin', add)
    expect(rebound?.action).toBe('operator.rebound')
    expect(rebound?.details.priorLoginOid).not.toBe(rebound?.details.loginOid)
    const [removed] = await drive('admin', `operators remove ${newcomer} ${act}`)
    expect(removed).toMatchObject({
      action: 'operator.removed',
      target_id: newcomer,
      details: { userId: people.liv.id, role: 'org_admin', priorState: 'enabled', disabledAt: null },
    })
  })

  it('with what is old', async () => {
    const old = await session({ person: 'mari', createdAgo: '10 days' })
    await root.rows(`begin; set local session_replication_role = 'replica';
      update meander.sessions set revoked_at = now() - interval '5 days', revoked_by = 'kari' where id = '${old}';
      update meander.intents set created_at = now() - interval '5 days'; commit`)
    expect(await wrote('admin', `sessions sweep --purge-after 2d ${act}`)).toEqual(
      expect.arrayContaining(['session.purged', 'request.purged']),
    )
  })

  it('with the schema', async () => {
    expect(await drive('postgres', 'db migrate --blocklist database --dry-run')).toEqual([])
    const [migrated] = await drive('postgres', 'db migrate --blocklist database')
    expect(migrated).toMatchObject({
      organization: 'platform',
      action: 'database.migrated',
      details: { priorBlocklistMode: 'redis', blocklistMode: 'database', files: 0 },
    })
    expect(await drive('postgres', 'db migrate')).toEqual([])
  })
})

describe('the definition', () => {
  it('names every action, and every command that writes it, and no other', () => {
    const defined = auditActions.flatMap(({ action, by }) => by.map((command) => `${action} by ${command}`))
    expect([...seen].toSorted()).toEqual(defined.toSorted())
  })

  it('has the target and exactly the keys of every event that was written', async () => {
    const known = new Map(auditActions.map((one) => [one.action, one]))
    for (const { action, target_type, target_id, details } of await eventsAfter({})) {
      const defined = known.get(action)
      expect({ action, target: target_type, keys: Object.keys(details).toSorted() }).toEqual({
        action,
        target: defined?.target,
        keys: Object.keys(defined?.details ?? {}).toSorted(),
      })
      expect(target_id).toMatch(/\S/)
    }
  })

  it('shows an example of the kind of every value that was written', async () => {
    const examples = new Map(auditActions.map(({ action, example }) => [action, example]))
    for (const { action, details } of await eventsAfter({})) {
      for (const [key, shown] of Object.entries(examples.get(action) ?? {})) {
        const written = details[key]
        // Arguments are as many as there are functions; null stands for what is not there.
        if (key === 'arguments' || written === null || shown === null) continue
        expect(`${action} ${key}: ${kindOf(written)}`).toBe(`${action} ${key}: ${kindOf(shown)}`)
      }
    }
  })

  it('keeps tokens, their hashes and passwords out of the record', async () => {
    const [written] = await server.query<{ text: string }>(
      "select string_agg(concat_ws(' ', reason, ticket, target_id, details::text), E'\\n') as text from meander.audit_log",
      [],
      database,
    )
    const hashes = await server.query<{ hex: string; base64: string }>(
      "select encode(token_hash, 'hex') as hex, encode(token_hash, 'base64') as base64 from meander.refresh_tokens",
      [],
      database,
    )
    expect(hashes.length).toBeGreaterThan(20)
    for (const secret of [password, ...hashes.flatMap(({ hex, base64 }) => [hex, base64])])
      expect(written?.text.includes(secret)).toBe(false)
    for (const { details } of auditActions)
      expect(
        Object.keys(details).filter((key) =>
          /hash|secret|password|token(?!s(Revoked|Blocked)|s$)/i.test(key),
        ),
      ).toEqual([])
  })

  it('names people by id, never by address or name', async () => {
    const people = await server.query<{ email: string; display_name: string }>(
      'select email, display_name from meander.users',
      [],
      database,
    )
    const written = (await eventsAfter({})).map(
      ({ target_id, details }) => `${target_id} ${JSON.stringify(details)}`,
    )
    expect(people.length).toBeGreaterThan(5)
    for (const { email, display_name } of people)
      expect(written.filter((text) => text.includes(email) || text.includes(`"${display_name}"`))).toEqual([])
  })
})

const kindOf = (value: unknown): string =>
  Array.isArray(value)
    ? 'list'
    : typeof value === 'object' && value !== null
      ? Object.keys(value).toSorted().join(', ')
      : typeof value
