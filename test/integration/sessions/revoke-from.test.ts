import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { ended, leftOf, untouched } from '../../support/left-of.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = mkdtempSync(join(tmpdir(), 'meanderctl-from-'))
let database: string
let s: NamedSessions<'one' | 'two' | 'three' | 'nils'>

const sure = ['--reason', 'from a pipe', '--yes', '-o', 'json']
const from = (stdin: string | Uint8Array, ...argv: string[]) =>
  run(server, database, 'kari', ['sessions', 'revoke', '--from', '-', ...argv, ...sure], { redis, stdin })
const list = async (...argv: string[]) =>
  (await run(server, database, 'kari', ['sessions', 'list', ...argv])).stdout
const left = async (name: keyof typeof s.id) => leftOf(server, database, s.id[name])
const summaryOf = (ran: Awaited<ReturnType<typeof run>>) =>
  ran.json<{ summary: { requested: number; revoked: number; notFound: number } }>().summary

beforeAll(async () => {
  database = await peopledDatabase(server)
})
beforeEach(async () => {
  s = await seedNamed(server, database, {
    one: { person: 'mari' },
    two: { person: 'mari' },
    three: { person: 'ola' },
    nils: { person: 'nils' },
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('--from -', () => {
  it.each(['id', 'ndjson'])('takes what sessions list -o %s writes', async (format) => {
    const before = await everythingOf(server, database, 'nhf')
    const ran = await from(await list('--user', 'mari@hlf.example', '-o', format))
    expect(ran.code).toBe(0)
    expect(summaryOf(ran)).toMatchObject({ requested: 2, revoked: 2 })
    expect(await left('one')).toEqual(ended('from a pipe'))
    expect(await left('two')).toEqual(ended('from a pipe'))
    expect(await left('three')).toEqual(untouched())
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
    await from(s.id.three)
  })

  it('takes a byte order mark, CRLF, blank lines, capitals and a missing last newline', async () => {
    const ran = await from(`\uFEFF${s.id.one.toUpperCase()}\r\n\r\n   \r\n  ${s.id.two}  \r\n${s.id.one}`)
    expect(ran.code).toBe(0)
    expect(summaryOf(ran)).toMatchObject({ requested: 2, revoked: 2 })
  })

  it('takes ids of both kinds, and those on the command line too', async () => {
    const ran = await from(`${s.id.one}\n{"id":"${s.id.two}","state":"active"}\n`, s.id.three)
    expect(summaryOf(ran)).toMatchObject({ requested: 3, revoked: 3 })
  })

  it.each([
    ['a word', (id: string) => `${id}\n\nphone\n`, 3],
    ['an id that is cut off', (id: string) => `${id.slice(0, -1)}\n${id}\n`, 1],
    ['two ids in one line', (id: string) => `${id} ${id}\n`, 1],
    ['JSON that is none', (id: string) => `${id}\n{"id":"${id}"\n`, 2],
    ['JSON without an id', (id: string) => `${id}\n${id}\n{"session":"${id}"}\n`, 3],
    ['JSON with an id that is a number', () => '{"id":7}\n', 1],
    ['a CSV', (id: string) => `id,userId\n${id},x\n`, 1],
  ])('%s: 2, names the line, and nothing is done', async (_, text, line) => {
    const ran = await from(text(s.id.one))
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.error()).toEqual({
      code: 'USAGE',
      exitCode: 2,
      message: `Line ${line} is neither a session id nor a session in JSON: nothing was changed.`,
      hint: 'One id a line, or the NDJSON of: meanderctl sessions list -o ndjson',
      details: [],
    })
    expect(await left('one')).toEqual(untouched())
  })

  it.each(['', '\n\r\n  \n', '\uFEFF'])('%j is empty: 3', async (text) => {
    const ran = await from(text)
    expect(ran).toMatchObject({ code: 3, stdout: '' })
    expect(ran.error().message).toBe('Standard input names no session.')
  })

  it('what is foreign or unknown in it is named, the rest is ended: 3', async () => {
    const before = await everythingOf(server, database, 'nhf')
    const ran = await from(`${s.id.one}\n${s.id.nils}\n`)
    expect(ran.code).toBe(3)
    expect(summaryOf(ran)).toMatchObject({ requested: 2, revoked: 1, notFound: 1 })
    expect(await left('one')).toEqual(ended('from a pipe'))
    expect(await everythingOf(server, database, 'nhf')).toBe(before)
  })

  it('--except and --max-affected hold', async () => {
    const text = `${s.id.one}\n${s.id.two}\n${s.id.three}\n`
    expect((await from(text, '--max-affected', '2')).code).toBe(5)
    expect(await left('one')).toEqual(untouched())
    expect((await from(text, '--except', s.id.three, '--max-affected', '2')).code).toBe(0)
    expect(await left('three')).toEqual(untouched())
  })

  it('without --yes nobody can be asked: 2, and nothing is done', async () => {
    const argv = ['sessions', 'revoke', '--from', '-', '--reason', 'x', '--no-input']
    const ran = await run(server, database, 'kari', argv, { redis, stdin: s.id.one })
    expect(ran.code).toBe(2)
    expect(await left('one')).toEqual(untouched())
  })

  it('with a selector is a contradiction', async () => {
    expect((await from(s.id.one, '--kind', 'mobile')).code).toBe(2)
    expect(await left('one')).toEqual(untouched())
  })

  it('more than one transaction takes: each session once', async () => {
    const made = await server.query<{ id: string }>(
      `insert into meander.sessions (user_id, organization_id, kind, expires_at)
       select u.id, u.organization_id, 'mobile', now() + interval '1 hour'
       from meander.users u, generate_series(1, 5200) where u.email = 'liv@hlf.example' returning id`,
      [],
      database,
    )
    const ran = await from(made.map(({ id }) => `${id}\n`).join(''))
    expect(ran.code).toBe(0)
    expect(summaryOf(ran)).toMatchObject({ requested: 5200, revoked: 5200 })
    const events = await server.query<{ count: number }>(
      'select count(distinct target_id)::int, count(*)::int as all from meander.audit_log where target_id = any ($1)',
      [made.map(({ id }) => id)],
      database,
    )
    expect(events).toEqual([{ count: 5200, all: 5200 }])
  })
})

describe('--from FILE', () => {
  const fromFile = (file: string) =>
    run(server, database, 'kari', ['sessions', 'revoke', '--from', file, ...sure], { redis })

  it('reads it', async () => {
    const file = join(folder, 'ids')
    writeFileSync(file, `${s.id.one}\n`)
    expect((await fromFile(file)).code).toBe(0)
    expect(await left('one')).toEqual(ended('from a pipe'))
  })

  it('an empty one is 3, a missing one, a folder and bytes that are no text are 2', async () => {
    const [empty, binary] = [join(folder, 'empty'), join(folder, 'binary')]
    writeFileSync(empty, '')
    writeFileSync(binary, Buffer.from([0x7f, 0x45, 0x00, 0xff, 0xfe, 0x0a]))
    expect((await fromFile(empty)).code).toBe(3)
    expect((await fromFile(empty)).error().message).toBe(`${empty} names no session.`)
    for (const file of [join(folder, 'missing'), folder, binary]) {
      expect(await fromFile(file)).toMatchObject({ code: 2, stdout: '' })
    }
    expect((await fromFile(join(folder, 'missing'))).error().message).toContain(
      'cannot be read: there is no such file.',
    )
  })
})
