import { beforeAll, expect, inject, it } from 'vitest'
import { organizations, people, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
let database: string

interface Identity {
  readonly login: string
  readonly kind: string
  readonly role: string | null
  readonly user: { id: string; email: string } | null
  readonly organizations: readonly { slug: string; through: string; until: string | null }[]
  readonly commands: readonly string[]
}

const whoami = async (login: string) => {
  const ran = await run(server, database, login, ['whoami', '-o', 'json'])
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  const { kind, item } = ran.json<{ kind: string; item: Identity & Record<string, unknown> }>()
  expect(kind).toBe('Identity')
  return item
}

beforeAll(async () => {
  database = await peopledDatabase(server)
})

it('an org admin: login, user, role, the own organization, commands, database, TLS, mode', async () => {
  expect(await whoami('kari')).toEqual({
    login: 'kari',
    kind: 'operator',
    role: 'org_admin',
    user: { id: people.kari.id, email: 'kari@hlf.example', name: 'Kari' },
    organizations: [
      {
        id: organizations.hlf,
        slug: 'hlf',
        name: 'Hjerte og lunge',
        through: 'own',
        grantId: null,
        until: null,
      },
    ],
    commands: expect.arrayContaining(['sessions list', 'sessions revoke', 'audit list', 'blocklist sync']),
    database: `127.0.0.1:${server.port}/${database}`,
    tls: null,
    blocklistMode: 'redis',
    schemaVersion: expect.any(Number),
  })
})

it('an auditor may look, and end the own sessions', async () => {
  const { role, commands } = await whoami('ada')
  expect(role).toBe('auditor')
  expect(commands).toEqual(expect.arrayContaining(['sessions list', 'audit list', 'sessions revoke --mine']))
  for (const command of ['sessions revoke', 'blocklist sync', 'operators add', 'db migrate'])
    expect(commands).not.toContain(command)
})

it('a global admin: nothing, until somebody lets her in, and until when', async () => {
  const before = await whoami('gro')
  expect(before).toMatchObject({ role: 'global_admin', organizations: [] })
  expect(before.commands).toEqual([
    'sessions list --mine',
    'sessions revoke --mine',
    'sessions stats --mine',
    'sessions watch --mine',
    'doctor',
    'doctor isolation',
  ])

  const grant = await seedGrant(server, database, 'gro', 'hlf')
  const after = await whoami('gro')
  expect(after.organizations).toEqual([
    expect.objectContaining({
      slug: 'hlf',
      through: 'grant',
      grantId: grant,
      until: expect.stringMatching(/Z$/),
    }),
  ])
  expect(after.commands).toEqual(expect.arrayContaining(['sessions list', 'sessions revoke', 'audit list']))

  await server.query(
    "update meander.support_access_grants set revoked_at = now(), revoked_by = 'kari' where id = $1",
    [grant],
    database,
  )
  expect((await whoami('gro')).organizations).toEqual([])
})

it('an administrator and the publisher are told what they are', async () => {
  expect(await whoami('admin')).toMatchObject({ kind: 'administrator', role: null, user: null })
  expect((await whoami('admin')).commands).toEqual(
    expect.arrayContaining(['operators add', 'db migrate', 'blocklist sync', 'audit list']),
  )
  expect((await whoami('admin')).commands).not.toContain('sessions list')
  const publisher = await whoami('publisher')
  expect(publisher.kind).toBe('publisher')
  expect(publisher.commands).toEqual([
    'blocklist status',
    'blocklist check',
    'blocklist sync',
    'blocklist sync --follow',
    'blocklist rebuild',
    'doctor',
  ])
})

it('a login that is nobody is 4', async () => {
  expect(await run(server, database, 'stranger', ['whoami'])).toMatchObject({ code: 4, stdout: '' })
  expect((await run(server, database, 'directory', ['whoami'])).code).toBe(4)
})

it('each listed command is one that exists', async () => {
  const { commands } = await whoami('kari')
  for (const command of [...commands, ...(await whoami('admin')).commands]) {
    const [verb = '', flag = ''] = command.split(/ (?=--)/)
    const ran = await run(server, database, 'kari', [...verb.split(' '), '--help'])
    expect({ command, code: ran.code }).toEqual({ command, code: 0 })
    expect(ran.stdout).toContain(`Usage: meanderctl ${verb}`)
    expect(ran.stdout).toContain(flag)
  }
})

it('for a person', async () => {
  const { stdout } = await run(server, database, 'kari', ['whoami'])
  expect(stdout).toMatch(/^login +kari$/m)
  expect(stdout).toMatch(/^role +org admin$/m)
  expect(stdout).toMatch(/^user +Kari <kari@hlf\.example>$/m)
  expect(stdout).toMatch(/^organizations +hlf \(own\)$/m)
  expect(stdout).toMatch(/^tls +none$/m)
})
