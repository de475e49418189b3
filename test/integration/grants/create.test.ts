import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { emailOf, organizations, people, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

/** `grants create`: an org admin lets one global admin in, until a moment. */

const server = postgresAt(inject('postgres'))
let database: string

const create = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, ['grants', 'create', ...argv], options)
const gro = ['--to', emailOf('gro')]
const sure = ['--reason', 'support case', '--yes']
const grants = () =>
  server.query<{ id: string; granted_by: string; minutes: number }>(
    `select id, granted_by, round(extract(epoch from expires_at - created_at) / 60)::integer as minutes
     from meander.support_access_grants order by created_at`,
    [],
    database,
  )
const events = (organization: keyof typeof organizations, action: string) =>
  server.query<{ target_id: string; reason: string; ticket: string | null; request_id: string | null }>(
    `select target_id, reason, ticket, request_id from meander.audit_log
     where organization_id = $1 and action = $2 order by seq`,
    [organizations[organization], action],
    database,
  )

beforeEach(async () => {
  database = await peopledDatabase(server)
})

describe('lets somebody in', () => {
  it('for a while, on the record', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const ran = await create('kari', [...gro, '--for', '4h', ...sure, '--ticket', 'CASE-7', '-o', 'json'])
    expect(ran.code).toBe(0)
    const { kind, dryRun, requestId, items } = ran.json<{
      kind: string
      dryRun: boolean
      requestId: null
      items: { id: string }[]
    }>()
    expect({ kind, dryRun, requestId }).toEqual({ kind: 'GrantResult', dryRun: false, requestId: null })
    const moment = expect.stringMatching(/^20\d\d-.*Z$/)
    expect(items).toEqual([
      {
        id: expect.any(String),
        organizationId: organizations.hlf,
        organization: 'hlf',
        granteeUserId: people.gro.id,
        granteeEmail: emailOf('gro'),
        grantedBy: 'kari',
        reason: 'support case',
        ticket: 'CASE-7',
        createdAt: moment,
        expiresAt: moment,
        state: 'active',
        revokedAt: null,
        revokedBy: null,
        activeSessions: 0,
        sessions: 0,
        reads: 0,
        acts: 0,
      },
    ])
    expect(ran.stderr).toMatch(/^gro@meander\.example is let into hlf until 20.*Z\.\n$/)
    expect(await grants()).toEqual([{ id: items[0]?.id, granted_by: 'kari', minutes: 240 }])
    expect(await events('hlf', 'grant.created')).toEqual([
      { target_id: items[0]?.id, reason: 'support case', ticket: 'CASE-7', request_id: null },
    ])
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
    expect((await run(server, database, 'gro', ['sessions', 'list', '--org', 'hlf'])).code).toBe(0)
    expect((await run(server, database, 'gro', ['sessions', 'list', '--org', 'nhf'])).code).toBe(3)
  })

  it('until a moment, by id and for the own organization by name', async () => {
    const until = new Date(Date.now() + 7_200_000).toISOString().replace(/\.\d+/, '')
    const ran = await create('kari', ['--to', people.gro.id, '--org', 'hlf', '--until', until, ...sure])
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain(`until ${until.replace('Z', '')}`)
    expect((await create('kari', [...gro, '--until', '2h', ...sure, '-o', 'id'])).stdout).toMatch(
      /^[0-9a-f-]{36}\n$/,
    )
    expect((await grants())[1]?.minutes).toBe(120)
  })

  it('asks at a terminal, and says who it is and until when', async () => {
    const ran = await create('kari', [...gro, '--for', '1h'], { terminal: ['support case', 'y'] })
    expect(ran.code).toBe(0)
    expect(ran.stderr).toMatch(/gro@meander\.example may see hlf and act there until 20.*Go on\?/)
    expect(await grants()).toHaveLength(1)
    const declined = await create('kari', [...gro, '--for', '1h'], { terminal: ['support case', 'n'] })
    expect(declined.code).toBe(9)
    expect(await grants()).toHaveLength(1)
    expect(await events('hlf', 'grant.created')).toHaveLength(1)
  })

  it('--dry-run lets nobody in, needs no reason and says what would be', async () => {
    const ran = await create('kari', [...gro, '--for', '1h', '-n', '-o', 'json'])
    expect(ran.code).toBe(0)
    expect(ran.json()).toMatchObject({ dryRun: true, items: [{ granteeEmail: emailOf('gro') }] })
    expect(ran.stderr).toContain('would be let into hlf')
    expect(await grants()).toEqual([])
    expect(await events('hlf', 'grant.created')).toEqual([])
  })

  it('a request id lets in once, and answers the same again', async () => {
    const argv = [...gro, '--for', '1h', ...sure, '--request-id', randomUUID(), '-o', 'json']
    expect((await create('kari', [...argv, '--dry-run'])).code).toBe(0)
    const [first, again] = [await create('kari', argv), await create('kari', argv)]
    expect(first.code).toBe(0)
    expect(again).toMatchObject({ code: 0, stdout: first.stdout })
    expect(await grants()).toHaveLength(1)
    const other = argv.map((word) => (word === '1h' ? '2h' : word))
    expect((await create('kari', other)).code).toBe(2)
    expect(await grants()).toHaveLength(1)
  })

  it('a request id at once from two processes lets in once', async () => {
    const argv = [...gro, '--for', '1h', ...sure, '--request-id', randomUUID(), '-o', 'id']
    const [one, two] = await Promise.all([create('kari', argv), create('kari', argv)])
    expect([one.code, two.code]).toEqual([0, 0])
    expect(one.stdout).toBe(two.stdout)
    expect(await grants()).toHaveLength(1)
  })
})

describe('is refused', () => {
  it.each([
    ['no end', []],
    ['two ends', ['--for', '1h', '--until', '2h']],
    ['an end that is no time', ['--until', 'soon']],
    ['a length that is none', ['--for', '0h']],
    ['a past end', ['--until', '2020-01-01']],
  ])('%s: 2', async (_, end) => {
    expect((await create('kari', [...gro, ...end, ...sure])).code).toBe(2)
    expect(await grants()).toEqual([])
  })

  it('nobody named, no reason and nobody to ask: 2', async () => {
    expect((await create('kari', ['--for', '1h', ...sure])).code).toBe(2)
    expect((await create('kari', [...gro, '--for', '1h', '--yes'])).code).toBe(2)
    expect((await create('kari', [...gro, '--for', '1h', '--reason', 'x'])).code).toBe(2)
    expect(await grants()).toEqual([])
  })

  it('longer than the organization allows: 5 with the limit, on the record once', async () => {
    for (const mode of ['--yes', '--dry-run']) {
      const ran = await create('kari', [...gro, '--for', '73h', '--reason', 'x', mode])
      expect(ran).toMatchObject({
        code: 5,
        stdout: '',
        stderr: 'meanderctl: Refused: this organization allows support access for at most 72 h.\n',
      })
    }
    const asked = await create('kari', [...gro, '--for', '4d'], { terminal: ['x'] })
    expect(asked.code).toBe(5)
    expect(await events('hlf', 'grant.create_refused')).toHaveLength(3)
    expect(await grants()).toEqual([])
  })

  it.each([
    ['gro', 'platform'],
    ['siv', 'platform'],
    ['ada', 'hlf'],
  ] as const)('%s: 5, nobody but an org admin lets anybody in, on the record of %s', async (login, home) => {
    for (const org of [[], ['--org', 'hlf']]) {
      const ran = await create(login, [...gro, ...org, '--for', '1h', '--reason', 'please', '--yes'])
      expect(ran).toMatchObject({
        code: 5,
        stderr:
          'meanderctl: Refused: only an org admin gives support access, and only to the own organization.\n',
      })
    }
    expect(await events(home, 'grant.create_refused')).toMatchObject([
      { target_id: '(unknown)@meander.example', reason: 'please' },
      { target_id: '(unknown)@meander.example', reason: 'please' },
    ])
    expect(await grants()).toEqual([])
  })

  it('the administrator: 5, no operator', async () => {
    expect((await create('admin', [...gro, '--for', '1h', ...sure])).code).toBe(4)
    expect(await grants()).toEqual([])
  })

  it('another organization is as unknown as none: 3', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const [foreign, unknown] = [
      await create('kari', [...gro, '--org', 'nhf', '--for', '1h', ...sure]),
      await create('kari', [...gro, '--org', 'nowhere', '--for', '1h', ...sure]),
    ]
    expect(foreign).toMatchObject({ code: 3, stdout: '', stderr: unknown.stderr })
    expect(unknown.code).toBe(3)
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })

  it('somebody who is no staff: 3', async () => {
    for (const to of [emailOf('mari'), emailOf('nils'), 'nobody@meander.example']) {
      const ran = await create('kari', ['--to', to, '--for', '1h', ...sure])
      expect(ran).toMatchObject({ code: 3, stderr: 'meanderctl: Refused: no such global admin.\n' })
    }
    expect(await events('hlf', 'grant.create_refused')).toHaveLength(3)
  })
})
