import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { databaseIdentity } from '../../../src/postgres/checkpoints.ts'
import { readCheckpoints, signedBytes } from '../../../src/service/audit/checkpoint-file.ts'
import { checkSignature, readTrustedKeys, signingKeyState } from '../../../src/service/audit/signing-key.ts'
import { connectAs } from '../../support/as-login.ts'
import { organizations, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { ownFolder } from '../../support/users.ts'

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
const key = folder.path('signing.pem')
let database: string

beforeAll(async () => {
  database = await peopledDatabase(server)
  expect(await as('kari', ['--generate-key'])).toMatchObject({ code: 0 })
})
afterAll(folder.remove)

const as = (login: string, argv: readonly string[], file: string | undefined = key, database_ = database) =>
  run(server, database_, login, ['audit', 'checkpoint', ...argv], {
    env: { MEANDERCTL_SIGNING_KEY_FILE: file },
  })
const heads = () =>
  server.query<{ organization: string; seq: number; hash: string }>(
    `select o.slug as organization, h.seq::int as seq, encode(h.hash, 'hex') as hash
     from meander.audit_heads h join meander.organizations o on o.id = h.organization_id order by o.slug`,
    [],
    database,
  )
const lastEvent = async (organization: keyof typeof organizations) =>
  (
    await server.query(
      `select seq::int as seq, actor, action, target_type, target_id, reason, ticket, details
       from meander.audit_log where organization_id = $1 order by seq desc limit 1`,
      [organizations[organization]],
      database,
    )
  )[0]
const taken = async (login: string, ...argv: string[]) => {
  const ran = await as(login, argv)
  expect(ran).toMatchObject({ code: 0 })
  expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1)
  return { ...ran, checkpoint: JSON.parse(ran.stdout) }
}

/** The bytes under the signature, from the rule of docs/checkpoints.md alone. */
const bytesBy = (c: {
  at: string
  toolVersion: string
  keyId: string
  database: { id: string; systemIdentifier: string | null }
  heads: { organizationId: string; organization: string; seq: number; hash: string }[]
}): Buffer => {
  const fields = [
    c.at,
    c.toolVersion,
    c.database.id,
    c.database.systemIdentifier,
    c.keyId,
    `${c.heads.length}`,
  ]
  for (const { organizationId, organization, seq, hash } of c.heads)
    fields.push(organizationId, organization, `${seq}`, hash)
  const parts = fields.flatMap((field) => {
    if (field === null) return [Buffer.from('ffffffff', 'hex')]
    const length = Buffer.alloc(4)
    length.writeUInt32BE(Buffer.byteLength(field))
    return [length, Buffer.from(field)]
  })
  return Buffer.concat([Buffer.from('meander.checkpoint.1'), ...parts])
}

describe('a checkpoint', () => {
  it('is the signed head of the own record, which says that it was taken', async () => {
    const { checkpoint, stdout } = await taken('kari', '--ticket', 'AUD-1', '--reason', 'monthly')
    const [installation] = await server.query<{ id: string; system: string }>(
      `select database_id as id, (select system_identifier::text from pg_control_system()) as system from meander.installation`,
      [],
      database,
    )
    const [head] = (await heads()).filter(({ organization }) => organization === 'hlf')
    expect(checkpoint).toEqual({
      schemaVersion: 1,
      kind: 'Checkpoint',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      toolVersion: expect.any(String),
      database: { id: installation?.id, systemIdentifier: installation?.system },
      heads: [{ organizationId: organizations.hlf, ...head }],
      keyId: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
      signature: expect.any(String),
    })
    writeFileSync(folder.path('checkpoint.json'), stdout)
    const [read] = await readCheckpoints(folder.path('checkpoint.json'))
    expect(read).toEqual(checkpoint)
    expect(signedBytes(checkpoint)).toEqual(bytesBy(checkpoint))
    expect(
      signedBytes({ ...checkpoint, database: { ...checkpoint.database, systemIdentifier: null } }),
    ).toEqual(bytesBy({ ...checkpoint, database: { ...checkpoint.database, systemIdentifier: null } }))
    const trusted = await readTrustedKeys([`${key}.pub`])
    expect(checkSignature(trusted, { ...checkpoint, bytes: signedBytes(checkpoint) })).toBe('valid')
    expect(await lastEvent('hlf')).toEqual({
      seq: head?.seq,
      actor: 'kari',
      action: 'audit.checkpointed',
      target_type: 'organization',
      target_id: organizations.hlf,
      reason: 'monthly',
      ticket: 'AUD-1',
      details: { keyId: checkpoint.keyId },
    })
  })

  it('of an administrator is of every organization, or of the one that is named', async () => {
    const before = await heads()
    const { checkpoint } = await taken('admin')
    expect(checkpoint.heads.map(({ organizationId, ...head }: { organizationId: string }) => head)).toEqual(
      await heads(),
    )
    expect(checkpoint.heads.map(({ seq }: { seq: number }) => seq)).toEqual(before.map(({ seq }) => seq + 1))
    const one = await taken('admin', '--org', 'nhf')
    expect(one.checkpoint.heads).toMatchObject([{ organization: 'nhf' }])
  })

  it('may be taken by an auditor; of a foreign or unknown organization by nobody, and nothing is recorded', async () => {
    const { checkpoint } = await taken('ada')
    expect(checkpoint.heads).toMatchObject([{ organization: 'hlf' }])
    const before = await heads()
    const said = []
    for (const [login, organization] of [
      ['kari', 'nhf'],
      ['kari', 'nowhere'],
      ['admin', 'nowhere'],
    ] as const) {
      const ran = await as(login, ['--org', organization])
      expect(ran).toMatchObject({ code: 3, stdout: '' })
      said.push(ran.stderr)
    }
    expect(said[0]).toBe(said[1])
    expect((await as('stranger', [])).code).toBe(4)
    expect(await heads()).toEqual(before)
  })

  it('of a global admin needs a live grant, and comes after the intent', async () => {
    expect(await as('gro', [])).toMatchObject({ code: 3, stdout: '' })
    await seedGrant(server, database, 'gro', 'nhf')
    const { checkpoint } = await taken('gro', '--org', 'nhf', '--reason', 'asked by nhf')
    expect(checkpoint.heads).toMatchObject([{ organization: 'nhf' }])
    const events = await server.query(
      'select action, actor, reason from meander.audit_log where organization_id = $1 order by seq desc limit 2',
      [organizations.nhf],
      database,
    )
    expect(events).toEqual([
      { action: 'audit.checkpointed', actor: 'gro', reason: 'asked by nhf' },
      { action: 'intent.recorded', actor: 'gro', reason: 'asked by nhf' },
    ])
  })
})

it('comes from a database that says which one it is, to operators and administrators alone', async () => {
  const said = await Promise.all(
    ['kari', 'gro', 'ada', 'admin'].map(async (login) => {
      const db = await connectAs(server, database, login)
      try {
        return await databaseIdentity(db)
      } finally {
        await db.close()
      }
    }),
  )
  expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1)
  const auth = await connectAs(server, database, 'auth')
  await expect(databaseIdentity(auth)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  await auth.close()
})

describe('the signing key', () => {
  it('is made for its owner alone, with the public key beside it and on stdout', async () => {
    const path = folder.path('new.pem')
    const made = await run(server, database, 'kari', ['audit', 'checkpoint', '--generate-key'], {
      env: { MEANDERCTL_SIGNING_KEY_FILE: path, DATABASE_URL: undefined },
    })
    expect(made.code).toBe(0)
    expect(made.stdout).toBe(readFileSync(`${path}.pub`, 'utf8'))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    expect(made.stdout + made.stderr).not.toContain('PRIVATE KEY')
    expect(await signingKeyState(path)).toMatchObject({
      state: 'usable',
      keyId: expect.stringMatching(/^SHA256:/),
    })
    expect(await signingKeyState(null)).toMatchObject({ state: 'not set' })
  })

  it('is never overwritten, nor is a public key or where a link leads', async () => {
    const kept = readFileSync(key, 'utf8')
    expect((await as('kari', ['--generate-key'])).code).toBe(2)
    expect(readFileSync(key, 'utf8')).toBe(kept)

    const alone = folder.path('alone.pem')
    writeFileSync(`${alone}.pub`, 'mine')
    expect((await as('kari', ['--generate-key'], alone)).code).toBe(2)
    expect(existsSync(alone)).toBe(false)
    expect(readFileSync(`${alone}.pub`, 'utf8')).toBe('mine')

    symlinkSync(folder.path('elsewhere'), folder.path('link.pem'))
    expect((await as('kari', ['--generate-key'], folder.path('link.pem'))).code).toBe(2)
    expect(existsSync(folder.path('elsewhere'))).toBe(false)
    expect((await as('kari', ['--generate-key'], folder.path('no/such/folder.pem'))).code).toBe(2)
  })

  it.each<[what: string, make: (path: string) => void, said: RegExp]>([
    ['not there', () => {}, /there is no such file/],
    ['readable by the group', (path) => writeFileSync(path, readFileSync(key), { mode: 0o640 }), /chmod 600/],
    ['readable by others', (path) => writeFileSync(path, readFileSync(key), { mode: 0o604 }), /chmod 600/],
    [
      'a public key',
      (path) => writeFileSync(path, readFileSync(`${key}.pub`), { mode: 0o600 }),
      /no private key/,
    ],
    ['empty', (path) => writeFileSync(path, '', { mode: 0o600 }), /no private key/],
    [
      'of another kind',
      (path) =>
        writeFileSync(
          path,
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
            type: 'pkcs8',
            format: 'pem',
          }),
          { mode: 0o600 },
        ),
      /not an Ed25519 key/,
    ],
    [
      'encrypted',
      (path) =>
        writeFileSync(
          path,
          generateKeyPairSync('ed25519').privateKey.export({
            type: 'pkcs8',
            format: 'pem',
            cipher: 'aes-256-cbc',
            passphrase: 'x',
          }),
          { mode: 0o600 },
        ),
      /passphrase/,
    ],
  ])('that is %s signs nothing, and nothing is put on record', async (what, make, said) => {
    const path = folder.path(`${what.replaceAll(' ', '-')}.pem`)
    make(path)
    const before = await heads()
    const ran = await as('kari', [], path)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(said)
    expect(ran.stderr).not.toContain('BEGIN')
    expect(await signingKeyState(path)).toMatchObject({
      state: 'unusable',
      keyId: null,
      problem: expect.stringContaining(path),
    })
    expect(await heads()).toEqual(before)
  })

  it('that nobody named is asked for, with the way to make one', async () => {
    for (const argv of [[], ['--generate-key']]) {
      const ran = await as('kari', argv, '')
      expect(ran).toMatchObject({ code: 2, stdout: '' })
      expect(ran.stderr).toContain('MEANDERCTL_SIGNING_KEY_FILE')
    }
    expect((await as('kari', ['--generate-key', '--org', 'hlf'], folder.path('x.pem'))).code).toBe(2)
    expect(existsSync(folder.path('x.pem'))).toBe(false)
  })
})
