import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import {
  emailOf,
  organizations,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { eventsOf, seedCrowd } from '../../support/users.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
let database: string

interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: string
  readonly status: string
  readonly activeSessions: number
  readonly lastActivityAt: string | null
}

const users = (login: string, ...argv: string[]) =>
  run(server, database, login, ['users', ...argv], { redis })
const emails = async (login: string, ...argv: string[]): Promise<string[]> => {
  const { code, stdout } = await users(login, 'list', ...argv, '-o', 'ndjson')
  expect(code).toBe(0)
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as User).email)
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  await seedSessions(server, database, [
    { person: 'mari', activeAgo: '1 hour' },
    { person: 'mari', activeAgo: '2 minutes', kind: 'portal' },
    { person: 'mari', expiresIn: '-1 minute' },
    { person: 'per' },
  ])
  await server.query(
    `insert into meander.users (id, organization_id, email, display_name, role) values
       (gen_random_uuid(), '${organizations.hlf}', 'hundre%@hlf.example', '100 % Hansen', 'member'),
       (gen_random_uuid(), '${organizations.hlf}', 'under_score@hlf.example', 'Under_score', 'member'),
       (gen_random_uuid(), '${organizations.hlf}', 'underxscore@hlf.example', 'Underxscore', 'member'),
       (gen_random_uuid(), '${organizations.hlf}', 'zz@hlf.example', 'Øystein Ådland', 'member')`,
    [],
    database,
  )
})

describe('users list', () => {
  it('is of the own organization, by e-mail', async () => {
    expect(await emails('kari')).toEqual(
      ['ada', 'hundre%', 'kari', 'liv', 'mari', 'ola', 'under_score', 'underxscore', 'zz'].map(
        (n) => `${n}@hlf.example`,
      ),
    )
    expect(await emails('nils')).toEqual(['nils@nhf.example', 'per@nhf.example'])
  })

  it.each([
    ['mar', ['mari']],
    ['MARI@hlf', ['mari']],
    ['ari', []],
    ['100 %', ['hundre%']],
    ['hundre%', ['hundre%']],
    ['%', []],
    ['under_', ['under_score']],
    ['_nder', []],
    ['Øystein', ['zz']],
    ['øystein', []],
  ])('--search %s is a prefix of e-mail or name, to the letter', async (text, found) => {
    expect(await emails('kari', '--search', text)).toEqual(found.map((name) => `${name}@hlf.example`))
  })

  it('by role and status', async () => {
    expect(await emails('kari', '--role', 'org_admin')).toEqual(['kari@hlf.example', 'liv@hlf.example'])
    expect(await emails('kari', '--role', 'peer_mentor', '--status', 'active')).toEqual(['mari@hlf.example'])
    expect(await emails('kari', '--status', 'deactivated')).toEqual([])
    expect((await users('kari', 'list', '--role', 'king')).code).toBe(2)
    expect((await users('kari', 'list', '--status', 'gone')).code).toBe(2)
    expect((await users('kari', 'list', '--search', '')).code).toBe(2)
  })

  it('counts active sessions and knows the last activity of any', async () => {
    const { stdout } = await users('kari', 'list', '--search', 'mari', '-o', 'json')
    const { kind, items } = JSON.parse(stdout) as { kind: string; items: User[] }
    expect(kind).toBe('UserList')
    expect(items).toMatchObject([
      { ...people.mari, organization: 'hlf', activeSessions: 2, status: 'active' },
    ])
    expect(Date.now() - Date.parse(items[0]?.lastActivityAt ?? '')).toBeLessThan(120_000)
    expect(Object.keys(items[0] ?? {})).toEqual(
      'id email name organizationId organization role status deactivatedAt activeSessions lastActivityAt'.split(
        ' ',
      ),
    )
  })

  it('in every form', async () => {
    const of = (form: string) => users('kari', 'list', '--search', 'mari', '-o', form)
    expect((await of('id')).stdout).toBe(`${people.mari.id}\n`)
    expect((await of('csv')).stdout).toMatch(
      /^id,email,name,organizationId,organization,role,status,deactivatedAt,activeSessions,lastActivityAt\n.*,mari@hlf\.example,Mari,/,
    )
    expect((await of('table')).stdout).toMatch(/mari@hlf\.example/)
    expect((await of('wide')).stdout).toContain(people.mari.id)
    const none = await users('kari', 'list', '--search', 'nobody')
    expect(none).toMatchObject({ code: 0, stdout: '' })
    expect(none.stderr).toContain('No user matches.')
  })

  it('page by page, none lost and none twice', async () => {
    const crowd = await seedCrowd(server, database, 'paged', 23, { organization: 'empty', sessions: 0 })
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const ran = await users(
        'eva',
        'list',
        '--limit',
        '5',
        '-o',
        'json',
        ...(cursor ? ['--cursor', cursor] : []),
      )
      const page = ran.json<{ items: User[]; nextCursor: string | null }>()
      seen.push(...page.items.map(({ email }) => email))
      cursor = page.nextCursor
      expect(ran.stderr.includes('--cursor')).toBe(cursor !== null)
    } while (cursor)
    expect(seen).toEqual([...crowd.emails, emailOf('eva')].sort())
    expect((await users('eva', 'list', '--limit', '0')).code).toBe(2)
    expect((await users('eva', 'list', '--cursor', 'x')).code).toBe(2)
    expect(await emails('eva', '--all')).toHaveLength(24)
  })

  it('finds nothing in an organization out of reach, unknown or foreign', async () => {
    const foreign = await users('kari', 'list', '--org', 'nhf')
    const unknown = await users('kari', 'list', '--org', 'nix')
    expect(foreign.code).toBe(3)
    expect(unknown).toMatchObject({ code: 3, stdout: '', stderr: foreign.stderr.replaceAll('nhf', 'nix') })
  })

  it('is for a global admin only under a grant, and then on the record', async () => {
    expect((await users('gro', 'list', '--org', 'hlf')).code).toBe(3)
    await seedGrant(server, database, 'gro', 'hlf')
    expect(await emails('gro', '--search', 'mari', '--ticket', 'HD-7')).toEqual(['mari@hlf.example'])
    expect((await eventsOf(server, database, 'hlf')).at(-1)).toMatchObject({ actor: 'gro', ticket: 'HD-7' })
    expect(await emails('gro', '--org', 'nhf').catch(() => 'refused')).toBe('refused')
  })
})

describe('users show', () => {
  it('has sessions, grants and record', async () => {
    const signedOut = await users('kari', 'sign-out', 'mari@hlf.example', '--reason', 'lost phone', '--yes')
    expect(signedOut.code).toBe(0)
    const { code, stdout } = await users('kari', 'show', 'Mari@HLF.example', '-o', 'json')
    const { item } = JSON.parse(stdout) as {
      item: User & {
        sessions: { state: string }[]
        grants: object[]
        auditEvents: { action: string; reason: string }[]
      }
    }
    expect(code).toBe(0)
    expect(item).toMatchObject({ id: people.mari.id, status: 'active', activeSessions: 0 })
    expect(item.sessions.map(({ state }) => state)).toEqual(['revoked', 'revoked', 'revoked'])
    expect(item.auditEvents[0]).toMatchObject({ action: 'user.signed_out', reason: 'lost phone' })
    expect(item.grants).toEqual([])
    const table = await users('kari', 'show', people.mari.id)
    expect(table.stdout).toMatch(
      /Sessions\n[\s\S]*Support access grants\nnone\n[\s\S]*Record\n[\s\S]*lost phone/,
    )
  })

  it('shows the grants that a person of the platform holds here', async () => {
    const granted = await seedGrant(server, database, 'siv', 'nhf')
    const shown = await users('nils', 'show', emailOf('siv'), '-o', 'json')
    expect(shown.code).toBe(0)
    expect(shown.json<{ item: object }>().item).toMatchObject({
      grants: [{ id: granted, organization: 'nhf', state: 'active' }],
    })
  })

  it('answers unknown and foreign alike, to the byte', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const [foreign, foreignId, unknown, unknownId] = await Promise.all(
      [emailOf('per'), people.per.id, 'pex@nhf.example', randomUUID()].map((name) =>
        users('kari', 'show', name),
      ),
    )
    expect(foreign?.code).toBe(3)
    for (const other of [foreignId, unknown, unknownId]) {
      expect(other).toMatchObject({ code: 3, stdout: foreign?.stdout, stderr: foreign?.stderr })
    }
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })
})
