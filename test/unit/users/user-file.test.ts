import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openUserFile } from '../../../src/commands/users/user-file.ts'
import { MeanderError } from '../../../src/errors.ts'
import type { UserRow } from '../../../src/service/users/rows.ts'
import { fakeTerminal } from '../../support/terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'meanderctl-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const saved = (content: string | Uint8Array): string => {
  const path = join(folder, `users-${++files}.csv`)
  writeFileSync(path, content)
  return path
}
const around = (stdin: string | Uint8Array = '') => ({
  terminal: fakeTerminal({ stdin }),
  signal: new AbortController().signal,
})
const collected = async (rows: AsyncIterable<UserRow>): Promise<UserRow[]> => {
  const all: UserRow[] = []
  for await (const row of rows) all.push(row)
  return all
}
/** All rows, gone through twice: the second pass finds the same. */
const read = async (path: string, stdin: string | Uint8Array = ''): Promise<UserRow[]> => {
  const file = await openUserFile(path, around(stdin))
  try {
    const rows = await collected(file.rows())
    expect(await collected(file.rows())).toEqual(rows)
    return rows
  } finally {
    await file.close()
  }
}
const rowsOf = (content: string | Uint8Array) => read(saved(content))
const refused = (content: string | Uint8Array, code: string, message: RegExp) =>
  expect(rowsOf(content)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })

describe('what a spreadsheet program saves', () => {
  it('BOM, CRLF, quoted names with separators and line breaks, capitals, blank lines at the end', async () => {
    const rows = await rowsOf(
      '\ufeffEmail,Reason,Ticket\r\nMari@HLF.example,"left, at ""last""\r\nfor good",HR-1\r\n"ola@hlf.example",,\r\n\r\n,,\r\n  ,\t,\r\n',
    )
    expect(rows).toMatchObject([
      {
        row: 1,
        email: 'Mari@HLF.example',
        ticket: 'HR-1',
        problem: 'the reason has a control character, U+000D, at position 16',
      },
      { row: 2, email: 'ola@hlf.example', userId: '', reason: null, ticket: null, problem: null },
    ])
  })

  it('semicolons, and separators after the last column that has anything', async () => {
    expect(
      await rowsOf('email;reason;;\r\nmari@hlf.example;"left; for good";;\r\nola@hlf.example;;;\r\n;;;\r\n'),
    ).toMatchObject([
      { email: 'mari@hlf.example', reason: 'left; for good', problem: null },
      { email: 'ola@hlf.example', reason: null, problem: null },
    ])
  })

  it('no line end at the end, lone carriage returns at the ends of lines', async () => {
    expect(await rowsOf('email\na@b.no\nc@d.no')).toHaveLength(2)
    expect(await rowsOf('email\ra@b.no\rc@d.no')).toHaveLength(2)
  })

  it('cells that a report kept from being formulas come back as they were', async () => {
    const cells = ['=1+1', '+47 22 00', '-2', '@cc', '＝1', '\u00a0=1'.trim()]
    const rows = await rowsOf(`email,reason\n${cells.map((c, n) => `u${n}@b.no,'${c}`).join('\n')}\n`)
    expect(rows.map(({ reason }) => reason)).toEqual(cells)
    expect(await rowsOf("email,reason\n'-u@b.no,'tis over\n")).toMatchObject([
      { email: '-u@b.no', reason: "'tis over" },
    ])
  })

  it('the columns of a report, whatever they hold', async () => {
    expect(
      await rowsOf(
        'row,email,user_id,reason,ticket,outcome,sessions_revoked,message\n7,a@b.no,,why,T-1,failed,0,"no, sir"\n',
      ),
    ).toMatchObject([{ row: 1, email: 'a@b.no', reason: 'why', ticket: 'T-1', problem: null }])
  })
})

describe('a file that is no list', () => {
  it.each([
    ['no header', 'mari@hlf.example\nola@hlf.example\n', /the first line is no header with email or user_id/],
    ['an unknown column', 'email,nmae\na@b.no,x\n', /unknown column "nmae"/],
    ['a column without a name', 'email,,reason\na@b.no,x,y\n', /unknown column ""/],
    ['a column twice', 'email,Email\na@b.no,c@d.no\n', /names email twice/],
    ['UTF-16 with BOM', Buffer.from('\ufeffemail\na@b.no\n', 'utf16le'), /line 1: this is UTF-16/],
    ['UTF-16 without BOM', Buffer.from('email\na@b.no\n', 'utf16le'), /line 1: it contains NUL/],
    ['NUL in line 3', 'email\na@b.no\nc@d\0.no\n', /line 3: it contains NUL/],
    [
      'invalid UTF-8 in line 3',
      Buffer.concat([Buffer.from('email\na@b.no\nbj'), Buffer.from([0xf8]), Buffer.from('rn@b.no\n')]),
      /line 3: it is not valid UTF-8/,
    ],
    [
      'invalid UTF-8 in a last line without its end',
      Buffer.concat([Buffer.from('email\na@b.no\n'), Buffer.from([0xc3])]),
      /line 3: it is not valid UTF-8/,
    ],
    ['an unclosed quote at line 3', 'email,reason\na@b.no,x\n"c@d.no,y\ne@f.no,z\n', /line 3: a quote/],
    ['a quote in the middle', 'email,reason\na@b.no,x\nc"@d.no,y\n', /line 3/],
    ['a line of 2 MB', `email\n${'a'.repeat(2_000_000)}\n`, /line 2: it is longer than 1 MB/],
  ])('%s', async (_, content, message) => {
    await refused(content, 'USAGE', message)
  })

  it('an unclosed quote at line 3 with a long file after it is named by that line', async () => {
    await refused(
      `email,reason\na@b.no,x\n"c@d.no,y\n${'e@f.no,z\n'.repeat(300_000)}`,
      'USAGE',
      /line 3: a quote is opened and not closed/,
    )
  })

  it('invalid UTF-8 far behind is named by its line', async () => {
    const far = Buffer.from(`email\n${'someone@hlf.example\n'.repeat(50_000)}`)
    await refused(Buffer.concat([far, Buffer.from([0xff, 10])]), 'USAGE', /line 50002: it is not valid UTF-8/)
  })

  it.each([
    ['nothing at all', ''],
    ['a BOM alone', '\ufeff'],
    ['a header alone', 'email\n'],
    ['two hundred thousand empty lines', '\n'.repeat(200_000)],
    ['a header and two hundred thousand lines of separators', `email,reason\n${',\r\n'.repeat(200_000)}`],
  ])('%s names nobody', async (_, content) => {
    await refused(content, 'NOT_FOUND', /names no user/)
  })

  it('a folder, and a file that is not there', async () => {
    await expect(read(folder)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/is a folder/),
    })
    await expect(read(join(folder, 'none.csv'))).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/cannot be read: .*no such file/),
    })
  })
})

describe('rows that name nobody', () => {
  it.each([
    ['email\nmari\n', 'the e-mail address is malformed'],
    ['email\nmari@hlf.example ola@hlf.example\n', 'the e-mail address is malformed'],
    ['email\nma\u200bri@hlf.example\n', 'the e-mail address has invisible characters'],
    ['user_id\n1234\n', 'the user id is no uuid'],
    ['email,reason\n,left\n', 'it names neither an e-mail address nor a user id'],
    ['email,reason\na@b.no,left,HR-1\n', 'it has 3 fields, the header 2'],
    [
      `email,reason\na@b.no,${'x'.repeat(1001)}\n`,
      'the reason has 1001 characters, and at most 1000 go on the record',
    ],
    [
      `email,ticket\na@b.no,${'x'.repeat(201)}\n`,
      'the ticket has 201 characters, and at most 200 go on the record',
    ],
  ])('%#', async (content, problem) => {
    expect(await rowsOf(content)).toMatchObject([{ row: 1, problem }])
  })
})

describe('where it comes from', () => {
  const makePipe = (path: string) => execFileSync('sh', ['-c', `mkfifo '${path}'`])

  it('standard input', async () => {
    expect(await read('-', 'email\na@b.no\n')).toMatchObject([{ email: 'a@b.no' }])
  })

  it('a pipe with a name', async () => {
    const pipe = join(folder, 'pipe')
    makePipe(pipe)
    const writer = spawn('sh', ['-c', `printf 'email\\na@b.no\\n' > '${pipe}'`])
    expect(await read(pipe)).toMatchObject([{ email: 'a@b.no' }])
    expect(writer.signalCode).toBeNull()
  })

  it('a pipe into which nobody writes is let go of', async () => {
    const pipe = join(folder, 'silent')
    makePipe(pipe)
    const aborter = new AbortController()
    const interrupted = new MeanderError('INTERRUPTED', 'Interrupted.')
    setTimeout(() => aborter.abort(interrupted), 100)
    const opening = openUserFile(pipe, { terminal: fakeTerminal(), signal: aborter.signal })
    await expect(opening).rejects.toBe(interrupted)
  })

  it('leaves no copy under any name, not even while it is read', async () => {
    const ours = () => readdirSync(tmpdir()).filter((name) => existsSync(join(tmpdir(), name, 'users.csv')))
    const before = ours()
    const file = await openUserFile(saved('email\na@b.no\n'), around())
    expect(ours()).toEqual(before)
    await file.close()
    await expect(openUserFile(saved('email\na\0\n'), around())).rejects.toMatchObject({ code: 'USAGE' })
    expect(ours()).toEqual(before)
  })
})
