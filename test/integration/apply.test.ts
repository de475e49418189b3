import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { callOf } from '../../src/postgres/operator-calls.ts'
import { asLogin, closeLogins, type Login, password } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { organizations, people, peopledDatabase, seedGrant, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type RunOptions, run } from '../support/run.ts'
import { ownFolder } from '../support/users.ts'

/** Plan, approve, apply: what one operator froze, the same or another one ends, exactly. */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = ownFolder()
/** A second pair of eyes in hlf: a login of its own, since logins belong to the cluster. */
const liv = `liv_${process.pid}`
let database: string
let bystanders: string
let mari: string[]
let own: string
let plans = 0

const as = (login: string, argv: readonly string[], options: RunOptions = {}) =>
  run(server, database, login, argv, { redis, ...options })
const apply = (login: string, plan: string, ...argv: string[]) =>
  as(login, ['apply', plan, '--yes', '-o', 'json', ...argv])
const revokePlan = async (login: string, ...argv: string[]) => {
  const plan = folder.path(`plan-${plans++}.ndjson`)
  const ran = await as(login, [
    'sessions',
    'revoke',
    ...argv,
    '--plan',
    plan,
    '--reason',
    'lost',
    '-o',
    'json',
  ])
  return { plan, ran }
}
/** A plan to end mari's sessions. */
const planned = async (...argv: string[]) => {
  const { plan, ran } = await revokePlan('kari', '--user', 'mari@hlf.example', '--ticket', 'INC-7', ...argv)
  expect(ran).toMatchObject({ code: 0 })
  return plan
}
const offboardPlan = async (...argv: string[]) => {
  const plan = folder.path(`plan-${plans++}.ndjson`)
  const ran = await as('kari', [
    'users',
    'offboard',
    ...argv,
    '--plan',
    plan,
    '--reason',
    'left',
    '-o',
    'json',
  ])
  expect(ran).toMatchObject({ code: 0 })
  return plan
}
/** What create_plan is given by hand: to end mari's sessions. */
const order = (id: string) => ({
  p_plan: id,
  p_organization: 'hlf',
  p_act: 'revoke_sessions',
  p_targets: mari,
  p_sha256: '0'.repeat(64),
  p_expires: new Date(Date.now() + 60_000),
  p_reason: 'lost',
  p_ticket: null,
})
const said = async (login: Login, call: ReturnType<typeof callOf>) =>
  JSON.parse((await login.value(...call)) ?? 'null')
const sql = <R extends object>(text: string, values: readonly unknown[] = []) =>
  server.query<R>(text, values, database)
const live = async () =>
  (await sql<{ id: string }>('select id from meander.sessions where revoked_at is null order by id')).map(
    ({ id }) => id,
  )
const events = async (action: string) =>
  sql<{
    organization_id: string
    actor: string
    target_id: string
    request_id: string | null
    reason: string | null
    ticket: string | null
    details: Record<string, unknown>
  }>(
    'select organization_id, actor, target_id, request_id, reason, ticket, details from meander.audit_log where action = $1 order by at, seq',
    [action],
  )
const headOf = (plan: string) => JSON.parse(readFileSync(plan, 'utf8').split('\n')[0] ?? '')
/** Somebody who edits the plan, and knows how the digest is made. */
const forge = (plan: string, edit: (text: string) => string): string => {
  const text = readFileSync(plan, 'utf8')
  const body = edit(text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1))
  const forged = folder.path(`plan-${plans++}.ndjson`)
  const sha256 = createHash('sha256').update(body).digest('hex')
  writeFileSync(forged, `${body}${JSON.stringify({ sha256 })}\n`)
  return forged
}

beforeAll(() => server.query(`create role ${liv} login password '${password}'`))
beforeEach(async () => {
  database = await peopledDatabase(server)
  await sql(`select meander.add_operator('${liv}', 'liv@hlf.example', null)`)
  const made = await seedSessions(server, database, [
    { person: 'mari', chain: 2 },
    { person: 'mari', kind: 'portal' },
    { person: 'mari', expiresIn: '-1 hour' },
    { person: 'ola' },
    { person: 'per', chain: 2 },
    { person: 'nils' },
  ])
  mari = [made[0]?.id ?? '', made[1]?.id ?? ''].sort()
  own = made[3]?.id ?? ''
  bystanders = await everythingOf(server, database, 'nhf')
})
afterEach(async () => {
  const now = await everythingOf(server, database, 'nhf')
  // Refusals are on the record of whoever was refused.
  if (!now.includes('plan.apply_refused')) expect(now).toBe(bystanders)
  expect(await live()).toContain(own)
})
afterAll(async () => {
  await closeLogins()
  folder.remove()
})

describe('a plan', () => {
  it('ends nothing, says what it would end, and is on the record', async () => {
    const { plan, ran } = await revokePlan('kari', '--user', 'mari@hlf.example', '--ticket', 'INC-7')
    expect(ran.code).toBe(0)
    expect(await live()).toEqual(expect.arrayContaining(mari))
    const { item, kind } = ran.json<{ kind: string; item: Record<string, unknown> }>()
    const sha256 = JSON.parse(readFileSync(plan, 'utf8').trimEnd().split('\n').at(-1) ?? '').sha256
    expect({ kind, item }).toEqual({
      kind: 'Plan',
      item: {
        id: headOf(plan).id,
        act: 'revoke_sessions',
        organization: 'hlf',
        targets: 2,
        users: 1,
        reason: 'lost',
        ticket: 'INC-7',
        author: 'kari',
        createdAt: expect.stringMatching(/Z$/),
        expiresAt: expect.stringMatching(/Z$/),
        sha256,
        file: plan,
      },
    })
    expect(Date.parse(String(item.expiresAt)) - Date.parse(String(item.createdAt))).toBe(15 * 60_000)
    expect(statSync(plan).mode & 0o777).toBe(0o600)
    const lines = readFileSync(plan, 'utf8').trimEnd().split('\n').slice(1, -1)
    expect(lines.map((line) => JSON.parse(line).id).sort()).toEqual(mari)
    expect(lines.map((line) => JSON.parse(line).email)).toEqual(['mari@hlf.example', 'mari@hlf.example'])
    expect(await events('plan.created')).toMatchObject([
      { actor: 'kari', target_id: item.id, reason: 'lost', ticket: 'INC-7', details: { targets: 2, sha256 } },
    ])
    // People are on the record by id.
    expect(JSON.stringify(await sql('select * from meander.audit_log'))).not.toContain('mari@hlf.example')
  })

  it.each([
    ['--dry-run', 2],
    [`--request-id ${randomUUID()}`, 2],
    ['--mine', 2],
    ['--max-affected 1', 5],
    ['--user nobody@hlf.example', 3],
    ['--expires-in 8d', 2],
    ['--kind portal --device nothing', 3],
  ])('is not made with %s', async (argv, code) => {
    const user = argv.includes('--user') || argv.includes('--mine') ? [] : ['--user', 'mari@hlf.example']
    const { plan, ran } = await revokePlan('kari', ...user, ...argv.split(' '))
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(existsSync(plan)).toBe(false)
    expect(await events('plan.created')).toEqual([])
  })

  it('is not made by an auditor, nor of what is foreign or unknown, nor where it cannot be written', async () => {
    expect((await revokePlan('ada', '--user', 'mari@hlf.example')).ran.code).toBe(5)
    const [foreign] = await sql<{ id: string }>(
      "select s.id from meander.sessions s join meander.users u on u.id = s.user_id where email = 'per@nhf.example'",
    )
    const wrong = [foreign?.id ?? '', randomUUID()]
    const ran = await Promise.all(wrong.map(async (id) => (await revokePlan('kari', mari[0] ?? '', id)).ran))
    expect(ran.map(({ code }) => code)).toEqual([3, 3])
    expect(ran[0]?.stderr).toBe(ran[1]?.stderr)
    const none = await as('kari', [
      'sessions',
      'revoke',
      '--user',
      'mari@hlf.example',
      '--plan',
      '/nonexistent/plan',
      '--reason',
      'x',
    ])
    expect(none.code).toBe(2)
    expect(await events('plan.created')).toEqual([])
    expect((await events('plan.create_refused')).map(({ details }) => details.refused)).toEqual([
      'MC403',
      'MC404',
      'MC404',
    ])
  })
})

describe('apply', () => {
  it('tells that there is no such file before it asks for a confirmation that nobody can give', async () => {
    const ran = await as('kari', ['apply', '/nonexistent/plan'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(/no plan that can be applied: there is no such file/)
  })

  it('ends exactly the set, as another operator: both are on the record, each act with the plan’s id', async () => {
    const plan = await planned()
    const { id } = headOf(plan)
    const dry = await apply(liv, plan, '--dry-run')
    expect(dry).toMatchObject({ code: 0 })
    expect(dry.json()).toMatchObject({ kind: 'RevocationResult', dryRun: true, summary: { revoked: 2 } })
    expect(await live()).toEqual(expect.arrayContaining(mari))
    expect(await events('plan.applied')).toEqual([])

    const ran = await apply(liv, plan)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.json()).toMatchObject({
      kind: 'RevocationResult',
      requestId: id,
      summary: { requested: 2, revoked: 2 },
      blocklist: { mode: 'redis', pending: 0 },
      plan: { id, author: 'kari', continued: false, newMatches: [] },
    })
    expect(
      (await events('session.revoked'))
        .map((e) => [e.target_id, e.actor, e.request_id, e.reason, e.ticket])
        .sort(),
    ).toEqual(mari.map((session) => [session, liv, id, 'lost', 'INC-7']))
    expect(await events('plan.applied')).toMatchObject([
      {
        actor: liv,
        target_id: id,
        details: { author: 'kari', authorUserId: people.kari.id, continued: false },
      },
    ])
    expect(await events('plan.finished')).toMatchObject([{ actor: liv, target_id: id }])

    // What was in it is on the record; what nobody took up in time goes with the next plan.
    expect(await sql('select targets from meander.plans')).toEqual([{ targets: [] }])
    const unused = headOf(await planned('--state', 'any')).id
    await sql(`update meander.plans set expires_at = now() - interval '25 hours' where id = '${unused}'`)
    await planned('--state', 'any')
    expect(await sql('select cardinality(targets) as size from meander.plans order by created_at')).toEqual(
      [0, 0, 3].map((size) => ({ size })),
    )

    const again = await apply('kari', plan)
    expect(again).toMatchObject({ code: 5, stdout: '' })
    expect(again.error()).toMatchObject({
      code: 'REFUSED',
      message: 'Refused: the plan was finished before.',
    })
  })

  it('asks, and leaves everything as it is when the answer is no', async () => {
    const plan = await planned()
    const ran = await as('kari', ['apply', plan], { terminal: ['no'] })
    expect(ran.code).toBe(9)
    expect(ran.stderr).toContain(
      'A plan by kari: 2 sessions of 1 user in hlf will end; each must log in again. Go on?',
    )
    expect((await as('kari', ['apply', plan])).code).toBe(2)
    expect(await live()).toEqual(expect.arrayContaining(mari))
    expect((await as('kari', ['apply', plan], { terminal: ['yes'] })).code).toBe(0)
  })

  it('edited by one byte, wherever: 2, and nothing ends', async () => {
    const plan = await planned()
    const text = readFileSync(plan)
    for (let at = 0; at < text.length; at += 41) {
      const edited = Buffer.from(text)
      edited[at] = (edited[at] ?? 0) ^ 1
      writeFileSync(plan, edited)
      expect({ at, code: (await apply('kari', plan)).code }).toEqual({ at, code: 2 })
    }
    for (const cut of [text.subarray(0, -1), text.subarray(0, text.length / 2), Buffer.alloc(0)]) {
      writeFileSync(plan, cut)
      expect((await apply('kari', plan)).code).toBe(2)
    }
    writeFileSync(plan, text)
    // Also with a digest that fits: the database knows another.
    const others = forge(plan, (body) => body.replace(mari[0] ?? '', own))
    const ran = await apply('kari', others)
    expect(ran.code).toBe(2)
    expect(ran.error()).toMatchObject({ message: 'Refused: the plan was edited after it was made.' })
    expect(await events('plan.apply_refused')).toMatchObject([
      { actor: 'kari', details: { refused: 'MC409' } },
    ])
    expect(await live()).toEqual(expect.arrayContaining(mari))
    expect((await apply('kari', plan)).code).toBe(0)
  })

  it('registered by psql with other targets than its file names: 2, and nothing ends', async () => {
    const id = randomUUID()
    const plan = await planned()
    const file = forge(plan, (body) => body.replace(headOf(plan).id, id).replace(mari[0] ?? '', own))
    const kari = await asLogin(server, database, 'kari')
    const call = callOf('create_plan', {
      ...order(id),
      p_sha256: JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '').sha256,
    })
    expect(await said(kari, call)).toEqual({ organization: 'hlf' })
    for (const argv of [['--dry-run'], []]) {
      const ran = await apply(liv, file, ...argv)
      expect(ran).toMatchObject({ code: 2, stdout: '' })
      expect(ran.error()).toMatchObject({
        message: 'Refused: the file names other targets than the plan was registered with.',
      })
    }
    expect(await live()).toEqual(expect.arrayContaining([...mari, own]))
    expect((await events('plan.applied')).map(({ target_id }) => target_id)).toEqual([])

    // The same id again, as it was or not, is no plan.
    expect(await said(kari, call)).toMatchObject({
      refused: { sqlstate: 'MC409', message: 'there is a plan with this id' },
    })
    expect(await events('plan.create_refused')).toMatchObject([
      { actor: 'kari', target_id: id, details: { refused: 'MC409' } },
    ])
    expect(await events('plan.created')).toHaveLength(2)
    expect((await apply(liv, plan)).code).toBe(0)
  })

  it('begun by psql with nothing done: it can be gone on with for a day, and no longer', async () => {
    const plan = await planned()
    const { id } = headOf(plan)
    const { sha256 } = JSON.parse(readFileSync(plan, 'utf8').trimEnd().split('\n').at(-1) ?? '')
    const kari = await asLogin(server, database, 'kari')
    const targets = createHash('sha256').update(mari.join(',')).digest('hex')
    const begun = callOf('begin_plan', { p_plan: id, p_sha256: sha256, p_targets_sha256: targets })
    expect(await said(kari, begun)).toMatchObject({ targets: 2, continued: false })
    const ago = (hours: number) =>
      sql(
        `update meander.plans set started_at = now() - interval '${hours} hours',
           expires_at = now() - interval '${hours - 1} hours' where id = $1`,
        [id],
      )
    await ago(25)
    const late = await apply('kari', plan)
    expect(late.code).toBe(5)
    expect(late.error()).toMatchObject({ message: 'Refused: the plan has expired.' })
    expect(await said(kari, begun)).toMatchObject({ refused: { sqlstate: 'MC410' } })
    expect(await live()).toEqual(expect.arrayContaining(mari))
    await ago(23)
    expect((await apply('kari', plan)).json()).toMatchObject({
      summary: { revoked: 2 },
      plan: { continued: true },
    })
  })

  it('twice at once: everything ends once', async () => {
    const plan = await planned()
    const ran = await Promise.all([apply('kari', plan), apply(liv, plan), apply('kari', plan)])
    for (const { code } of ran) expect([0, 5]).toContain(code)
    expect(ran.map(({ code }) => code)).toContain(0)
    expect((await events('session.revoked')).map(({ target_id }) => target_id).sort()).toEqual(mari)
    expect(await events('plan.finished')).toHaveLength(1)
    const revoked = ran
      .filter(({ code }) => code === 0)
      .map((one) => one.json<{ summary: { revoked: number } }>())
    expect(revoked.reduce((sum, { summary }) => sum + summary.revoked, 0)).toBe(2)
  })

  it('by an operator of another organization: as if there were no such plan', async () => {
    const plan = await planned()
    const unknown = forge(plan, (body) => body.replace(headOf(plan).id, randomUUID()))
    const [foreign, nobodys] = [await apply('nils', plan), await apply('nils', unknown)]
    expect(foreign).toMatchObject({ code: 3, stdout: '' })
    expect(foreign.stderr).toBe(nobodys.stderr)
    expect((await apply('gro', plan)).code).toBe(3)
    expect((await apply('ada', plan)).code).toBe(5)
    expect((await apply('admin', plan)).code).toBe(4)
    expect(
      (await events('plan.apply_refused')).map(({ actor, organization_id, details }) => [
        actor,
        organization_id,
        details.refused,
      ]),
    ).toEqual([
      ['nils', organizations.nhf, 'MC404'],
      ['nils', organizations.nhf, 'MC404'],
      ['ada', organizations.hlf, 'MC403'],
    ])
    expect(await live()).toEqual(expect.arrayContaining(mari))
  })

  it('after its expiry: 5', async () => {
    const plan = await planned('--expires-in', '1s')
    await sleep(1100)
    const ran = await apply('kari', plan)
    expect(ran.code).toBe(5)
    expect(ran.error()).toMatchObject({
      message: 'Refused: the plan has expired.',
      details: [expect.stringMatching(/^expired at 20[-\d]{8}T[:\d]{8}Z$/)],
    })
    expect(await live()).toEqual(expect.arrayContaining(mari))
  })

  it('after ten more logins: they are counted, named and not touched; what ended since is done', async () => {
    const plan = await planned()
    const more = (
      await seedSessions(
        server,
        database,
        Array.from({ length: 10 }, () => ({ person: 'mari' as const })),
      )
    ).map(({ id }) => id)
    expect((await as('kari', ['sessions', 'revoke', mari[0] ?? '', '--reason', 'first', '--yes'])).code).toBe(
      0,
    )
    await sql(`update meander.sessions set last_activity_at = now() where id = '${mari[1]}'`)
    const ran = await apply('kari', plan)
    expect(ran).toMatchObject({ code: 0 })
    const { summary, plan: applied } = ran.json<{ summary: object; plan: { newMatches: string[] } }>()
    expect(summary).toMatchObject({ requested: 2, revoked: 1, alreadyRevoked: 1 })
    expect([...applied.newMatches].sort()).toEqual([...more].sort())
    expect(ran.stderr).toMatch(
      /^10 sessions came since and would match as well; not touched: .*, … and 5 more/m,
    )
    expect(await live()).toEqual(expect.arrayContaining(more))
  })

  it('stopped in the middle, then finished by the same command, also after its time', async () => {
    await sql(
      `insert into meander.sessions (user_id, organization_id, kind, expires_at)
       select '${people.mari.id}', '${organizations.hlf}', 'mobile', now() + interval '1 day' from generate_series(1, 6000)`,
    )
    const plan = await planned('--expires-in', '5s')
    // What comes after the first transaction fails.
    const last = JSON.parse(readFileSync(plan, 'utf8').split('\n').at(-3) ?? '').id
    await sql(
      `create function public.stop() returns trigger language plpgsql as 'begin raise exception ''stop''; end';
       create trigger stop before update on meander.sessions for each row when (old.id = '${last}') execute function public.stop()`,
    )
    const first = await apply('kari', plan)
    expect(first.code).toBe(1)
    expect(await events('session.revoked')).toHaveLength(5000)
    expect(await events('plan.finished')).toEqual([])
    await sql('drop trigger stop on meander.sessions')
    await sleep(Math.max(0, Date.parse(headOf(plan).expiresAt) - Date.now() + 100))

    const rest = await apply(liv, plan)
    expect(rest).toMatchObject({ code: 0 })
    expect(rest.json()).toMatchObject({
      summary: { requested: 6002, revoked: 1002, alreadyRevoked: 5000 },
      plan: { continued: true },
    })
    const ended = (await events('session.revoked')).map(({ target_id }) => target_id)
    expect(ended).toHaveLength(6002)
    expect(new Set(ended).size).toBe(6002)
    expect((await events('plan.applied')).map(({ actor, details }) => [actor, details.continued])).toEqual([
      ['kari', false],
      [liv, true],
    ])
    expect((await apply('kari', plan)).code).toBe(5)
  })

  it('a global admin under a grant, with every call on the record before', async () => {
    await seedGrant(server, database, 'gro', 'hlf')
    const { plan, ran } = await revokePlan('gro', '--user', people.mari.id, '--ticket', 'SUP-1')
    expect(ran).toMatchObject({ code: 0 })
    expect(await apply('gro', plan)).toMatchObject({ code: 0 })
    const intents = (await events('intent.recorded')).map(({ details, reason, ticket }) => [
      details.function,
      reason,
      ticket,
    ])
    for (const name of ['create_plan', 'begin_plan', 'revoke_sessions', 'finish_plan']) {
      expect(intents).toContainEqual([name, 'lost', 'SUP-1'])
    }
    expect(await live()).not.toContain(mari[0])
  })
})

describe('a plan to off-board', () => {
  it('off-boards these users, whatever they opened since, each with the row’s own reason', async () => {
    const file = folder.path('leavers.csv')
    writeFileSync(file, 'email,reason,ticket\nmari@hlf.example,moved away,HR-9\n')
    const plan = await offboardPlan('--file', file)
    const [later] = await seedSessions(server, database, [{ person: 'mari' }])
    const ran = await apply(liv, plan)
    expect(ran).toMatchObject({ code: 0 })
    const { id } = headOf(plan)
    expect(ran.json()).toMatchObject({
      kind: 'OffboardResult',
      requestId: id,
      summary: { rows: 1, offboarded: 1, sessionsRevoked: 3 },
      items: [{ email: 'mari@hlf.example', outcome: 'offboarded' }],
      plan: { id, author: 'kari' },
    })
    expect(await live()).not.toContain(later?.id)
    expect(await events('user.offboarded')).toMatchObject([
      { actor: liv, target_id: people.mari.id, request_id: id, reason: 'moved away', ticket: 'HR-9' },
    ])
    expect((await apply('kari', plan)).code).toBe(5)
  })

  it('off-boarded since by somebody else is done', async () => {
    const plan = await offboardPlan('mari@hlf.example')
    expect((await as('kari', ['users', 'offboard', 'mari@hlf.example', '--reason', 'x', '--yes'])).code).toBe(
      0,
    )
    const ran = await apply('kari', plan)
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.json()).toMatchObject({ summary: { offboarded: 0, alreadyOffboarded: 1 } })
  })

  it.each([
    [
      'reinstated',
      'reinstated since',
      async () => {
        for (const verb of ['offboard', 'reinstate'])
          expect((await as('kari', ['users', verb, 'mari@hlf.example', '--reason', 'x', '--yes'])).code).toBe(
            0,
          )
      },
    ],
    [
      'moved',
      'moved out of the organization, or deleted',
      () =>
        sql(
          `set session_replication_role = 'replica'; update meander.users set organization_id = '${organizations.empty}' where id = '${people.mari.id}'`,
        ),
    ],
  ])('who was %s since is drift', async (_, why, drift) => {
    const plan = await offboardPlan('mari@hlf.example')
    await drift()
    const ran = await apply('kari', plan)
    expect(ran.code).toBe(5)
    expect(ran.error()).toMatchObject({
      code: 'REFUSED',
      message: 'Refused: the plan has drifted from what is there now.',
      details: [`${people.mari.id}: ${why}`],
    })
    expect(await sql('select status from meander.users where id = $1', [people.mari.id])).toEqual([
      { status: 'active' },
    ])
  })

  it('sessions of somebody who moved since are drift too', async () => {
    const plan = await planned()
    await sql(
      `set session_replication_role = 'replica'; update meander.users set organization_id = '${organizations.empty}' where id = '${people.mari.id}'`,
    )
    const ran = await apply('kari', plan)
    expect(ran.code).toBe(5)
    expect(ran.error().details).toHaveLength(2)
    expect(await live()).toEqual(expect.arrayContaining(mari))
  })
})
