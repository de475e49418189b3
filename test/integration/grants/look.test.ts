import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { emailOf, organizations, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

/** `grants list` and `grants show`: who was let in, and what they looked at and did. */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string
let grant: string
let far: string
let old: string
let s: NamedSessions<'support' | 'mari' | 'lost'>

const as = (login: string, ...argv: string[]) => run(server, database, login, argv, { redis })
const listed = async (login: string, ...argv: string[]): Promise<string[]> => {
  const { code, stdout } = await as(login, 'grants', 'list', ...argv, '-o', 'id')
  expect(code).toBe(0)
  return stdout.split('\n').filter((line) => line !== '')
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  old = await seedGrant(server, database, 'siv', 'hlf')
  grant = await seedGrant(server, database, 'gro', 'hlf')
  far = await seedGrant(server, database, 'gro', 'nhf')
  s = await seedNamed(server, database, {
    support: { person: 'gro', organization: 'hlf', grant },
    mari: { person: 'mari' },
    lost: { person: 'ola' },
  })
  await as('kari', 'grants', 'revoke', old, '--reason', 'over', '--yes')
  expect((await as('gro', 'sessions', 'list', '--org', 'hlf', '--ticket', 'CASE-7')).code).toBe(0)
  expect((await as('gro', 'sessions', 'revoke', s.id.lost, '--reason', 'stolen', '--yes')).code).toBe(0)
})

describe('list', () => {
  it('shows those who are let in now, and the others where asked', async () => {
    expect(await listed('kari')).toEqual([grant])
    expect(await listed('kari', '--state', 'any')).toEqual([grant, old])
    expect(await listed('kari', '--state', 'revoked')).toEqual([old])
    expect(await listed('ada', '--state', 'any', '--to', emailOf('siv'))).toEqual([old])
    expect(await listed('nils')).toEqual([far])
    expect(await listed('eva', '--state', 'any')).toEqual([])
  })

  it('says what each opened', async () => {
    const ran = await as('kari', 'grants', 'list', '-o', 'json')
    expect(ran.json()).toMatchObject({
      kind: 'GrantList',
      items: [
        { id: grant, activeSessions: 1, sessions: 1, reads: 2, acts: 1, state: 'active', revokedAt: null },
      ],
      nextCursor: null,
    })
    const { stdout } = await as('kari', 'grants', 'list')
    expect(stdout.split('\n')[0]).toMatch(/^ID +TO +REASON +ENDS +STATE +SESSIONS NOW +OPENED +READS +ACTS$/)
  })

  it('goes on where the page before ended', async () => {
    const first = await as('kari', 'grants', 'list', '--state', 'any', '--limit', '1', '-o', 'json')
    const { items, nextCursor } = first.json<{ items: { id: string }[]; nextCursor: string }>()
    expect(items.map(({ id }) => id)).toEqual([grant])
    expect(await listed('kari', '--state', 'any', '--cursor', nextCursor)).toEqual([old])
    expect((await as('kari', 'grants', 'list', '--cursor', 'x')).code).toBe(2)
  })

  it('what is out of reach is 3, unknown and foreign alike', async () => {
    const [foreign, unknown] = [
      await as('kari', 'grants', 'list', '--org', 'nhf'),
      await as('kari', 'grants', 'list', '--org', 'nowhere'),
    ]
    expect(foreign).toMatchObject({ code: 3, stdout: '', stderr: unknown.stderr })
    expect((await as('kari', 'grants', 'list', '--to', emailOf('mari'))).code).toBe(3)
    expect((await as('kari', 'grants', 'list', '--state', 'all')).code).toBe(2)
  })

  it('of none it says so', async () => {
    expect(await as('eva', 'grants', 'list')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No grant matches.\n',
    })
  })
})

describe('show', () => {
  it('tells sessions, reads and acts, newest first, with the head of the record', async () => {
    const ran = await as('kari', 'grants', 'show', grant, '-o', 'json')
    expect(ran.code).toBe(0)
    const { kind, item } = ran.json<{
      kind: string
      item: {
        auditEvents: { action: string; actor: string; ticket: string | null; details: { function: string } }[]
        openedSessions: { id: string }[]
        auditHead: object
      }
    }>()
    expect(kind).toBe('Grant')
    expect(item).toMatchObject({ id: grant, reads: 2, acts: 1, sessions: 1 })
    expect(item.openedSessions.map(({ id }) => id)).toEqual([s.id.support])
    expect(item.auditEvents.map(({ actor, details }) => `${actor} ${details.function}`)).toEqual([
      'gro revoke_sessions',
      'gro list_sessions',
      'gro list_sessions',
    ])
    expect(item.auditEvents.at(-1)).toMatchObject({ action: 'intent.recorded', ticket: 'CASE-7' })
    const [head] = await server.query<{ seq: number; hash: string }>(
      "select seq::integer, encode(hash, 'hex') as hash from meander.audit_heads where organization_id = $1",
      [organizations.hlf],
      database,
    )
    expect(item.auditHead).toEqual({ organization: 'hlf', ...head })
  })

  it('to a person: the grant, its sessions, its record', async () => {
    const { code, stdout } = await as('kari', 'grants', 'show', grant)
    expect(code).toBe(0)
    expect(stdout).toContain('\nSessions\n')
    expect(stdout).toContain('\nRecord\n')
    expect(stdout).toContain('intent.recorded revoke_sessions')
    expect(stdout).toContain(s.id.support)
  })

  it('what is out of reach is 3, unknown and foreign alike', async () => {
    const [foreign, unknown] = [
      await as('kari', 'grants', 'show', far),
      await as('kari', 'grants', 'show', randomUUID()),
    ]
    expect(foreign).toMatchObject({ code: 3, stdout: '', stderr: unknown.stderr })
    expect((await as('kari', 'grants', 'show', 'x')).code).toBe(2)
  })
})

describe('who looks', () => {
  it('a global admin under the grant, on the record first; without one nobody', async () => {
    const before = await as('kari', 'audit', 'list', '--actor', 'gro', '-o', 'id', '--all')
    expect(await listed('gro', '--org', 'hlf')).toEqual([grant])
    const after = await as('kari', 'audit', 'list', '--actor', 'gro', '-o', 'id', '--all')
    expect(after.stdout.trim().split('\n')).toHaveLength(before.stdout.trim().split('\n').length + 1)
    expect((await as('gro', 'grants', 'show', grant, '--reason', 'mine')).code).toBe(0)
    expect(await listed('siv', '--state', 'any')).toEqual([])
    expect((await as('siv', 'grants', 'list', '--org', 'hlf')).code).toBe(3)
    expect((await as('siv', 'grants', 'show', old)).code).toBe(3)
  })

  it('the administrator sees nothing of it', async () => {
    expect(await as('admin', 'grants', 'list')).toMatchObject({ code: 4, stdout: '' })
    expect(await as('admin', 'grants', 'show', grant)).toMatchObject({ code: 4, stdout: '' })
  })
})
