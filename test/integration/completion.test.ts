import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { connect } from '../../src/postgres/connection.ts'
import { connectAs, password } from '../support/as-login.ts'
import { everythingOf } from '../support/bystanders.ts'
import { type Completion, completeLine } from '../support/completing.ts'
import { problemsOf } from '../support/harmless.ts'
import { endHostileWorld, makeHostileWorld } from '../support/hostile-world.ts'
import { type NamedSessions, seedNamed } from '../support/named-sessions.ts'
import { emailOf, organizations, people, peopledDatabase, seedGrant } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { ownFolder } from '../support/users.ts'

/** What is completed from the database: what this login reaches, and nothing that would be an act on a record. */

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
let database: string
let s: NamedSessions<'phone' | 'tablet' | 'ola' | 'nils' | 'ended' | 'office'>
const grants: Record<string, string> = {}

const url = (login: string, on = database) => server.url(login, on, password)
const as = (login: string, ...words: string[]): Promise<Completion> =>
  completeLine(words, { DATABASE_URL: url(login) })
const values = async (login: string, ...words: string[]) => (await as(login, ...words)).values
const names = async (login: string, ...words: string[]) => s.names((await values(login, ...words)).join('\n'))

/** The record of everybody, and everything of both organizations. */
const everything = async () =>
  JSON.stringify([
    await server.query('select * from meander.audit_log order by organization_id, seq', [], database),
    await server.query('select * from meander.intents order by 1', [], database),
    await everythingOf(server, database, 'hlf'),
    await everythingOf(server, database, 'nhf'),
  ])

beforeAll(async () => {
  database = await peopledDatabase(server)
  s = await seedNamed(server, database, {
    phone: { person: 'mari', deviceName: 'iPhone 15', activeAgo: '1 minute' },
    tablet: { person: 'mari', deviceName: 'iPad', activeAgo: '2 minutes' },
    ola: { person: 'ola', activeAgo: '3 minutes' },
    nils: { person: 'nils' },
    ended: { person: 'ola', createdAgo: '2 hours', expiresIn: '-1 minute' },
    office: { person: 'gro' },
  })
  for (const organization of ['hlf', 'nhf'] as const)
    grants[organization] = await seedGrant(server, database, 'gro', organization)
  await server.query(
    `set session_replication_role = 'replica';
     update meander.users set status = 'deactivated', deactivated_at = now() where id = '${people.ola.id}'`,
    [],
    database,
  )
})
afterAll(() => folder.remove())

describe('an org_admin', () => {
  it('is given the own organization', async () => {
    expect((await as('kari', 'sessions', 'list', '--org', '')).lines).toEqual(['hlf\tHjerte og lunge'])
    expect(await values('kari', 'audit', 'list', '--org=h')).toEqual(['--org=hlf'])
    expect(await values('kari', 'sessions', 'list', '--org', 'nh')).toEqual([])
  })

  it('is given people by the beginning of their address', async () => {
    expect((await as('kari', 'users', 'offboard', 'm')).lines).toEqual(['mari@hlf.example\tMari'])
    expect(await values('kari', 'sessions', 'list', '--user', '')).toEqual(
      (['ada', 'kari', 'liv', 'mari', 'ola'] as const).map(emailOf),
    )
    expect(await values('kari', 'users', 'verify', emailOf('mari'), 'ma')).toEqual([])
    expect(await values('kari', 'users', 'show', 'nils')).toEqual([])
  })

  it('is given whom a command can be about', async () => {
    expect(await values('kari', 'users', 'reinstate', '')).toEqual([emailOf('ola')])
  })

  it('is given sessions, newest first, as the line before narrows them', async () => {
    expect(await names('kari', 'sessions', 'revoke', '')).toEqual(['phone', 'tablet', 'ola'])
    expect(await names('kari', 'sessions', 'revoke', '--user', emailOf('mari'), '')).toEqual([
      'phone',
      'tablet',
    ])
    expect(await names('kari', 'sessions', 'revoke', '--device', 'ipad', '')).toEqual(['tablet'])
    expect(await names('kari', 'sessions', 'revoke', s.id.phone, '')).toEqual(['tablet', 'ola'])
    expect(await names('kari', 'sessions', 'revoke', '--except', '')).toEqual(['phone', 'tablet', 'ola'])
    expect((await names('kari', 'sessions', 'show', '')).sort()).toEqual(['ended', 'ola', 'phone', 'tablet'])
    expect((await as('kari', 'sessions', 'revoke', s.id.tablet.slice(0, 8))).lines).toEqual([
      `${s.id.tablet}\tmari@hlf.example iPad 198.51.100.7`,
    ])
    expect(await values('kari', 'sessions', 'revoke', '--ip', 'nowhere', '')).toEqual([])
  })

  it('is given grants and who has them', async () => {
    expect((await as('kari', 'grants', 'revoke', '')).lines).toEqual([
      `${grants.hlf}\tgro@meander.example support case`,
    ])
    expect(await values('kari', 'sessions', 'list', '--grant', '')).toEqual([grants.hlf])
    expect(await values('kari', 'grants', 'list', '--to', 'g')).toEqual([emailOf('gro')])
  })

  it('is given nothing of an organization that is foreign or not there, the same', async () => {
    for (const thing of [
      ['sessions', 'revoke'],
      ['users', 'offboard'],
      ['sessions', 'list', '--grant'],
    ])
      for (const slug of ['nhf', 'no-such'])
        expect(await values('kari', ...thing.slice(0, 2), '--org', slug, ...thing.slice(2), '')).toEqual([])
    expect(await names('nils', 'sessions', 'revoke', '')).toEqual(['nils'])
  })

  it('is nobody who operates', async () => {
    expect(await values('kari', 'operators', 'disable', '')).toEqual([])
  })
})

describe('where one works', () => {
  it('is what --profile, --env-file and the environment before it say', async () => {
    const home = folder.path('home')
    mkdirSync(join(home, 'meanderctl'), { recursive: true, mode: 0o700 })
    const file = join(home, 'meanderctl', 'config.json')
    const profiles = {
      hlf: { databaseUrl: url('kari').replace(/:[^:@/]*@/, '@') },
      nhf: { databaseUrl: url('nils').replace(/:[^:@/]*@/, '@') },
    }
    writeFileSync(file, JSON.stringify({ current: 'nhf', profiles }))
    chmodSync(file, 0o600)
    const env = { XDG_CONFIG_HOME: home, PGPASSWORD: password }
    const mine = ['sessions', 'list', '--org', '']
    expect((await completeLine(mine, env)).values).toEqual(['nhf'])
    expect((await completeLine(['--profile', 'hlf', ...mine], env)).values).toEqual(['hlf'])
    expect((await completeLine(['sessions', 'list', '--profile=hlf', '--org', ''], env)).values).toEqual([
      'hlf',
    ])
    writeFileSync(folder.path('job.env'), `DATABASE_URL=${url('eva')}\n`)
    expect((await completeLine(['--env-file', folder.path('job.env'), ...mine], env)).values).toEqual([
      'empty',
    ])
  })

  it('a pipe for an env file is not waited for', async () => {
    expect(
      (
        await completeLine(['--env-file', '/dev/stdin', 'sessions', 'list', '--org', ''], {
          DATABASE_URL: url('kari'),
        })
      ).values,
    ).toEqual([])
  })
})

describe('others', () => {
  it('an auditor looks, as the organization lets it', async () => {
    expect(await names('ada', 'sessions', 'show', s.id.phone.slice(0, 8))).toEqual(['phone'])
  })

  it('the administrator is given the logins, and nobody’s data', async () => {
    expect(await values('admin', 'operators', 'disable', 'k')).toEqual(['kari'])
    for (const words of [
      ['sessions', 'revoke'],
      ['users', 'show'],
      ['grants', 'show'],
      ['users', 'list', '--org'],
    ])
      expect(await values('admin', ...words, '')).toEqual([])
  })

  it('who is no operator, and who has no password, gets nothing and is asked nothing', async () => {
    expect(await values('stranger', 'sessions', 'revoke', '')).toEqual([])
    const env = { DATABASE_URL: server.url('kari', database) }
    const { values: found } = await completeLine(['sessions', 'revoke', ''], env, { terminal: [] })
    expect(found).toEqual([])
  })
})

describe('under a grant', () => {
  it('a global admin is given the organizations, and nobody’s data: to look is an act', async () => {
    const before = await everything()
    expect(await values('gro', 'sessions', 'list', '--org', '')).toEqual(['hlf', 'nhf'])
    for (const words of [
      ['sessions', 'revoke'],
      ['sessions', 'show'],
      ['sessions', 'revoke', '--mine'],
      ['sessions', 'list', '--org', 'hlf', '--grant'],
      ['users', 'offboard'],
      ['users', 'offboard', '--org', 'hlf'],
      ['sessions', 'list', '--user'],
      ['grants', 'revoke'],
      ['grants', 'list', '--to'],
    ])
      expect(await values('gro', ...words, ''), words.join(' ')).toEqual([])
    expect(await values('siv', 'users', 'show', '')).toEqual([])
    expect(await everything()).toBe(before)
  })

  it('not even while an intent of this very login lives, which would let it look', async () => {
    const gro = await connectAs(server, database, 'gro')
    await gro.query(
      `select meander.record_intent(p_function => 'list_users', p_arguments => '{}', p_organization => null,
         p_reason => 'support case', p_ticket => null)`,
    )
    const seen = await gro.query("select email from meander.list_users('{}', null, null, 10)")
    expect(seen.length).toBeGreaterThan(5)
    await gro.close()
    const before = await everything()
    expect(await values('gro', 'users', 'show', '')).toEqual([])
    expect(await everything()).toBe(before)
  })
})

describe('nothing is changed', () => {
  it('by whatever is completed', async () => {
    const before = await everything()
    for (const login of ['kari', 'ada', 'admin', 'stranger'])
      for (const words of [
        ['sessions', 'revoke'],
        ['users', 'offboard'],
        ['grants', 'revoke'],
        ['operators', 'remove'],
      ])
        await as(login, ...words, '')
    expect(await everything()).toBe(before)
  })

  it('since the server itself would refuse it', async () => {
    const { host, port } = server
    const db = await connect(
      {
        kind: 'server',
        hosts: [{ host, address: null, port, tls: 'disable' }],
        user: 'gro',
        database,
        password: { kind: 'value', get: async () => password },
        tlsFiles: {},
        connectTimeoutMs: 10_000,
        targetSessionAttrs: 'any',
      },
      { readOnly: true },
    )
    await expect(
      db.query("select meander.record_intent('hlf', 'list_users', '{}', 'why not', null)"),
    ).rejects.toMatchObject({ sqlState: '25006' })
    await db.close()
  })

  it('and passwordCommand is not run', async () => {
    const trace = folder.path('trace')
    const home = folder.path('vault')
    mkdirSync(join(home, 'meanderctl'), { recursive: true, mode: 0o700 })
    const file = join(home, 'meanderctl', 'config.json')
    const prod = {
      databaseUrl: url('kari').replace(/:[^:@/]*@/, '@'),
      passwordCommand: `echo ran >> ${trace}; echo '${password}'`,
    }
    writeFileSync(file, JSON.stringify({ current: 'prod', profiles: { prod } }), { mode: 0o600 })
    const env = { XDG_CONFIG_HOME: home }
    for (const words of [
      ['sessions', 'revoke'],
      ['users', 'show'],
      ['sessions', 'list', '--org'],
      ['--profile', 'prod', 'grants', 'show'],
    ])
      expect((await completeLine([...words, ''], env)).values).toEqual([])
    expect((await completeLine(['profile', 'use', ''], env)).values).toEqual(['prod', 'demo'])
    expect(existsSync(trace)).toBe(false)
    // Where the password is known otherwise, there is nothing to run.
    expect(
      (await completeLine(['sessions', 'list', '--org', ''], { ...env, PGPASSWORD: password })).values,
    ).toEqual(['hlf'])
    expect(existsSync(trace)).toBe(false)
  })
})

describe('hostile texts', () => {
  it('are left out where they would be typed, and tamed beside it', async () => {
    const world = await makeHostileWorld(server)
    try {
      const env = { DATABASE_URL: url('kari', world.database) }
      await server.query(
        `insert into meander.users (organization_id, email, display_name, role) select $1, e, E'\\x1b]0;x\\x07 $(id) \`id\` \\\\ %F{red} a:b', 'member'
         from unnest(array['$(touch /tmp/x)@a', 'o''neill@a', 'a b@a', 'semi;colon@a', 'col:on@a', '--yes', '-y@a', '~root', '=ls', 'ok+tag@hlf.example']) as e`,
        [organizations.hlf],
        world.database,
      )
      const emails = await completeLine(['users', 'show', ''], env)
      expect(emails.values).toEqual([
        ...(['ada', 'kari', 'liv', 'mari'] as const).map(emailOf),
        'ok+tag@hlf.example',
        emailOf('ola'),
      ])
      const sessions = await completeLine(['sessions', 'show', ''], env)
      expect(sessions.values.toSorted()).toEqual([...world.sessions, ...world.ended].sort())
      const grants = await completeLine(['grants', 'show', ''], env)
      expect(grants.values.toSorted()).toEqual(world.grants.toSorted())
      const all = [emails, sessions, grants, await completeLine(['users', 'list', '--org', ''], env)].flatMap(
        ({ lines }) => lines,
      )
      for (const line of all) {
        const [, meaning = ''] = line.split('\t')
        expect(problemsOf(line.replace('\t', ' '))).toEqual([])
        expect(meaning).not.toMatch(/[\\$`%\n\t]/)
        expect([...meaning].length).toBeLessThanOrEqual(60)
      }
    } finally {
      await endHostileWorld(server, world)
    }
  })
})
