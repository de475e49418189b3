import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { emailOf, people, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'
import {
  chainBreaks,
  endedOnce,
  eventsOf,
  listOf,
  ownFolder,
  readReport,
  seedCrowd,
  stateOf,
} from '../../support/users.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = ownFolder()
let database: string
let bystanders: string

interface Result {
  readonly summary: Record<string, number>
  readonly blocklist: { pending: number; published: number }
  readonly items: readonly { outcome: string }[]
}

const users = (login: string, argv: readonly string[], options: RunOptions = {}) =>
  run(server, database, login, ['users', ...argv], { redis, ...options })
const sure = ['--reason', 'left', '--yes', '-o', 'json']
const offboard = (content: string | Uint8Array, ...argv: string[]) =>
  users('kari', ['offboard', '--file', folder.saved(content), ...sure, ...argv])
const outcomes = (path: string) => readReport(path).map(({ outcome }) => outcome)

beforeAll(async () => {
  database = await peopledDatabase(server)
  await seedCrowd(server, database, 'foreign', 3, { organization: 'nhf' })
  bystanders = await everythingOf(server, database, 'nhf')
})
afterEach(async () => {
  expect(await everythingOf(server, database, 'nhf')).toBe(bystanders)
})
afterAll(() => folder.remove())

describe('a list as a spreadsheet program writes it', () => {
  it('2,000 users in one command without a terminal, a report of every row, and the proof over the same list', async () => {
    const crowd = await seedCrowd(server, database, 'sheet', 2000, { sessions: 2 })
    const rows = crowd.emails.map(
      (email, n) =>
        `"${n % 3 ? email : email.toUpperCase().replace('HLF.EXAMPLE', 'hlf.Example')}","Nordmann, ""Nr"" ${n}",HR-${n}`,
    )
    const list = folder.saved(
      `\ufeff"Email";"Reason";"Ticket"\r\n${rows.join('\r\n').replaceAll('","', '";"').replace(/",HR/g, '";HR')}\r\n;;\r\n\r\n ; ;\r\n`,
    )
    const report = folder.path('sheet.csv')
    const dry = await users('kari', [
      'offboard',
      '--file',
      list,
      '--dry-run',
      '--report',
      folder.path('sheet-dry.csv'),
    ])
    expect(dry.code).toBe(0)
    expect(await stateOf(server, database, crowd)).toMatchObject({ active: 2000, sessions: 4000, events: 0 })

    const ran = await users('kari', [
      'offboard',
      '--file',
      list,
      '--reason',
      'left',
      '--yes',
      '--report',
      report,
    ])
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stderr).toContain('2000 users off-boarded; 4000 sessions ended, 4000 access tokens blocked.')
    const lines = readReport(report)
    expect(lines).toHaveLength(2000)
    expect(lines[2]).toMatchObject({
      row: '3',
      email: crowd.emails[2],
      reason: 'Nordmann, "Nr" 2',
      ticket: 'HR-2',
      outcome: 'offboarded',
      sessions_revoked: '2',
      message: '',
    })
    expect(readFileSync(folder.path('sheet-dry.csv'), 'utf8')).toBe(readFileSync(report, 'utf8'))
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(2000))
    expect(await chainBreaks(server, database, 'hlf')).toBe(0)
    const reasons = await eventsOf(server, database, 'hlf')
    expect(reasons.find(({ target_id }) => target_id === lines[2]?.user_id)).toMatchObject({
      reason: 'Nordmann, "Nr" 2',
      ticket: 'HR-2',
    })

    const proof = folder.path('sheet-proof.csv')
    const verified = await users('kari', ['verify', '--file', list, '--offboarded', '--report', proof])
    expect(verified).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('2000 users: access of 2000 has ended'),
    })
    expect(new Set(outcomes(proof))).toEqual(new Set(['ended']))

    const again = await users('kari', ['offboard', '--file', list, ...sure, '--report', report])
    expect(again.json<Result>().summary).toMatchObject({ offboarded: 0, alreadyOffboarded: 2000 })
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(2000))
  })

  it('from a pipe, and by ids alone', async () => {
    const crowd = await seedCrowd(server, database, 'piped', 3)
    const ids = (await users('kari', ['list', '--search', 'piped', '-o', 'id'])).stdout
    const ran = await users('kari', ['sign-out', '--file', '-', ...sure], { stdin: `user_id\n${ids}` })
    expect(ran.json<Result>().summary).toMatchObject({ rows: 3, signedOut: 3 })
    expect(await stateOf(server, database, crowd)).toMatchObject({ active: 3, sessions: 0, open: 0 })
  })

  it('keeps cells that would be formulas through a report and back', async () => {
    const crowd = await seedCrowd(server, database, 'formula', 4)
    const cells = ['=HYPERLINK("x")', '+47', '-1', '@all']
    const first = folder.path('formula.csv')
    const list = `email,reason,ticket\n${crowd.emails.map((email, n) => `${email},"${cells[n]?.replaceAll('"', '""')}",=T${n}`).join('\n')}\n`
    await offboard(list, '--report', first, '--dry-run')
    expect(readReport(first).map(({ reason }) => reason)).toEqual(cells.map((cell) => `'${cell}`))
    const second = folder.path('formula-2.csv')
    await users('kari', ['offboard', '--file', first, ...sure, '--report', second])
    expect(readFileSync(second, 'utf8')).toBe(readFileSync(first, 'utf8'))
    const reasons = await server.query<{ reason: string; ticket: string }>(
      `select a.reason, a.ticket from meander.audit_log a join meander.users u on u.id::text = a.target_id
       where u.email ^@ 'formula-' order by u.email`,
      [],
      database,
    )
    expect(reasons).toEqual(cells.map((reason, n) => ({ reason, ticket: `=T${n}` })))
  })
})

describe('a list that cannot be taken', () => {
  const nobody = 'no such user within your reach'
  it('names rows, codes and exit codes, and does nothing', async () => {
    const crowd = await seedCrowd(server, database, 'whole', 3)
    const [one = '', two = '', three = ''] = crowd.emails
    const id = (await users('kari', ['list', '--search', one, '-o', 'id'])).stdout.trim()
    const cases: [rows: string[], code: number, details: string[]][] = [
      [[one, 'pex@nhf.example'], 3, [`row 2: ${nobody}`]],
      [[one, emailOf('per')], 3, [`row 2: ${nobody}`]],
      [[one, 'foreign-1@nhf.example'], 3, [`row 2: ${nobody}`]],
      [[one, two, one], 2, ['row 3: the same user as in row 1']],
      [[one, two, one.toUpperCase()], 2, ['row 3: the same user as in row 1']],
      [
        [one, 'mari', 'nobody@hlf.example'],
        2,
        ['row 2: the e-mail address is malformed', `row 3: ${nobody}`],
      ],
      [[one, emailOf('kari')], 5, ['row 2: nobody off-boards themselves']],
      [
        [one, emailOf('kari'), emailOf('kari')],
        2,
        ['row 2: nobody off-boards themselves', 'row 3: the same user as in row 2'],
      ],
    ]
    for (const [rows, code, details] of cases) {
      const report = folder.path(`whole-${rows.join('-')}.csv`)
      const ran = await offboard(listOf(rows), '--report', report)
      expect(ran).toMatchObject({ code, stdout: '' })
      expect(ran.error()).toMatchObject({ details, message: expect.stringContaining('nothing was done') })
      expect(readReport(report)).toHaveLength(rows.length)
      expect(readReport(report)[0]).toMatchObject({
        email: one,
        outcome: 'failed',
        message: 'not begun: other rows cannot be taken',
      })
    }
    const twice = await offboard(`email,user_id\n${one},\n,${id}\n`)
    expect(twice.error()).toMatchObject({ exitCode: 2, details: ['row 2: the same user as in row 1'] })
    const torn = await offboard(`email,user_id\n${two},${id}\n`)
    expect(torn.error()).toMatchObject({
      exitCode: 2,
      details: ['the e-mail address is not that of the user id'],
    })
    const many = await offboard(`email,reason\n${three},left,HR\n`)
    expect(many.error()).toMatchObject({ exitCode: 2, details: ['it has 3 fields, the header 2'] })
    expect(await stateOf(server, database, crowd)).toMatchObject({ active: 3, sessions: 3, events: 0 })
  })

  it('a file with wrong bytes, no header or nobody in it: 2 and 3, with its line', async () => {
    const cases: [content: string | Uint8Array, code: number, message: RegExp][] = [
      ['mari@hlf.example\n', 2, /no header/],
      ['email,nickname\nmari@hlf.example,m\n', 2, /unknown column "nickname"/],
      [
        Buffer.from('email\nmari@hlf.example\nbj\xf8rn@hlf.example\n', 'latin1'),
        2,
        /line 3: it is not valid UTF-8/,
      ],
      [Buffer.from('\ufeffemail\nmari@hlf.example\n', 'utf16le'), 2, /UTF-16/],
      ['email\nmari@hlf.example\0\n', 2, /line 2: it contains NUL/],
      ['email\nmari@hlf.example\n"ola@hlf.example\n', 2, /line 3: a quote is opened and not closed/],
      ['', 3, /names no user/],
      ['email\n', 3, /names no user/],
      ['\n'.repeat(200_000), 3, /names no user/],
    ]
    const before = await everythingOf(server, database, 'hlf')
    for (const [content, code, message] of cases) {
      const report = folder.path('none.csv')
      const ran = await offboard(content, '--report', report)
      expect(ran).toMatchObject({ code, stdout: '' })
      expect(ran.error().message).toMatch(message)
      expect(() => statSync(report)).toThrow('ENOENT')
    }
    expect((await users('kari', ['offboard', '--file', folder.path('.'), ...sure])).code).toBe(2)
    expect((await users('kari', ['offboard', '--file', folder.path('missing.csv'), ...sure])).code).toBe(2)
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
  })

  it('--skip-invalid goes on without the wrong rows: 6, a report of every row, which is a list again', async () => {
    const crowd = await seedCrowd(server, database, 'skipped', 5)
    const [one = '', two = ''] = crowd.emails
    const rows = [one, 'mari', 'per@nhf.example', two, one, emailOf('kari'), ...crowd.emails.slice(2)]
    const report = folder.path('skipped.csv')
    const ran = await offboard(listOf(rows), '--skip-invalid', '--batch-size', '2', '--report', report)
    expect(ran.code).toBe(6)
    expect(ran.json<Result>().summary).toMatchObject({
      rows: 9,
      offboarded: 5,
      invalid: 2,
      notFound: 1,
      refused: 1,
    })
    const expected = [
      'offboarded',
      'invalid',
      'notFound',
      'offboarded',
      'invalid',
      'refused',
      'offboarded',
      'offboarded',
      'offboarded',
    ]
    expect(outcomes(report)).toEqual(expected)
    expect(readReport(report).map(({ email, row }) => [row, email])).toEqual(
      rows.map((email, n) => [String(n + 1), email]),
    )
    const again = await users('kari', [
      'offboard',
      '--file',
      report,
      '--skip-invalid',
      '--report',
      report,
      ...sure,
    ])
    expect(again.code).toBe(6)
    expect(outcomes(report)).toEqual(
      expected.map((outcome) => (outcome === 'offboarded' ? 'alreadyOffboarded' : outcome)),
    )
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(5))
    expect(
      (
        await users('kari', [
          'verify',
          '--file',
          report,
          '--skip-invalid',
          '--report',
          folder.path('proof.csv'),
        ])
      ).code,
    ).toBe(6)
    expect(outcomes(folder.path('proof.csv'))).toEqual([
      'ended',
      'invalid',
      'notFound',
      'ended',
      'invalid',
      'ended',
      'ended',
      'ended',
      'ended',
    ])
  })

  it('one user whom nobody can end does not keep the others of the transaction', async () => {
    const crowd = await seedCrowd(server, database, 'held', 5)
    await server.query(
      `create function meander.trip() returns trigger language plpgsql as $$ begin raise 'tripped'; end $$;
       create trigger trip before update on meander.users for each row when (new.email = 'held-3@hlf.example') execute function meander.trip()`,
      [],
      database,
    )
    const report = folder.path('held.csv')
    const ran = await offboard(listOf(crowd.emails), '--report', report)
    await server.query('drop trigger trip on meander.users; drop function meander.trip', [], database)
    expect(ran.code).toBe(6)
    expect(readReport(report).map(({ outcome, message }) => [outcome, message.includes('tripped')])).toEqual([
      ['offboarded', false],
      ['offboarded', false],
      ['failed', true],
      ['offboarded', false],
      ['offboarded', false],
    ])
    const rest = await users('kari', ['offboard', '--file', report, ...sure])
    expect(rest).toMatchObject({ code: 0 })
    expect(rest.json<Result>().summary).toMatchObject({ offboarded: 1, alreadyOffboarded: 4 })
    expect(await stateOf(server, database, crowd)).toEqual(endedOnce(5))
  })
})

describe('the report', () => {
  it('that cannot be written is found before anything is done', async () => {
    writeFileSync(folder.path('file'), '')
    mkdirSync(folder.path('taken'))
    for (const path of ['none/report.csv', 'file/report.csv', 'taken']) {
      const ran = await users('kari', [
        'offboard',
        'mari@hlf.example',
        ...sure,
        '--report',
        folder.path(path),
      ])
      expect(ran.error()).toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(/report .* cannot be written/),
      })
    }
    const device = await users('kari', ['offboard', 'mari@hlf.example', ...sure, '--report', '/dev/null'])
    expect(device.error()).toMatchObject({ exitCode: 2 })
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
    const evidence = await users('kari', ['verify', 'mari@hlf.example', '--evidence', folder.path('taken')])
    expect(evidence.code).toBe(2)
    expect((await users('kari', ['list', '--search', 'mari', '-o', 'csv'])).stdout).toContain(',active,')
  })

  it('is its owner’s alone, replaces another whole, follows a link, and leaves no draft', async () => {
    const path = folder.path('mine.csv')
    writeFileSync(path, 'x'.repeat(10_000), { mode: 0o644 })
    symlinkSync(path, folder.path('link.csv'))
    expect(
      (await users('kari', ['offboard', 'ola@hlf.example', ...sure, '--report', folder.path('link.csv')]))
        .code,
    ).toBe(0)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readReport(path)).toMatchObject([{ row: '1', user_id: people.ola.id, outcome: 'offboarded' }])
    expect(readdirSync(folder.path('.')).filter((name) => name.endsWith('.part'))).toEqual([])
  })
})
