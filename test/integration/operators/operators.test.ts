import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asLogin, closeLogins, password } from '../../support/as-login.ts'
import { organizations, people, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string

const as = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, ['operators', ...argv], options)
const change = async (...argv: string[]) => {
  const ran = await as('admin', [...argv, '-o', 'json'])
  const { kind, item } = ran.json<{ kind: string; item: Record<string, unknown> }>()
  expect(kind).toBe('OperatorChange')
  return { code: ran.code, ...item }
}
const whoami = async (login: string) => (await run(server, database, login, ['whoami'])).code
const sure = ['--reason', 'left', '--yes']

/** A login of its own for a test; the cluster is shared, so the name is nobody else's. */
const login = async (options = ''): Promise<string> => {
  const name = `op_${randomBytes(5).toString('hex')}`
  await server.query(`create role ${name} login password '${password}' ${options}`)
  return name
}
const registered = async (user = 'kari@hlf.example', ...more: string[]): Promise<string> => {
  const name = await login()
  expect(await change('add', name, '--user', user, ...more)).toMatchObject({ code: 0, outcome: 'added' })
  return name
}
const recordOf = (target: string) =>
  server.query<{ slug: string; actor: string; action: string; reason: string | null }>(
    `select o.slug, a.actor, a.action, a.reason, a.ticket from meander.audit_log a
     join meander.organizations o on o.id = a.organization_id where a.target_id = $1 order by a.at`,
    [target],
    database,
  )

beforeAll(async () => {
  database = await peopledDatabase(server)
  await server.query(
    `insert into meander.users (organization_id, email, display_name, role) values
       ('${organizations.hlf}', 'both@example.org', 'Both', 'org_admin'),
       ('${organizations.nhf}', 'both@example.org', 'Both', 'org_admin')`,
    [],
    database,
  )
})
afterAll(() => closeLogins())

describe('add', () => {
  it('registers a login, which may work at once, on the record of its organization', async () => {
    const name = await login()
    expect(await whoami(name)).toBe(4)
    expect(await change('add', name, '--user', 'KARI@hlf.example')).toEqual({
      code: 0,
      outcome: 'added',
      login: name,
      state: 'enabled',
      role: 'org_admin',
      userId: people.kari.id,
      userEmail: 'kari@hlf.example',
      organizationId: organizations.hlf,
      organization: 'hlf',
      createdAt: expect.stringMatching(/Z$/),
      disabledAt: null,
    })
    expect(await whoami(name)).toBe(0)
    expect(await recordOf(name)).toEqual([
      { slug: 'hlf', actor: 'admin', action: 'operator.added', reason: null, ticket: null },
    ])
  })

  it('a global admin’s goes on the record of the platform', async () => {
    const name = await registered(people.gro.id)
    expect(await recordOf(name)).toMatchObject([{ slug: 'platform', action: 'operator.added' }])
  })

  it('again is done, and recorded once', async () => {
    const name = await registered()
    expect(await change('add', name, '--user', 'kari@hlf.example')).toMatchObject({
      code: 0,
      outcome: 'alreadyAdded',
    })
    expect(await recordOf(name)).toHaveLength(1)
  })

  it('--role auditor: anybody may look', async () => {
    const name = await registered('mari@hlf.example', '--role', 'auditor')
    const list = (...argv: string[]) => run(server, database, name, ['sessions', ...argv])
    expect((await list('list')).code).toBe(0)
    expect((await list('revoke', people.mari.id, '--reason', 'x', '--yes')).code).toBe(5)
  })

  it('for somebody else or in another role is 2: remove it first', async () => {
    const name = await registered()
    for (const argv of [
      ['--user', 'nils@nhf.example'],
      ['--user', 'kari@hlf.example', '--role', 'auditor'],
    ]) {
      expect(await as('admin', ['add', name, ...argv])).toMatchObject({
        code: 2,
        stdout: '',
        stderr:
          'meanderctl: this login is registered for another user or role\nRemove it first: meanderctl operators remove\n',
      })
    }
  })

  it('an unknown login or user is 3, a group is no login', async () => {
    const name = await login()
    expect(await as('admin', ['add', 'op_nobody', '--user', 'kari@hlf.example'])).toMatchObject({
      code: 3,
      stderr: 'meanderctl: no such PostgreSQL login\nMake it first: create role … login password …\n',
    })
    expect((await as('admin', ['add', 'meander_operator', '--user', 'kari@hlf.example'])).code).toBe(3)
    expect(await as('admin', ['add', name, '--user', 'nobody@hlf.example'])).toMatchObject({
      code: 3,
      stderr: 'meanderctl: no such user\n',
    })
    expect(await whoami(name)).toBe(4)
  })

  it('an e-mail address of several users is 2, with their ids', async () => {
    const ran = await as('admin', ['add', await login(), '--user', 'both@example.org', '-o', 'json'])
    expect(ran.code).toBe(2)
    expect(ran.error().details).toEqual([
      expect.objectContaining({ email: 'both@example.org', organization: expect.any(String) }),
      expect.objectContaining({ email: 'both@example.org' }),
    ])
  })

  it('a user without an operator’s role is 5', async () => {
    const ran = await as('admin', ['add', await login(), '--user', 'mari@hlf.example'])
    expect(ran.code).toBe(5)
    expect(ran.stderr).toContain("an operator's user is active and an org_admin or global_admin")
  })

  it.each([
    ['superuser', 'SUPERUSER'],
    ['bypassrls', 'BYPASSRLS'],
    ['createrole', 'CREATEROLE'],
    ['replication', 'REPLICATION'],
    ['in role pg_read_all_data', 'pg_read_all_data'],
    ['in role meander_owner', 'meander_owner'],
    ['in role meander_publisher', 'meander_publisher'],
    ['in role meander_auth', 'meander_auth'],
  ])('a login with %s is 5, and stays out', async (options, power) => {
    const name = await login(options)
    expect(await as('admin', ['add', name, '--user', 'kari@hlf.example'])).toMatchObject({
      code: 5,
      stdout: '',
      stderr: `meanderctl: this login holds ${power}, which no policy could hold back\nRegister a login that has no powers of its own.\n`,
    })
    expect(await recordOf(name)).toEqual([])
    await server.query(`drop role ${name}`)
  })

  it('what is missing or unknown is 2', async () => {
    const name = await login()
    expect((await as('admin', ['add', name])).code).toBe(2)
    expect((await as('admin', ['add', '--user', 'kari@hlf.example'])).code).toBe(2)
    expect((await as('admin', ['add', name, '--user', 'kari@hlf.example', '--role', 'org_admin'])).code).toBe(
      2,
    )
  })
})

describe('disable and enable', () => {
  it('takes the rights at once, ends the open connection, and gives them back', async () => {
    const name = await registered()
    const [open, other] = [await asLogin(server, database, name), await asLogin(server, database, 'kari')]
    expect(await open.value('select 1')).toBe('1')

    const ran = await as('admin', ['disable', name, ...sure, '--ticket', 'T-1', '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json<{ item: object }>().item).toMatchObject({
      outcome: 'disabled',
      login: name,
      state: 'disabled',
      disabledAt: expect.stringMatching(/Z$/),
    })
    expect(ran.stderr).toBe('1 connection ended.\n')
    await expect(open.value('select 1')).rejects.toThrow(
      /terminating connection|Connection terminated|not queryable/,
    )
    expect(await other.value('select 1')).toBe('1')
    expect(await run(server, database, name, ['sessions', 'list'])).toMatchObject({
      code: 4,
      stdout: '',
      stderr: 'meanderctl: this login is no enabled operator of an active user\n',
    })
    expect(await recordOf(name)).toMatchObject([
      { action: 'operator.added' },
      { slug: 'hlf', actor: 'admin', action: 'operator.disabled', reason: 'left', ticket: 'T-1' },
    ])

    expect(await change('disable', name, ...sure)).toMatchObject({ code: 0, outcome: 'alreadyDisabled' })
    expect(await change('enable', name)).toMatchObject({ code: 0, outcome: 'enabled', state: 'enabled' })
    expect(await whoami(name)).toBe(0)
    expect(await change('enable', name)).toMatchObject({ code: 0, outcome: 'alreadyEnabled' })
    expect((await recordOf(name)).map(({ action }) => action)).toEqual([
      'operator.added',
      'operator.disabled',
      'operator.enabled',
    ])
  })

  it('is not held up by one who sits in a transaction', async () => {
    const name = await registered()
    const open = await asLogin(server, database, name)
    await open.rows('begin')
    await open.rows("select meander.revoke_sessions(array[gen_random_uuid()], 'holds the head', null, null)")
    expect(await change('disable', name, ...sure)).toMatchObject({ code: 0, outcome: 'disabled' })
    expect(await whoami(name)).toBe(4)
  })

  it('--dry-run changes nothing, and the connection stays', async () => {
    const name = await registered()
    const open = await asLogin(server, database, name)
    for (const verb of ['disable', 'remove']) {
      expect((await as('admin', [verb, name, '--dry-run'])).code).toBe(0)
      expect((await as('admin', [verb, 'op_nobody', '--dry-run'])).code).toBe(3)
    }
    expect(await open.value('select 1')).toBe('1')
    expect(await whoami(name)).toBe(0)
    expect(await recordOf(name)).toHaveLength(1)
  })

  it.each(['disable', 'remove'])('%s asks, and no is no', async (verb) => {
    const name = await registered()
    const open = await asLogin(server, database, name)
    const asked = await as('admin', [verb, name], { terminal: ['left us', 'no'] })
    expect(asked).toMatchObject({ code: 9, stdout: '' })
    expect(asked.stderr).toMatch(/^Reason, for the record: left us\n/)
    expect(await open.value('select 1')).toBe('1')
    expect(await whoami(name)).toBe(0)
    expect((await as('admin', [verb, name], { terminal: ['left us', 'yes'] })).code).toBe(0)
    expect(await whoami(name)).toBe(4)
    expect((await recordOf(name)).at(-1)).toMatchObject({ action: `operator.${verb}d`, reason: 'left us' })
  })

  it.each(['disable', 'remove'])('%s without anybody to ask needs --yes and --reason', async (verb) => {
    const name = await registered()
    expect((await as('admin', [verb, name])).code).toBe(2)
    expect((await as('admin', [verb, name, '--yes'])).code).toBe(2)
    expect((await as('admin', [verb, name, '--reason', 'x'])).code).toBe(2)
    expect((await as('admin', [verb, name, '--yes', '--reason', ' '])).code).toBe(2)
    expect(await whoami(name)).toBe(0)
  })

  it.each(['disable', 'remove', 'enable'])('%s of a login that is no operator is 3', async (verb) => {
    expect(await as('admin', [verb, 'op_nobody', ...(verb === 'enable' ? [] : sure)])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: 'meanderctl: no such operator\n',
    })
  })
})

describe('with a request id', () => {
  it('a repeat says what was done first and does nothing; another login or verb is 2, a dry run uses nothing up', async () => {
    const [name, bystander] = [await registered(), await registered()]
    const request = randomUUID()
    const argv = ['disable', name, ...sure, '--request-id', request]
    expect((await as('admin', [...argv, '--dry-run'])).code).toBe(0)
    const first = await change(...argv)
    expect(first).toMatchObject({ code: 0, outcome: 'disabled' })
    await change('enable', name)
    expect(await change(...argv)).toEqual(first)
    expect(await whoami(name)).toBe(0)
    for (const other of [
      ['disable', bystander],
      ['remove', name],
    ])
      expect((await as('admin', [...other, ...sure, '--request-id', request])).code).toBe(2)
    expect(await whoami(bystander)).toBe(0)
    expect(
      await server.query(
        "select request_id from meander.audit_log where target_id = $1 and action = 'operator.disabled'",
        [name],
        database,
      ),
    ).toEqual([{ request_id: request }])
  })

  it('who was removed is removed, though nobody of that name is there', async () => {
    const name = await registered()
    const argv = ['remove', name, ...sure, '--request-id', randomUUID()]
    const first = await change(...argv)
    expect(first).toMatchObject({ code: 0, outcome: 'removed', login: name })
    expect(await change(...argv)).toEqual(first)
    expect((await as('admin', ['remove', name, ...sure])).code).toBe(3)
  })
})

describe('remove', () => {
  it('forgets the login; the record stays, and it can come back', async () => {
    const name = await registered()
    const open = await asLogin(server, database, name)
    expect(await change('remove', name, ...sure)).toMatchObject({ code: 0, outcome: 'removed', login: name })
    await expect(open.value('select 1')).rejects.toThrow(
      /terminating connection|Connection terminated|not queryable/,
    )
    expect(await whoami(name)).toBe(4)
    expect((await as('admin', ['list', '-o', 'id'])).stdout.split('\n')).not.toContain(name)
    expect(
      await server.query(`select pg_has_role('${name}', 'meander_operator', 'member') as member`),
    ).toEqual([{ member: false }])
    expect((await recordOf(name)).map(({ action }) => action)).toEqual(['operator.added', 'operator.removed'])
    expect((await as('admin', ['remove', name, ...sure])).code).toBe(3)
    expect(await change('add', name, '--user', 'nils@nhf.example')).toMatchObject({ outcome: 'added' })
    expect(await whoami(name)).toBe(0)
  })
})

describe('who a login is', () => {
  it('dropped and made again it is nobody, until it is added again', async () => {
    const name = await registered()
    await server.query(`drop role ${name}; create role ${name} login password '${password}'`)
    expect(await whoami(name)).toBe(4)
    await server.query(`grant meander_operator to ${name}`)
    expect(await whoami(name)).toBe(4)
    expect((await run(server, database, name, ['sessions', 'list'])).code).toBe(4)
    const list = await as('admin', ['list', '-o', 'ndjson'])
    expect(list.stdout.split('\n').find((line) => line.includes(name))).toContain('"state":"unbound"')
    expect(await change('add', name)).toMatchObject({
      code: 0,
      outcome: 'rebound',
      userEmail: 'kari@hlf.example',
      state: 'enabled',
    })
    expect(await whoami(name)).toBe(0)
  })

  it('whoever was never added is not bound anew, and nobody in another role', async () => {
    for (const argv of [['stranger'], ['kari', '--role', 'auditor']]) {
      const refused = await as('admin', ['add', ...argv, '-o', 'json'])
      expect(refused.error()).toMatchObject({ code: 'USAGE', message: 'No user was named.' })
    }
  })

  it('is one, whatever --max-affected allows beyond it', async () => {
    const name = await registered()
    const nobody = await as('admin', ['disable', name, ...sure, '--max-affected', '0', '-o', 'json'])
    expect(nobody.code).not.toBe(0)
    expect(await whoami(name)).toBe(0)
    expect((await as('admin', ['disable', name, ...sure, '--max-affected', '1'])).code).toBe(0)
    expect(await whoami(name)).toBe(4)
  })

  it('of a deactivated user it is 4, of one who lost the role 5, and the list says which', async () => {
    const name = await registered('liv@hlf.example')
    const stateOf = async () =>
      JSON.parse(
        (await as('admin', ['list', '-o', 'ndjson'])).stdout
          .split('\n')
          .find((line) => line.includes(name)) ?? '',
      ).state
    const past = (change: string) =>
      server.query(
        `set session_replication_role = 'replica'; update meander.users set ${change} where email = 'liv@hlf.example'`,
        [],
        database,
      )
    await past("status = 'deactivated', deactivated_at = now()")
    expect({ code: await whoami(name), state: await stateOf() }).toEqual({ code: 4, state: 'deactivated' })
    await past("status = 'active', deactivated_at = null, role = 'member'")
    expect(await stateOf()).toBe('without rights')
    expect((await run(server, database, name, ['sessions', 'list'])).code).toBe(5)
    await past("role = 'org_admin'")
    expect(await stateOf()).toBe('enabled')
    expect((await run(server, database, name, ['sessions', 'list'])).code).toBe(0)
  })
})

describe('list', () => {
  it('has the logins with their users, in every form', async () => {
    const fields = [
      ...['login', 'state', 'role', 'userId', 'userEmail', 'organizationId', 'organization', 'createdAt'],
      'disabledAt',
    ]
    const ran = await as('admin', ['list', '-o', 'json'])
    expect(ran.code).toBe(0)
    const { kind, items, nextCursor } = ran.json<{
      kind: string
      items: Record<string, unknown>[]
      nextCursor: null
    }>()
    expect({ kind, nextCursor }).toEqual({ kind: 'OperatorList', nextCursor: null })
    expect(Object.keys(items[0] ?? {})).toEqual(fields)
    expect(items.find((item) => item.login === 'ada')).toMatchObject({
      state: 'enabled',
      role: 'auditor',
      userEmail: 'ada@hlf.example',
      organization: 'hlf',
    })
    expect(items.find((item) => item.login === 'gro')).toMatchObject({
      role: 'global_admin',
      organizationId: null,
      organization: null,
    })
    expect((await as('admin', ['list', '-o', 'csv'])).stdout.split('\n')[0]).toBe(fields.join(','))
    expect((await as('admin', ['list', '-o', 'id'])).stdout.split('\n')).toContain('kari')
    expect((await as('admin', ['list'])).stdout).toMatch(
      /^gro +enabled +global_admin +gro@meander\.example +platform$/m,
    )
  })

  it('an empty one is done', async () => {
    const empty = await peopledDatabase(server)
    await server.query('delete from meander.operators', [], empty)
    expect(await run(server, empty, 'admin', ['operators', 'list'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No operator yet: meanderctl operators add LOGIN --user EMAIL\n',
    })
  })
})

describe('an operator is no administrator', () => {
  it.each([
    ['list'],
    ['add', 'stranger', '--user', 'kari@hlf.example'],
    ['enable', 'nils'],
    ['disable', 'nils', ...sure],
    ['remove', 'nils', ...sure],
    ['disable', 'kari', ...sure],
    ['disable', 'nils', '--dry-run'],
  ])('%s is 5 for kari, ada and gro', async (...argv) => {
    for (const who of ['kari', 'ada', 'gro']) {
      const ran = await as(who, argv)
      expect(ran).toMatchObject({ code: 5, stdout: '' })
      expect(ran.stderr).toMatch(
        new RegExp(
          `^meanderctl: The login ${who} may not do this: permission denied for function \\w+\nSee what it may: meanderctl whoami\n$`,
        ),
      )
    }
    expect(await whoami('nils')).toBe(0)
    expect(await whoami('kari')).toBe(0)
  })

  it('and a stranger is nobody: 4', async () => {
    expect((await as('stranger', ['list'])).code).toBe(4)
  })
})
