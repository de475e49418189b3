import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { allKinds } from '../../src/views/kinds.schema.ts'
import { people, peopledDatabase, seedGrant, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { run } from '../support/run.ts'
import { ownFolder } from '../support/users.ts'

/**
 * Each kind of answer as a command gives it, against the JSON Schema that `schema KIND` prints. A new kind needs a line
 * here. That other answers of its commands have the same form, `run` sees to in every test.
 */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = ownFolder()
const env = { MEANDERCTL_SIGNING_KEY_FILE: folder.path('key.pem') }
const act = '--reason schema --ticket S-1 --yes'
let database: string
const names: Record<string, string> = {}

beforeAll(async () => {
  database = await peopledDatabase(server)
  const made = await seedSessions(server, database, [
    ...(['mari', 'ola', 'ada', 'liv'] as const).map((person) => ({ person, chain: 2 })),
    { person: 'ola', expiresIn: '-1 minute' },
  ])
  for (const [index, { id, jtis }] of made.entries()) {
    names[`SESSION${index}`] = id
    names[`JTI${index}`] = jtis.at(-1) ?? ''
  }
  for (const [name, organization] of [
    ['GRANT0', 'hlf'],
    ['GRANT1', 'nhf'],
  ] as const)
    names[name] = await seedGrant(server, database, 'gro', organization)
  names.SIV = people.siv.id
  names.FOLDER = folder.path('.')
  await answer('kari', 'audit checkpoint --generate-key', 'table')
})
afterAll(() => folder.remove())

const answer = async (login: string, line: string, form: string): Promise<string> => {
  const argv = line
    .split(' ')
    .map((word) => word.replace(/^(FOLDER|[A-Z]+\d?)(?=$|\W)/, (name) => names[name] ?? name))
  const ran = await run(server, database, login, [...argv, '-o', form], { redis, env })
  return ran.stdout || ran.stderr
}
const schemaOf = async (kind: string, ...more: string[]) => {
  const ran = await run(server, database, 'nobody', ['schema', kind, ...more], {
    env: { DATABASE_URL: undefined },
  })
  expect(ran.code, ran.stderr).toBe(0)
  return z.fromJSONSchema(JSON.parse(ran.stdout))
}

/** Who says what, for an answer of the kind; what only lines of a file or a stream are is read there. */
const said: Readonly<Record<string, readonly [login: string, line: string]>> = {
  SessionList: ['kari', 'sessions list'],
  Session: ['kari', 'sessions show SESSION0'],
  SessionStats: ['kari', 'sessions stats'],
  Plan: ['kari', `sessions revoke SESSION2 --plan FOLDER/a.plan --reason schema`],
  RevocationResult: ['kari', `sessions revoke SESSION0 ${act}`],
  SweepResult: ['kari', `sessions sweep ${act}`],
  SessionPolicy: ['kari', 'sessions policy show'],
  SessionPolicyList: ['gro', 'sessions policy show'],
  SessionPolicyResult: ['kari', `sessions policy set --idle-timeout 30d ${act}`],
  UserList: ['kari', 'users list'],
  User: ['kari', 'users show mari@hlf.example'],
  SignOutResult: ['kari', `users sign-out ola@hlf.example ${act}`],
  OffboardResult: ['kari', `users offboard mari@hlf.example ${act}`],
  VerifyResult: ['kari', 'users verify mari@hlf.example --offboarded --evidence FOLDER/proof.json'],
  ReinstateResult: ['kari', `users reinstate mari@hlf.example ${act}`],
  GrantList: ['kari', 'grants list'],
  Grant: ['kari', 'grants show GRANT0'],
  GrantResult: ['kari', `grants create --to SIV --for 1h ${act}`],
  GrantRevocationResult: ['kari', `grants revoke GRANT0 ${act}`],
  AuditEventList: ['kari', 'audit list'],
  Timeline: ['kari', 'audit timeline --ticket S-1'],
  AuditVerificationResult: ['kari', 'audit verify'],
  Checkpoint: ['kari', 'audit checkpoint'],
  Trace: ['kari', 'trace 198.51.100.7'],
  BlocklistStatus: ['kari', 'blocklist status'],
  BlocklistEntry: ['kari', 'blocklist check JTI0'],
  SyncResult: ['kari', 'blocklist sync'],
  RebuildResult: ['admin', 'blocklist rebuild'],
  OperatorList: ['admin', 'operators list'],
  OperatorChange: ['admin', `operators disable eva ${act}`],
  SchemaStatus: ['admin', 'db status'],
  MigrateResult: [server.superuser, 'db migrate --dry-run'],
  ProfileList: ['kari', 'profile list'],
  Profile: ['kari', 'profile show demo'],
  Version: ['kari', '--version'],
  Identity: ['kari', 'whoami'],
  DoctorResult: ['kari', 'doctor'],
  SchemaList: ['kari', 'schema'],
  Error: ['kari', 'sessions show 00000000-0000-4000-8000-000000000000'],
}
/** Files, what help tells programs, and streams: the tests of these hold them against their schemas. */
const elsewhere = [
  'Capabilities',
  'PlanFile',
  'Evidence',
  'SessionChange',
  'BlocklistEvent',
  'IsolationResult',
]

it('reaches every kind', () => {
  expect([...Object.keys(said), ...elsewhere].sort()).toEqual(allKinds.map(({ kind }) => kind).sort())
})

/** The document without one of its fields, or with one too many, at every place where it has fields. */
const spoilt = (whole: object): [path: string, document: unknown][] => {
  const found: [string, unknown][] = []
  const walk = (node: unknown, path: readonly (string | number)[]): void => {
    if (Array.isArray(node)) {
      walk(node[0], [...path, 0])
      return
    }
    if (
      typeof node !== 'object' ||
      node === null ||
      ['details', 'sums', 'selector', 'filter'].includes(String(path.at(-1)))
    )
      return
    for (const key of [...Object.keys(node), 'oneTooMany']) {
      const copy = structuredClone(whole)
      let at = copy as Record<string | number, unknown>
      for (const step of path) at = at[step] as typeof at
      if (key in node) delete at[key]
      else at[key] = true
      found.push([[...path, key].join('.'), copy])
    }
    for (const [key, value] of Object.entries(node)) walk(value, [...path, key])
  }
  walk(whole, [])
  return found
}

it.each(Object.entries(said))(
  '%s is as its schema says, and not without a field',
  async (kind, [login, line]) => {
    const text = await answer(login, line, 'json')
    const document = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
    if (kind !== 'Error') expect(document.kind).toBe(kind)
    const schema = await schemaOf(kind)
    expect(schema.safeParse(document).error).toBeUndefined()
    const taken = spoilt(document).filter(([, one]) => schema.safeParse(one).success)
    expect(taken.map(([path]) => path)).toEqual([])
  },
)

describe('files', () => {
  it('Evidence is as its schema says', async () => {
    const schema = await schemaOf('Evidence')
    const evidence = JSON.parse(readFileSync(folder.path('proof.json'), 'utf8'))
    expect(schema.safeParse(evidence).error).toBeUndefined()
    expect(schema.safeParse({ ...evidence, auditHead: undefined }).success).toBe(false)
  })

  it('a plan is as its schema says, line by line', async () => {
    const schema = await schemaOf('PlanFile', '--line')
    const lines = readFileSync(folder.path('a.plan'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBe(3)
    for (const line of lines) expect(schema.safeParse(JSON.parse(line)).error, line).toBeUndefined()
  })

  it.each(['ndjson', 'json'])('an export as %s is as its schema says, with its proof', async (form) => {
    const text = await answer('kari', 'audit export', form)
    const schema = await schemaOf('AuditEventList', ...(form === 'ndjson' ? ['--line'] : []))
    const parts = form === 'ndjson' ? text.trimEnd().split('\n') : [text]
    for (const part of parts) expect(schema.safeParse(JSON.parse(part)).error).toBeUndefined()
  })
})

describe('schema', () => {
  const schema = (...argv: string[]) =>
    run(server, database, 'nobody', ['schema', ...argv], { env: { DATABASE_URL: undefined } })

  it('asks no database, and lists every kind', async () => {
    const ran = await schema('-o', 'id')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout.trimEnd().split('\n')).toEqual(allKinds.map(({ kind }) => kind))
  })

  it.each<[argv: string[], message: string]>([
    [['sessions'], 'There is no kind sessions.\nDid you mean SessionList, Session, SessionChange'],
    [['SesionLisd'], 'There is no kind SesionLisd.\nDid you mean SessionList?'],
    [['Nothing'], 'There is no kind Nothing.\nSee them all: meanderctl schema'],
    [['Checkpoint', '--line'], 'Checkpoint has no lines: it is one document.'],
    [['--line'], '--line is of one kind: name it.'],
    [['User', '-o', 'csv'], 'A schema is JSON: there is none as csv.'],
  ])('%j: 2', async (argv, message) => {
    const ran = await schema(...argv)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(message)
  })
})
