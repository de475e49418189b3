import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { organizations, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { findPostgres } from '../../support/postgres-binaries.ts'
import { run } from '../../support/run.ts'
import { ownFolder } from '../../support/users.ts'

/** What only something outside of the database can show: a chain whose every link holds, and which is another one. */

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
const key = folder.path('signing.pem')
const otherKey = folder.path('other.pem')
let database: string
/** hlf's checkpoint, at event 6. */
let checkpoint: string

interface Document {
  readonly heads: { seq: number; hash: string }[]
  readonly [field: string]: unknown
}
interface Result {
  readonly items: { fault: string; seq: number; lastSeq: number; detail: string }[]
  readonly summary: { organizations: number; events: number; faults: number }
  readonly chains: { organization: string; lastSeq: number; faults: number; anchoredSeq: number | null }[]
}

const audit = (login: string, argv: readonly string[], where = database, signing = key) =>
  run(server, where, login, ['audit', ...argv], { env: { MEANDERCTL_SIGNING_KEY_FILE: signing } })
let files = 0
const saved = (content: string | object): string => {
  const path = folder.path(`witness-${++files}`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const taken = async (login: string, where = database, signing = key): Promise<string> => {
  const ran = await audit(login, ['checkpoint'], where, signing)
  expect(ran).toMatchObject({ code: 0 })
  return ran.stdout
}
const documentOf = (text: string): Document => JSON.parse(text)
const act = (where = database, login = 'kari') =>
  run(server, where, login, ['sessions', 'revoke', randomUUID(), '--reason', 'lost', '--yes'])
/** `kind seq` of each fault, with the exit code. */
const verify = async (argv: readonly string[], { login = 'kari', where = database } = {}) => {
  const ran = await audit(login, ['verify', ...argv, '-o', 'json'], where)
  if (ran.code !== 0 && ran.code !== 7) return { ...ran, found: null, result: null }
  const result = ran.json<Result>()
  expect(ran.code).toBe(result.items.length > 0 ? 7 : 0)
  const found = result.items.map(
    ({ fault, seq, lastSeq }) => `${fault} ${seq === lastSeq ? seq : `${seq}-${lastSeq}`}`,
  )
  return { ...ran, found, result }
}
const against = (...paths: string[]) => ['--checkpoint', ...paths, '--public-key', `${key}.pub`]

beforeAll(async () => {
  database = await peopledDatabase(server)
  for (const path of [key, otherKey])
    expect((await audit('kari', ['checkpoint', '--generate-key'], database, path)).code).toBe(0)
  for (let n = 0; n < 3; n++) await act()
  checkpoint = await taken('kari')
})
afterAll(folder.remove)

describe('a checkpoint', () => {
  it('holds, then and after more was written; several hold together', async () => {
    const first = saved(checkpoint)
    expect(await verify(against(first))).toMatchObject({
      found: [],
      result: { chains: [{ anchoredSeq: 6 }] },
    })
    const copy = await server.cloneDatabase(database)
    await act(copy)
    const second = await taken('kari', copy)
    const [, both] = [saved(second), saved(checkpoint + second)]
    const ran = await verify(against(first, both), { where: copy })
    expect(ran).toMatchObject({ code: 0, found: [], result: { chains: [{ anchoredSeq: 8, lastSeq: 8 }] } })
    expect(ran.stderr).toBe('8 events in 1 chain: whole and unaltered.\n')
    // Laid out otherwise it is the same, and the keys of former years are trusted too.
    const pretty = saved(JSON.stringify(documentOf(checkpoint), null, 2))
    const keys = ['--public-key', `${otherKey}.pub`, `${key}.pub`]
    expect((await verify(['--checkpoint', pretty, ...keys])).found).toEqual([])
  })

  it('of an administrator covers every organization; of one that came later it says nothing', async () => {
    const copy = await server.cloneDatabase(database)
    const all = saved(await taken('admin', copy))
    expect(await verify(against(all), { login: 'admin', where: copy })).toMatchObject({
      found: [],
      result: { summary: { organizations: 4 } },
    })
    expect(await verify(against(all), { where: copy })).toMatchObject({
      found: [],
      result: { chains: [{ anchoredSeq: 7 }] },
    })
    await server.query("insert into meander.organizations (slug, name) values ('late', 'Late')", [], copy)
    const later = await verify(against(all), { login: 'admin', where: copy })
    expect(later).toMatchObject({ code: 0, found: [] })
    expect(later.stderr).toContain('No checkpoint speaks of late.')
  })

  it.each<[what: string, statements: string, found: string[]]>([
    [
      'the tail rewritten with recomputed hashes',
      `do $$ declare e meander.audit_log; h bytea; begin
         select prev_hash into h from meander.audit_log where $hlf and seq = 4;
         for e in select * from meander.audit_log where $hlf and seq >= 4 order by seq loop
           e.reason := 'nothing happened';
           update meander.audit_log set reason = e.reason, prev_hash = h, hash = meander.audit_hash(h, e.organization_id, e.seq,
             e.at, array[e.actor, e.actor_user_id::text, e.action, e.target_type, e.target_id, e.reason, e.ticket,
               e.request_id::text, e.details::text]) where $hlf and seq = e.seq returning hash into h;
         end loop;
         update meander.audit_heads set hash = h where $hlf;
       end $$`,
      ['rewritten 6'],
    ],
    [
      'the tail deleted together with the head’s memory of it',
      `delete from meander.audit_log where $hlf and seq > 4;
       update meander.audit_heads h set seq = 4, hash = a.hash from meander.audit_log a
       where a.organization_id = h.organization_id and a.seq = 4 and h.$hlf`,
      ['truncated 5-6'],
    ],
    [
      'the whole record deleted',
      `delete from meander.audit_log where $hlf;
       update meander.audit_heads set seq = 0, hash = decode(repeat('00', 32), 'hex') where $hlf`,
      ['truncated 1-6'],
    ],
  ])('finds %s, which the chain alone does not', async (_, statements, found) => {
    const copy = await server.cloneDatabase(database)
    const text = statements.replaceAll('$hlf', `organization_id = '${organizations.hlf}'`)
    await server.query(`set session_replication_role = 'replica'; ${text}; select 1`, [], copy)
    expect(await verify([], { where: copy })).toMatchObject({ code: 0 })
    expect(await verify(against(saved(checkpoint)), { where: copy })).toMatchObject({ code: 7, found })
    expect(await verify([], { where: copy, login: 'nils' })).toMatchObject({ code: 0 })
  })

  it('finds yesterday’s dump restored, also once it was written on', async (context) => {
    const [version] = await server.query<{ name: string }>("select current_setting('server_version') as name")
    if (!version?.name.startsWith('15.')) return context.skip('there is a pg_dump of PostgreSQL 15 alone')
    const today = await server.cloneDatabase(database)
    const { initdb } = await findPostgres('15', server.socket)
    const client = (name: string, argv: readonly string[], input = '') =>
      execFileSync(
        join(dirname(initdb), name),
        ['-h', server.host, '-p', String(server.port), '-U', server.superuser, ...argv],
        { encoding: 'utf8', env: {}, input, maxBuffer: 2 ** 28, stdio: ['pipe', 'pipe', 'ignore'] },
      )
    const dump = client('pg_dump', [today])
    for (let n = 0; n < 2; n++) await act(today)
    const evening = saved(await taken('kari', today))

    const restored = `restored_${randomUUID().slice(0, 8)}`
    await server.createDatabase(restored)
    client('psql', ['-v', 'ON_ERROR_STOP=1', '-q', '-d', restored], dump)
    // It is whole, and it is as it was before.
    expect(await verify(against(saved(checkpoint)), { where: restored })).toMatchObject({
      code: 0,
      found: [],
    })
    const older = await verify(against(evening), { where: restored })
    expect(older).toMatchObject({ code: 7, found: ['truncated 7-9'] })
    expect(older.result?.items[0]?.detail).toContain('an older backup restored')
    for (let n = 0; n < 4; n++) await act(restored)
    expect(await verify([], { where: restored })).toMatchObject({ code: 0 })
    const on = await verify(against(saved(checkpoint), evening), { where: restored })
    expect(on).toMatchObject({
      code: 7,
      found: ['rewritten 9'],
      result: { chains: [{ anchoredSeq: 6, lastSeq: 10 }] },
    })
    expect(await verify(against(evening), { where: today })).toMatchObject({ code: 0 })
  })

  it.each<[what: string, content: (text: string) => string | object]>([
    ['empty', () => ''],
    ['blank', () => ' \n\n'],
    ['null', () => 'null'],
    ['an empty object', () => '{}'],
    ['an empty list', () => '[]'],
    ['cut off', (text) => text.slice(0, -20)],
    ['cut off in its last line', (text) => text + text.slice(0, 40)],
    ['no JSON', () => 'checkpoint'],
    ['with a name twice, of which one is signed', (text) => text.replace('{', '{"toolVersion":"0",')],
    ['with a number that is read as another', (text) => text.replace(/"seq":(\d+)/, '"seq":$1.0')],
    ['of another kind', (text) => ({ ...documentOf(text), kind: 'Evidence' })],
    ['of a later version', (text) => ({ ...documentOf(text), schemaVersion: 2 })],
    ['with more than was signed', (text) => ({ ...documentOf(text), approvedBy: 'kari' })],
    ['without heads', (text) => ({ ...documentOf(text), heads: [] })],
    [
      'with a null hash',
      (text) => ({ ...documentOf(text), heads: [{ ...documentOf(text).heads[0], hash: null }] }),
    ],
  ])('that is %s is none: 2', async (_, content) => {
    const ran = await verify(against(saved(content(checkpoint))))
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.error().message).toContain('is no checkpoint')
    expect((await verify(against(saved(checkpoint), saved(content(checkpoint))))).code).toBe(2)
  })

  it('that is not there is none', async () => {
    for (const path of [folder.path('nowhere'), folder.path('.')])
      expect((await verify(against(path))).code).toBe(2)
  })

  it.each<[what: string, content: (text: string) => object, found: string]>([
    ['without a signature', (text) => ({ ...documentOf(text), signature: undefined }), 'unsigned 6'],
    ['with a null signature', (text) => ({ ...documentOf(text), signature: null }), 'unsigned 6'],
    ['without a key id', (text) => ({ ...documentOf(text), keyId: null }), 'unsigned 6'],
    ['with an empty signature', (text) => ({ ...documentOf(text), signature: '' }), 'forged 6'],
    ['signed for another', (text) => ({ ...documentOf(text), at: '2026-01-01T00:00:00Z' }), 'forged 6'],
    ['by another tool', (text) => ({ ...documentOf(text), toolVersion: '9.9.9' }), 'forged 6'],
    [
      'of another cluster',
      (text) => ({
        ...documentOf(text),
        database: { ...(documentOf(text).database as object), systemIdentifier: '1' },
      }),
      'forged 6',
    ],
    [
      'of an earlier event',
      (text) => ({ ...documentOf(text), heads: [{ ...documentOf(text).heads[0], seq: 5 }] }),
      'forged 5',
    ],
    [
      'with a head twice',
      (text) => ({ ...documentOf(text), heads: [documentOf(text).heads[0], documentOf(text).heads[0]] }),
      'forged 6',
    ],
  ])('%s does not verify: 7', async (_, content, found) => {
    expect(await verify(against(saved(content(checkpoint))))).toMatchObject({ code: 7, found: [found] })
    // A good one beside it does not make it good.
    const both = await verify(against(saved(checkpoint), saved(content(checkpoint))))
    expect(both).toMatchObject({
      code: 7,
      found: [found],
      result: { chains: [{ anchoredSeq: 6, faults: 0 }] },
    })
  })

  it('signed with another key does not verify, whichever key it names', async () => {
    const theirs = await taken('kari', await server.cloneDatabase(database), otherKey)
    const ran = await verify(against(saved(theirs)))
    expect(ran).toMatchObject({ code: 7, found: ['forged 7'] })
    const { keyId } = documentOf(checkpoint)
    expect(await verify(against(saved({ ...documentOf(theirs), keyId })))).toMatchObject({
      code: 7,
      found: ['forged 7'],
    })
  })

  it('of another organization or another database does not verify', async () => {
    const nhf = saved(await taken('nils', await server.cloneDatabase(database)))
    expect(await verify(against(nhf))).toMatchObject({ code: 7, found: ['foreign 2'] })
    const elsewhere = await server.cloneDatabase(database)
    await server.query('update meander.installation set database_id = gen_random_uuid()', [], elsewhere)
    const ran = await verify(against(saved(checkpoint)), { where: elsewhere })
    expect(ran).toMatchObject({ code: 7, found: ['foreign 6'] })
    expect(ran.result?.items[0]?.detail).toContain('is of another database')
  })

  it('of an organization that the administrator’s database does not have any more is a fault', async () => {
    const copy = await server.cloneDatabase(database)
    await server.query("insert into meander.organizations (slug, name) values ('gone', 'Gone')", [], copy)
    const all = saved(await taken('admin', copy))
    await server.query(
      `set session_replication_role = 'replica'; delete from meander.audit_log a using meander.organizations o
       where o.id = a.organization_id and o.slug = 'gone'; delete from meander.audit_heads h using meander.organizations o
       where o.id = h.organization_id and o.slug = 'gone'; delete from meander.organizations where slug = 'gone'; select 1`,
      [],
      copy,
    )
    expect(await verify([], { login: 'admin', where: copy })).toMatchObject({ code: 0 })
    expect(await verify(against(all), { login: 'admin', where: copy })).toMatchObject({
      code: 7,
      found: ['missing 1'],
    })
  })

  it('moved with its database to another cluster holds, and that is told', async () => {
    const copy = await server.cloneDatabase(database)
    const [{ definition } = { definition: '' }] = await server.query<{ definition: string }>(
      "select pg_get_functiondef('meander.database_identity'::regproc) as definition",
      [],
      copy,
    )
    // Another cluster is another number.
    await server.query(definition.replace('s.system_identifier::text', "'7'::text"), [], copy)
    const ran = await verify(against(saved(checkpoint)), { where: copy })
    expect(ran).toMatchObject({ code: 0, found: [] })
    expect(ran.stderr).toContain('in another cluster')
  })

  it('needs a public key, and a key needs a checkpoint: 2, with what to do', async () => {
    const file = saved(checkpoint)
    const wrongs: [string[], RegExp][] = [
      [['--checkpoint', file], /--public-key/],
      [['--public-key', `${key}.pub`], /--checkpoint/],
      [['--checkpoint', file, '--public-key', key], /private key/],
      [['--checkpoint', file, '--public-key', file], /no public key/],
      [['--checkpoint', file, '--public-key', folder.path('nowhere')], /no such file/],
    ]
    for (const [argv, said] of wrongs) {
      const ran = await verify(argv)
      expect(ran).toMatchObject({ code: 2, stdout: '' })
      expect(ran.stderr).toMatch(said)
    }
  })
})

describe('evidence', () => {
  let proof: string
  beforeAll(async () => {
    const path = folder.path('proof.json')
    await run(server, database, 'kari', ['users', 'verify', 'mari@hlf.example', '--evidence', path])
    proof = readFileSync(path, 'utf8')
  })

  it('of users and of grants rests on the record, then and later', async () => {
    expect(await verify(['--evidence', saved(proof)])).toMatchObject({
      found: [],
      result: { chains: [{ anchoredSeq: 6 }] },
    })
    const copy = await server.cloneDatabase(database)
    const grant = await seedGrant(server, copy, 'gro', 'hlf')
    await act(copy)
    const shown = await run(server, copy, 'kari', ['grants', 'show', grant, '-o', 'json'])
    await act(copy)
    for (const [file, anchoredSeq] of [
      [saved(proof), 6],
      [saved(shown.stdout), 7],
    ] as const)
      expect(await verify(['--evidence', file], { where: copy })).toMatchObject({
        found: [],
        result: { chains: [{ anchoredSeq }] },
      })
    // The administrator, who sees every chain, reads the one that it is about.
    expect(await verify(['--evidence', saved(proof)], { login: 'admin', where: copy })).toMatchObject({
      code: 0,
      result: { summary: { organizations: 1 } },
    })
  })

  it('is signed where a key is set, and what was changed in it afterwards is found', async () => {
    const path = folder.path('signed.json')
    const options = { env: { MEANDERCTL_SIGNING_KEY_FILE: key } }
    const written = await run(
      server,
      database,
      'kari',
      ['users', 'verify', 'mari@hlf.example', '--evidence', path],
      options,
    )
    expect(written.code).toBe(0)
    const document = JSON.parse(readFileSync(path, 'utf8'))
    const trusting = (content: object, pub = key) =>
      verify(['--evidence', saved(content), '--public-key', `${pub}.pub`])
    const good = await trusting(document)
    expect(good).toMatchObject({ code: 0, found: [] })
    expect(good.stderr).toBe('6 events in 1 chain: whole and unaltered.\n')
    const edits = [
      { items: [] },
      { items: [{ ...document.items[0], ended: false }] },
      { summary: { ...document.summary, users: 2 } },
      { at: '2026-01-01T00:00:00.000Z' },
      { command: 'meanderctl users verify' },
      { added: true },
    ]
    for (const edit of edits) {
      expect(await trusting({ ...document, ...edit })).toMatchObject({ code: 7, found: ['forged 6'] })
      // Who brings no key is told what was not looked at.
      const unread = await verify(['--evidence', saved({ ...document, ...edit })])
      expect(unread).toMatchObject({ code: 0, found: [] })
      expect(unread.stderr).toContain('not what it says of users or grants: no --public-key was given')
    }
    const text = readFileSync(path, 'utf8')
    const twice = await verify([
      '--evidence',
      saved(text.replace('"kind"', '"summary": {}, "kind"')),
      '--public-key',
      `${key}.pub`,
    ])
    expect(twice).toMatchObject({ code: 2, stdout: '' })
    expect(twice.stderr).toContain('a name stands twice in it')
    // However it is laid out, and whatever is escaped in it.
    const laidOut = JSON.stringify(JSON.parse(text), null, 4).replaceAll('mari@', '\\u006dari@')
    expect(laidOut).not.toContain('mari@')
    expect(await verify(['--evidence', saved(laidOut), '--public-key', `${key}.pub`])).toMatchObject({
      code: 0,
      found: [],
    })
    expect((await trusting(document, otherKey)).found).toEqual(['forged 6'])
    expect((await trusting({ ...document, signature: null })).found).toEqual(['unsigned 6'])
    expect((await trusting({ ...document, signature: undefined, keyId: undefined })).found).toEqual([
      'unsigned 6',
    ])
    const unsigned = await verify(['--evidence', saved(proof)])
    expect(unsigned.stderr).toContain('not what it says of users or grants: it is not signed')

    writeFileSync(folder.path('open.pem'), readFileSync(key), { mode: 0o644 })
    const refused = await run(
      server,
      database,
      'kari',
      ['users', 'verify', 'mari@hlf.example', '--evidence', folder.path('none')],
      {
        env: { MEANDERCTL_SIGNING_KEY_FILE: folder.path('open.pem') },
      },
    )
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(existsSync(folder.path('none'))).toBe(false)
  })

  it('is checked against an export, without a database', async () => {
    const exported = await audit('kari', ['export', '-o', 'ndjson'])
    expect(exported.code).toBe(0)
    const offline = async (evidence: object, ...argv: string[]) => {
      const ran = await run(
        server,
        database,
        'kari',
        [
          'audit',
          'verify',
          '--export',
          saved(exported.stdout),
          '--evidence',
          saved(evidence),
          ...argv,
          '-o',
          'json',
        ],
        { env: { DATABASE_URL: undefined } },
      )
      return { code: ran.code, found: ran.json<Result>().items.map(({ fault, seq }) => `${fault} ${seq}`) }
    }
    const document = JSON.parse(proof)
    const headed = (head: object) => ({ ...document, auditHead: { ...document.auditHead, ...head } })
    expect(await offline(document)).toEqual({ code: 0, found: [] })
    expect(await offline(document, ...against(saved(checkpoint)))).toEqual({ code: 7, found: ['unsigned 6'] })
    expect(await offline(headed({ hash: 'f'.repeat(64) }))).toEqual({ code: 7, found: ['rewritten 6'] })
    expect(await offline(headed({ seq: 5 }))).toEqual({ code: 7, found: ['rewritten 5'] })
    expect(await offline(headed({ organization: 'nhf' }))).toEqual({ code: 7, found: ['foreign 6'] })
    expect((await offline(headed({ seq: 99 }))).code).toBe(7)
    expect((await offline({ ...document, auditHead: null })).code).toBe(7)

    const alone = await run(server, database, 'kari', ['audit', 'verify', '--evidence', saved(proof)], {
      env: { DATABASE_URL: undefined },
    })
    expect(alone).toMatchObject({ code: 2, stdout: '' })
    expect(alone.stderr).toContain('--export')
  })

  it('together with a checkpoint is held against both; a key that is given asks its signature too', async () => {
    const path = folder.path('signed-too.json')
    const written = await run(
      server,
      database,
      'kari',
      ['users', 'verify', 'mari@hlf.example', '--evidence', path],
      { env: { MEANDERCTL_SIGNING_KEY_FILE: key } },
    )
    expect(written.code).toBe(0)
    const both = (evidence: string) => verify([...against(saved(checkpoint)), '--evidence', evidence])
    expect(await both(path)).toMatchObject({
      code: 0,
      found: [],
      stderr: expect.not.stringContaining('Only'),
    })
    // Edited, and the signature taken away so that the edit does not show.
    const { signature: _, keyId: __, ...stripped } = JSON.parse(readFileSync(path, 'utf8'))
    for (const unsigned of [saved({ ...stripped, items: [] }), saved(proof)]) {
      const ran = await both(unsigned)
      expect(ran).toMatchObject({ code: 7, found: ['unsigned 6'] })
      expect(ran.result?.items[0]?.detail).toContain('leave --public-key out, in a run of its own')
      expect(await verify(['--evidence', unsigned])).toMatchObject({ code: 0, found: [] })
    }
  })

  it.each<[what: string, head: object | null, found: string]>([
    ['an edited hash', { hash: 'f'.repeat(64) }, 'rewritten 6'],
    ['an edited position', { seq: 5 }, 'rewritten 5'],
    ['a position that the record has not reached', { seq: 99 }, 'truncated 7-99'],
    ['the hash of an empty chain', { seq: 0 }, 'rewritten 0'],
    ['another organization', { organization: 'nhf' }, 'foreign 6'],
    ['an unknown organization', { organization: 'nowhere' }, 'foreign 6'],
    ['no head', null, 'unanchored 0'],
  ])('with %s does not verify: 7', async (_, head, found) => {
    const document = JSON.parse(proof)
    const edited = { ...document, auditHead: head && { ...document.auditHead, ...head } }
    expect(await verify(['--evidence', saved(edited)])).toMatchObject({ code: 7, found: [found] })
  })

  it('of another organization does not verify, nor does a rewritten record', async () => {
    const copy = await server.cloneDatabase(database)
    expect(await verify(['--evidence', saved(proof)], { login: 'nils' })).toMatchObject({
      code: 7,
      found: ['foreign 6'],
    })
    await server.query(
      `set session_replication_role = 'replica'; delete from meander.audit_log where organization_id = '${organizations.hlf}' and seq > 4;
       update meander.audit_heads h set seq = 4, hash = a.hash from meander.audit_log a
       where a.organization_id = h.organization_id and a.seq = 4 and h.organization_id = '${organizations.hlf}'; select 1`,
      [],
      copy,
    )
    expect(await verify([], { where: copy })).toMatchObject({ code: 0 })
    expect(await verify(['--evidence', saved(proof)], { where: copy })).toMatchObject({
      code: 7,
      found: ['truncated 5-6'],
    })
  })

  it.each([
    '',
    'null',
    '{}',
    '[]',
    '"Evidence"',
    '{"schemaVersion":1,"kind":"Evidence"}',
    '{"schemaVersion":1,"kind":"Evid',
  ])('that is %s is none: 2', async (content) => {
    const ran = await verify(['--evidence', saved(content)])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.error().message).toContain('is no evidence')
  })
})
