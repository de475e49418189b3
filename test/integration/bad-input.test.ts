import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { peopledDatabase } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { type RunOptions, run } from '../support/run.ts'

/** What a person meets who got something wrong: what, why and the fix, in three lines at most. */

const server = postgresAt(inject('postgres'))
let database: string
let bare: string
let older: string
let newer: string

beforeAll(async () => {
  ;[database, older, newer, bare] = await Promise.all([
    peopledDatabase(server),
    peopledDatabase(server),
    peopledDatabase(server),
    server.createDatabase(`bare_${randomBytes(6).toString('hex')}`),
  ])
  await server.query('delete from meander.migrations where version > 1', [], older)
  await server.query(
    "insert into meander.migrations (version, name, sha256, tool_version) values (999, 'later', 'x', '9.0.0')",
    [],
    newer,
  )
})

interface Mistake {
  readonly login?: string
  readonly in?: () => string
  readonly argv: string
  readonly env?: () => NonNullable<RunOptions['env']>
  readonly code: number
  readonly says: (place: string) => string
}

const named = () => `${server.host}:${server.port}`
const list = 'sessions list'
const toolKnows = async () =>
  (
    await server.query<{ version: number }>(
      'select max(version) as version from meander.migrations',
      [],
      database,
    )
  )[0]?.version

const mistakes: Record<string, Mistake> = {
  'no database configured': {
    argv: list,
    env: () => ({ DATABASE_URL: undefined }),
    code: 2,
    says: () =>
      'No database is configured\nSet DATABASE_URL, or PGHOST and the other variables of psql, or use a profile; to look around: meanderctl demo',
  },
  'a wrong password': {
    argv: list,
    env: () => ({ DATABASE_URL: server.url('kari', database, `${password}!`) }),
    code: 4,
    says: (place) =>
      `${place} refused the login kari: password authentication failed for user "kari"\nCheck PGUSER and the password (PGPASSWORD, PGPASSFILE or passwordCommand)`,
  },
  'no password': {
    argv: list,
    env: () => ({ DATABASE_URL: server.url('kari', database) }),
    code: 4,
    says: (place) =>
      `${place} asks for the password of kari, and there is none\nSet PGPASSWORD, PGPASSFILE, or passwordCommand in a profile`,
  },
  'an unknown login': {
    login: 'nobody_at_all',
    argv: list,
    code: 4,
    says: (place) =>
      `${place} refused the login nobody_at_all: password authentication failed for user "nobody_at_all"\nCheck PGUSER and the password (PGPASSWORD, PGPASSFILE or passwordCommand)`,
  },
  'an unknown database': {
    in: () => 'no_such_database',
    argv: list,
    code: 1,
    says: (place) =>
      `${place}: database "no_such_database" does not exist\nCheck PGDATABASE, or the end of DATABASE_URL`,
  },
  'an unknown host': {
    argv: list,
    env: () => ({ DATABASE_URL: 'postgresql://kari@no-such-host.invalid/meander' }),
    code: 1,
    says: () => 'The host no-such-host.invalid is unknown\nCheck PGHOST, or the host in DATABASE_URL',
  },
  'nobody there': {
    argv: list,
    env: () => ({ DATABASE_URL: 'postgresql://kari@127.0.0.1:1/meander' }),
    code: 1,
    says: () =>
      'Nothing listens at 127.0.0.1:1/meander: connection refused\nCheck PGHOST and PGPORT, or DATABASE_URL, and that the server runs',
  },
  'TLS that the server does not offer': {
    argv: list,
    env: () => ({ PGSSLMODE: 'require' }),
    code: 1,
    says: (place) =>
      `${place} does not offer TLS, so nothing was sent to it\nSwitch TLS on at the server; only on a network that you trust: PGSSLMODE=disable`,
  },
  'an unknown option': {
    argv: `${list} --colour red`,
    code: 2,
    says: () => "Unknown option '--colour'. Did you mean --color?\nSee meanderctl sessions list --help.",
  },
  'an unknown verb': {
    argv: 'sessions kill',
    code: 2,
    says: () => "Unknown command 'kill'.\nSee meanderctl sessions --help.",
  },
  'an unknown noun': {
    argv: 'session list',
    code: 2,
    says: () => "Unknown command 'session'. Did you mean sessions?\nSee meanderctl --help.",
  },
  'an unknown state': {
    argv: `${list} --state gone`,
    code: 2,
    says: () =>
      "Option '--state <state>' argument 'gone' is invalid. Allowed choices are active, expired, revoked, any.\nSee meanderctl sessions list --help.",
  },
  'a state that is nearly one': {
    argv: `${list} --state actve`,
    code: 2,
    says: () =>
      "Option '--state <state>' argument 'actve' is invalid. Allowed choices are active, expired, revoked, any. Did you mean active?\nSee meanderctl sessions list --help.",
  },
  'an output form of another command': {
    argv: `${list} -o html`,
    code: 2,
    says: () => 'This command has no output format html.\nUse -o table|wide|json|ndjson|csv|id.',
  },
  'a form that the timeline has not': {
    argv: 'audit timeline --ticket INC-42 -o xml',
    code: 2,
    says: () => 'There is no output format xml.\nUse -o table|wide|json|ndjson|csv|id|html.',
  },
  'an unknown output form': {
    argv: `${list} -o yaml`,
    code: 2,
    says: () => 'There is no output format yaml.\nUse -o table|wide|json|ndjson|csv|id.',
  },
  'an empty selector': {
    argv: 'sessions revoke --yes --reason x',
    code: 2,
    says: () =>
      'Nothing was selected: an empty selector is never "all".\nName session ids, a selector such as --user, or --org for a whole organization.',
  },
  '--limit 0': {
    argv: `${list} --limit 0`,
    code: 2,
    says: () =>
      "Option '--limit <n>' argument '0' is invalid. A whole number from 1.\nSee meanderctl sessions list --help.",
  },
  'a limit that is no number': {
    argv: `${list} --limit 1e3`,
    code: 2,
    says: () =>
      "Option '--limit <n>' argument '1e3' is invalid. A whole number from 1.\nSee meanderctl sessions list --help.",
  },
  'an id that is none': {
    argv: 'sessions revoke phone --yes --reason x',
    code: 2,
    says: () =>
      "Command-argument value 'phone' is invalid for argument 'id'. An id looks like 0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b.\nSee meanderctl sessions revoke --help.",
  },
  'an address that is none': {
    argv: `${list} --ip 192.0.2.0/33`,
    code: 2,
    says: () =>
      "Option '--ip <address|cidr>' argument '192.0.2.0/33' is invalid. An address looks like 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32.\nSee meanderctl sessions list --help.",
  },
  'a duration that is none': {
    argv: `${list} --idle-for 1y`,
    code: 2,
    says: () =>
      "Option '--idle-for <duration>' argument '1y' is invalid. A duration looks like 90s, 15m, 12h, 7d, 2w or 1d12h.\nSee meanderctl sessions list --help.",
  },
  'a day that never was': {
    argv: `${list} --created-before 2026-02-30`,
    code: 2,
    says: () =>
      "Option '--created-before <time>' argument '2026-02-30' is invalid. A time looks like 2026-01-31T12:00:00Z, 2026-01-31 (UTC), or 7d (ago).\nSee meanderctl sessions list --help.",
  },
  'a missing value': {
    argv: `${list} --user`,
    code: 2,
    says: () => "Option '--user <email|id>' argument missing.\nSee meanderctl sessions list --help.",
  },
  'one argument too many': {
    argv: `${list} everything`,
    code: 2,
    says: () =>
      "Too many arguments for 'list'. Expected 0 arguments but got 1.\nSee meanderctl sessions list --help.",
  },
  'an unknown TLS mode': {
    argv: list,
    env: () => ({ PGSSLMODE: 'verify_full' }),
    code: 2,
    says: () => 'PGSSLMODE is "verify_full"\nAllowed are verify-full, verify-ca, require, disable',
  },
  'Redis in plaintext at a remote host': {
    argv: list,
    env: () => ({ REDIS_URL: 'redis://redis.example:6379' }),
    code: 2,
    says: () =>
      'Redis at redis.example would be spoken to without TLS, password and blocklist readable on the way\nWrite rediss:// in REDIS_URL, or set MEANDERCTL_ALLOW_PLAINTEXT_REDIS=1 on a network that you trust',
  },
  'a database without Meander': {
    in: () => bare,
    argv: list,
    code: 1,
    says: (place) =>
      `Meander is not installed in ${place}: schema "meander" does not exist\nAn administrator installs it: meanderctl db migrate`,
  },
  'a login that is no operator': {
    login: 'stranger',
    argv: list,
    code: 4,
    says: () =>
      'The login stranger is no operator here: permission denied for schema meander\nAn administrator registers it: meanderctl operators add stranger --user EMAIL',
  },
}

const make = ({ login = 'kari', in: where = () => database, argv, env }: Mistake, ...more: string[]) =>
  run(server, where(), login, [...argv.split(' '), ...more], env ? { env: env() } : {})

describe.each(Object.entries(mistakes))('%s', (_, mistake) => {
  it('is said in words: what, why, and the fix', async () => {
    const { code, stdout, stderr } = await make(mistake)
    expect({ code, stdout }).toEqual({ code: mistake.code, stdout: '' })
    expect(stderr).toBe(`meanderctl: ${mistake.says(`${named()}/${(mistake.in ?? (() => database))()}`)}\n`)
    expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3)
  })
})

describe('a schema that does not fit', () => {
  it('is older than the tool', async () => {
    const needs = await toolKnows()
    expect(await run(server, older, 'kari', ['sessions', 'list'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `meanderctl: The database has schema version 1, this meanderctl needs ${needs}.\nAn administrator runs: meanderctl db migrate\n`,
    })
  })

  it('is newer than the tool', async () => {
    const knows = await toolKnows()
    expect(await run(server, newer, 'kari', ['sessions', 'list'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `meanderctl: The database has schema version 999, this meanderctl knows ${knows}.\nInstall a newer meanderctl.\n`,
    })
  })
})

describe('-o json', () => {
  it.each(['no database configured', 'a wrong password', 'an unknown option', 'a login that is no operator'])(
    '%s is one line of JSON on stderr',
    async (name) => {
      const mistake = mistakes[name] as Mistake
      const [message, hint] = mistake.says(`${named()}/${database}`).split('\n')
      const names: Record<number, string> = { 1: 'FAILED', 2: 'USAGE', 4: 'UNAUTHENTICATED' }
      for (const more of [['-o', 'json'], ['-ojson'], ['--output=ndjson'], ['--output', 'json']]) {
        const { code, stdout, stderr } = await make(mistake, ...more)
        expect({ code, stdout }).toEqual({ code: mistake.code, stdout: '' })
        expect(stderr).toBe(
          `${JSON.stringify({ error: { code: names[code], exitCode: code, message, hint: hint ?? null, details: [] } })}\n`,
        )
      }
    },
  )
})

it('no secret is in any of it, a stack trace only with --debug', async () => {
  const env = {
    DATABASE_URL: server.url('kari', database, 'hunter22'),
    REDIS_URL: 'redis://:hunter23@127.0.0.1:1',
  }
  for (const argv of [
    ['sessions', 'list'],
    ['blocklist', 'status', '--debug'],
    ['sessions', 'list', '-o', 'json'],
  ]) {
    const { code, stderr } = await run(server, database, 'kari', argv, { env })
    expect(code).toBe(4)
    expect(stderr).not.toMatch(/hunter2/)
    expect(/\n +at /.test(stderr)).toBe(argv.includes('--debug'))
  }
})
