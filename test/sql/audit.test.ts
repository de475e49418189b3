import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, type Login } from '../support/as-login.ts'
import {
  organizations,
  people,
  peopledDatabase,
  type SeededSession,
  seedSessions,
} from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** The record, recomputed here from the raw rows and the written rule alone. */

const server = postgresAt(inject('postgres'))
let database: string
let root: Login
let kari: Login

beforeAll(async () => {
  database = await peopledDatabase(server)
  root = await asLogin(server, database, server.superuser)
  kari = await asLogin(server, database, 'kari')
})
afterAll(closeLogins)

const fields = [
  'actor',
  'actor_user_id',
  'action',
  'target_type',
  'target_id',
  'reason',
  'ticket',
  'request_id',
  'details',
] as const
type Event = Record<(typeof fields)[number], string | null> & {
  readonly organization_id: string
  readonly seq: string
  readonly micros: string
  readonly prev_hash: string
  readonly hash: string
}

const int64 = (value: bigint): Buffer => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64BE(value)
  return buffer
}
const prefixed = (value: string | null): Buffer => {
  const length = Buffer.alloc(4)
  if (value === null) return Buffer.from('ffffffff', 'hex')
  const bytes = Buffer.from(value, 'utf8')
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
const hashOf = (event: Event): string =>
  createHash('sha256')
    .update('meander.audit.1')
    .update(Buffer.from(event.prev_hash, 'hex'))
    .update(Buffer.from(event.organization_id.replaceAll('-', ''), 'hex'))
    .update(int64(BigInt(event.seq)))
    .update(int64(BigInt(event.micros)))
    .update(Buffer.concat(fields.map((field) => prefixed(event[field]))))
    .digest('hex')

/** What is wrong with an organization's chain: its positions, links, hashes and head. */
const flaws = async (organization: string): Promise<string[]> => {
  const events = await root.rows<Event>(
    `select organization_id, seq, ((extract(epoch from at) * 1000000)::bigint) as micros, actor, actor_user_id, action,
       target_type, target_id, reason, ticket, request_id, details::text as details,
       encode(prev_hash, 'hex') as prev_hash, encode(hash, 'hex') as hash
     from meander.audit_log where organization_id = $1 order by seq`,
    [organization],
  )
  const found: string[] = []
  let before = '0'.repeat(64)
  for (const [index, event] of events.entries()) {
    if (event.seq !== String(index + 1)) found.push(`${index + 1} is missing`)
    if (event.prev_hash !== before) found.push(`${event.seq} is not linked`)
    if (event.hash !== hashOf(event)) found.push(`${event.seq} was altered`)
    before = event.hash
  }
  const [head] = await root.rows(
    "select seq, encode(hash, 'hex') as hash from meander.audit_heads where organization_id = $1",
    [organization],
  )
  if (head?.seq !== String(events.length) || head.hash !== before) found.push('the head is elsewhere')
  return found
}

const oneSession = async (): Promise<string> =>
  ((await seedSessions(server, database, [{ person: 'mari', chain: 2 }])) as [SeededSession])[0].id
const revoke = (
  session: string,
  reason: string | null = 'lost',
  ticket: string | null = null,
): [string, unknown[]] => [
  'select meander.revoke_sessions($1, $2, $3, $4)',
  [[session], reason, ticket, randomUUID()],
]
const lastEvent = async (organization: string = organizations.hlf) =>
  (
    await root.rows(
      'select *, details::text as details from meander.audit_log where organization_id = $1 order by seq desc limit 1',
      [organization],
    )
  )[0]

describe('the chain', () => {
  it('of every organization is what the rule says', async () => {
    const auth = await asLogin(server, database, 'auth')
    await kari.rows(...revoke(await oneSession(), "mistet på toget 🚆 “sitat” \\ '", 'SAK-1'))
    await kari.rows(...revoke(randomUUID(), 'unknown'))
    await auth.rows('select meander.end_session($1, $2)', [await oneSession(), 'logout'])
    await auth.rows('select meander.end_user_session($1, $2)', [people.mari.id, await oneSession()])
    await kari.rows(`set meander.on_behalf_of = '${people.liv.id}'`)
    await kari.rows(...revoke(await oneSession(), 'somebody asked'))
    await kari.rows('reset meander.on_behalf_of')
    expect((await lastEvent())?.details).toContain(people.liv.id)
    await root.rows("select meander.disable_operator('eva', 'på ferie', 'T'), meander.enable_operator('eva')")
    await kari.rows('select meander.sign_out_users($1, $2, $3, null)', [
      [people.mari.id, people.ola.id],
      ['a', 'b'],
      [null, 'c'],
    ])
    const lengths = await root.rows('select organization_id, seq from meander.audit_heads where seq > 0')
    expect(lengths.length).toBeGreaterThan(2)
    for (const { organization_id } of lengths) expect(await flaws(organization_id ?? '')).toEqual([])
  })

  it('shows what was done to it past the triggers', async () => {
    const count = Number(
      await root.value('select seq from meander.audit_heads where organization_id = $1', [organizations.hlf]),
    )
    const tampered = async (change: string): Promise<string[]> => {
      await root.rows(`begin; set local session_replication_role = 'replica'; ${change}`)
      const found = await flaws(organizations.hlf)
      await root.rows('rollback')
      return found
    }
    const where = `where organization_id = '${organizations.hlf}'`
    for (const field of fields) {
      const other =
        field.endsWith('_id') && field !== 'target_id'
          ? 'gen_random_uuid()'
          : field === 'details'
            ? `'{"x": 1}'`
            : "'other'"
      expect(
        await tampered(`update meander.audit_log set ${field} = ${other} ${where} and seq = 2`),
        field,
      ).toEqual(['2 was altered'])
    }
    expect(
      await tampered(`update meander.audit_log set at = at + interval '1 microsecond' ${where} and seq = 2`),
    ).toEqual(['2 was altered'])
    expect((await tampered(`delete from meander.audit_log ${where} and seq = 2`))[0]).toBe('2 is missing')
    expect(await tampered(`delete from meander.audit_log ${where} and seq = ${count}`)).toEqual([
      'the head is elsewhere',
    ])
  })

  it('has no gap and no fork when many write at once, rollbacks among them', async () => {
    const before = Number(
      await root.value('select seq from meander.audit_heads where organization_id = $1', [organizations.hlf]),
    )
    const writers = await Promise.all([0, 1, 2, 3].map(() => asLogin(server, database, 'kari')))
    let committed = 0
    await Promise.all(
      writers.map(async (writer) => {
        for (let n = 0; n < 25; n++) {
          const undone = Math.random() < 0.3
          await writer.rows('begin')
          await writer.rows(...revoke(randomUUID(), `try ${n}`))
          await writer.rows(undone ? 'rollback' : 'commit')
          if (!undone) committed++
        }
      }),
    )
    expect(await flaws(organizations.hlf)).toEqual([])
    expect(
      await root.value('select seq from meander.audit_heads where organization_id = $1', [organizations.hlf]),
    ).toBe(String(before + committed))
  })

  it('tells time in its own order', async () => {
    expect(
      await root.value(
        `select count(*) from (select at < lag(at) over (partition by organization_id order by seq) as back
         from meander.audit_log) as o where back`,
      ),
    ).toBe('0')
  })

  it('of an organization without a head takes nothing, and the act is undone', async () => {
    const session = await oneSession()
    const head = await root.rows('select *, hash::text from meander.audit_heads where organization_id = $1', [
      organizations.hlf,
    ])
    await root.rows('delete from meander.audit_heads where organization_id = $1', [organizations.hlf])
    await kari.fails('MC500', ...revoke(session))
    await root.rows('insert into meander.audit_heads values ($1, $2, $3)', [
      organizations.hlf,
      head[0]?.seq,
      head[0]?.hash,
    ])
    expect(await root.value('select revoked_at from meander.sessions where id = $1', [session])).toBeNull()
    await kari.rows(...revoke(session))
    expect(await flaws(organizations.hlf)).toEqual([])
  })
})

describe('the record', () => {
  it.each(['postgres', 'admin', 'kari', 'auth'])('is never changed by %s', async (name) => {
    const login = await asLogin(server, database, name)
    const code = name === 'postgres' ? 'MC403' : '42501'
    for (const statement of [
      "update meander.audit_log set reason = 'other'",
      'update meander.audit_log set hash = hash',
      'delete from meander.audit_log',
    ]) {
      // The owner sees no row to change.
      if (name === 'admin') await login.rows(statement)
      else await login.fails(code, statement)
    }
    await login.fails(name === 'admin' ? 'MC403' : code, 'truncate meander.audit_log')
    await login.fails(name === 'admin' ? 'MC403' : code, 'truncate meander.organizations cascade')
    expect(await flaws(organizations.hlf)).toEqual([])
  })

  it('names who acted, on what, why, and by which request', async () => {
    const session = await oneSession()
    const [text, values] = revoke(session, 'lost', 'T-1')
    await kari.rows(text, values)
    expect(await lastEvent()).toMatchObject({
      actor: 'kari',
      actor_user_id: people.kari.id,
      action: 'session.revoked',
      target_type: 'session',
      target_id: session,
      reason: 'lost',
      ticket: 'T-1',
      request_id: values[3],
    })
  })

  it('has one event per session, and none for a repeat', async () => {
    const sessions = [await oneSession(), await oneSession()]
    const act = () =>
      kari.rows('select meander.revoke_sessions($1, $2, null, null)', [[...sessions, ...sessions], 'lost'])
    await act()
    await act()
    expect(
      await root.rows('select target_id from meander.audit_log where target_id = any ($1) order by 1', [
        sessions,
      ]),
    ).toEqual(sessions.toSorted().map((target_id) => ({ target_id })))
  })

  it.each([
    "set timezone = 'Pacific/Kiritimati'",
    "set datestyle = 'SQL, DMY'",
    "set intervalstyle = 'iso_8601'",
    "set client_encoding = 'LATIN1'",
    "set bytea_output = 'escape'",
    'set standard_conforming_strings = off',
    'set extra_float_digits = -15',
    "set lc_numeric = 'C'; set lc_monetary = 'C'",
    'set quote_all_identifiers = on',
  ])('is the same whatever a caller sets: %s', async (setting) => {
    const login = await asLogin(server, database, 'kari')
    const [first, second] = [await oneSession(), await oneSession()]
    await login.rows(...revoke(first, 'plain', 'T'))
    const { details: plain } = (await lastEvent()) ?? {}
    await login.rows(setting)
    await login.rows(...revoke(second, 'plain', 'T'))
    expect((await lastEvent())?.details).toBe(plain)
    expect(await flaws(organizations.hlf)).toEqual([])
  })

  it('keeps a reason as it was meant in another encoding', async () => {
    const login = await asLogin(server, database, 'kari')
    await login.rows("set client_encoding = 'LATIN1'")
    // The driver sends UTF-8, so the text is built by the server.
    await login.rows(
      "select meander.revoke_sessions(array[$1::uuid], 'tr' || chr(229) || 'dl' || chr(248) || 's', null, null)",
      [await oneSession()],
    )
    expect((await lastEvent())?.reason).toBe('trådløs')
    expect(await flaws(organizations.hlf)).toEqual([])
  })
})

describe('a reason and a ticket', () => {
  it.each([
    ['nothing', null, null],
    ['an empty reason', '', null],
    ['blanks', '   ', null],
    ['1001 characters', 'å'.repeat(1001), null],
    ['a line break', 'lost\nand found', null],
    ['a carriage return', 'lost\r', null],
    ['a tab', 'lost\tfound', null],
    ['an escape', 'lost\u001b[2J', null],
    ['a delete', 'lost\u007f', null],
    ['a C1 control', 'lost\u009b2J', null],
    ['a next-line', 'lost\u0085', null],
    ['an empty ticket', 'lost', ''],
    ['a blank ticket', 'lost', ' '],
    ['a ticket of 201 characters', 'lost', 'T'.repeat(201)],
    ['a ticket with a line break', 'lost', 'T-1\nT-2'],
    ['a ticket with an escape', 'lost', 'T\u001b]0;x\u0007'],
  ])('of %s is refused before anything is done', async (_, reason, ticket) => {
    const session = await oneSession()
    const seq = await root.value('select sum(seq) from meander.audit_heads')
    for (const target of [session, randomUUID()]) await kari.fails('MC400', ...revoke(target, reason, ticket))
    await kari.fails('MC400', 'select meander.revoke_own_sessions($1, $2, $3, null)', [
      [session],
      reason,
      ticket,
    ])
    await kari.fails('MC400', 'select meander.offboard_users($1, $2, $3, null)', [
      [people.ola.id],
      [reason],
      [ticket],
    ])
    await root.fails('MC400', 'select meander.disable_operator($1, $2, $3)', ['eva', reason, ticket])
    await root.fails('MC400', 'select meander.remove_operator($1, $2, $3)', ['eva', reason, ticket])
    expect(await root.value('select sum(seq) from meander.audit_heads')).toBe(seq)
    expect(await root.value('select revoked_at from meander.sessions where id = $1', [session])).toBeNull()
  })

  it.each([
    ['1000 characters', '🚆'.repeat(1000), null],
    ['a formula', '=HYPERLINK("x")', '@T'],
    ['text from right to left', 'אבד\u202e', 'T'],
    ['a ticket of 200 characters', 'lost', 'T'.repeat(200)],
  ])('of %s is kept to the letter', async (_, reason, ticket) => {
    await kari.rows(...revoke(await oneSession(), reason, ticket))
    expect(await lastEvent()).toMatchObject({ reason, ticket })
    expect(await flaws(organizations.hlf)).toEqual([])
  })
})
