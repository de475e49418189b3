import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PtyOptions, runInPty } from '../../support/pty.ts'

const esc = '\u001b'
const ctrlC = '\u0003'
const ctrlD = '\u0004'
const patience = { timeout: 30_000 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terminal-'))
  await build({
    entryPoints: [fileURLToPath(new URL('../../support/terminal-program.ts', import.meta.url))],
    outfile: join(folder, 'program.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: {
      js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);",
    },
  })
}, 30_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const command = (act: string, options: object = {}, count?: number): string =>
  `'${process.execPath}' '${join(folder, 'program.mjs')}' ${act} '${JSON.stringify(options)}' ${count ?? ''}`
const run = (act: string, options: object, pty: PtyOptions, count?: number) =>
  runInPty(command(act, options, count), pty)
const accessible = { accessible: true }
const shell = promisify(execFile)

describe('a question', patience, () => {
  it.each([
    ['y\r', true],
    ['yes\r', true],
    ['n\r', false],
    ['\r', false],
  ])('yes or no: %j is %s', async (type, answer) => {
    const { screen, exitCode } = await run('confirm', {}, { input: [{ waitFor: '(y/N)', type }] })
    expect(screen).toContain(`answer ${answer}`)
    expect(exitCode).toBe(0)
  })

  it('goes to stderr alone: stdout holds the answer', async () => {
    const into = join(folder, 'stdout')
    const { screen } = await runInPty(
      `${command('confirm')} > ${into}; echo; cat ${into} | od -c | head -2`,
      {
        input: [{ waitFor: '(y/N)', type: 'y\r' }],
      },
    )
    expect(screen).toContain('Revoke 3 sessions?')
    expect(screen).toMatch(/0000000 {3}a {3}n {3}s {3}w {3}e {3}r {7}t {3}r {3}u {3}e {2}\\n/)
  })

  it.each([
    ['confirm', {}, ctrlC],
    ['confirm', {}, ctrlD],
    ['text', {}, ctrlC],
    ['password', {}, ctrlC],
    ['select', {}, ctrlD],
    ['confirm', accessible, ctrlC],
    ['confirm', accessible, ctrlD],
    ['password', accessible, ctrlC],
    ['password', accessible, ctrlD],
    ['select', accessible, ctrlC],
    ['checkbox', {}, ctrlC],
    ['checkbox', accessible, ctrlC],
    ['search', {}, ctrlC],
    ['search', {}, ctrlD],
    ['search', accessible, ctrlC],
  ])('%s %j left with %j changes nothing and ends with 9', async (act, options, type) => {
    const waitFor =
      {
        confirm: 'Revoke',
        text: 'Reason',
        password: 'Password',
        select: 'Bo',
        checkbox: 'Pixel',
        search: 'device?',
      }[act] ?? ''
    const { screen, exitCode } = await run(act, options, { input: [{ waitFor, type }] })
    expect(screen).toContain('DECLINED: Left unanswered: nothing was changed.')
    expect(screen).not.toMatch(/^answer/m)
    expect(exitCode).toBe(9)
  })

  it.each([{}, accessible])('with %j asks again what is not valid', async (options) => {
    const { screen } = await run('text', options, {
      input: [
        { waitFor: 'Reason:', type: '\r' },
        { waitFor: 'A reason is required.', type: 'lost phone\r' },
      ],
    })
    expect(screen).toContain('answer "lost phone"')
  })

  it.each([{}, accessible])('with %j never shows a password', async (options) => {
    const { raw } = await run('password', options, { input: [{ waitFor: 'Password', type: 'hunter22\r' }] })
    expect(raw.match(/hunter22/g)).toHaveLength(1)
    expect(raw).toContain('answer "hunter22"')
  })

  it.each([
    ['hlf\r', {}, true],
    ['HLF\r', {}, false],
    ['y\r', {}, false],
    ['hlf\r', accessible, true],
    ['y\r', accessible, false],
  ])('to type a name: %j with %j is %s', async (type, options, answer) => {
    const { screen } = await run('typed', options, { input: [{ waitFor: 'Type hlf to go on:', type }] })
    expect(screen).toContain(`answer ${answer}`)
  })

  it('of several, with names that cannot reorder the screen', async () => {
    const { raw, screen } = await run('select', {}, { input: [{ waitFor: 'Bo', type: `${esc}[B\r` }] })
    expect(screen).toContain('answer "bo"')
    expect(raw).toContain('Anna\\u{202e}')
  })

  it.each([
    [' \r', '["iPhone"]'],
    [` ${esc}[B \r`, '["iPhone","iPad"]'],
    ['a\r', '["iPhone","iPad","Pixel\u202e"]'],
  ])('some of several: %j is %s', async (type, answer) => {
    const { screen, raw } = await run('checkbox', {}, { input: [{ waitFor: 'submit', type }] })
    expect(screen).toContain(`answer ${answer}`)
    expect(raw).toContain('Pixel\\u{202e}')
  })

  it('some of several: nothing is no answer', async () => {
    const input = [
      { waitFor: 'submit', type: '\r' },
      { waitFor: 'At least one', type: '2' },
      { waitFor: '[x] iPad', type: '\r' },
    ]
    expect((await run('checkbox', {}, { input })).screen).toContain('answer ["iPad"]')
  })

  it('finds while one types, and says when there is nothing', async () => {
    const { screen, exitCode } = await run(
      'search',
      {},
      {
        input: [
          { waitFor: '> iPhone', type: 'z' },
          { waitFor: 'No results found', type: '\u007fipa' },
          { waitFor: '> iPad', type: '\r' },
        ],
      },
    )
    expect(screen).toMatch(/Which device\? iPad\nanswer "iPad"$/)
    expect(exitCode).toBe(0)
  })

  it.each([
    [{}, 'lost'],
    [accessible, 'lost\r'],
  ])('with %j a search that fails ends with its failure', async (options, type) => {
    const waitFor = options === accessible ? 'Which device?' : '> iPhone'
    const { screen, exitCode } = await run('search', options, { input: [{ waitFor, type }] })
    expect(screen).toContain('FAILED: The connection was lost.')
    expect(exitCode).toBe(1)
  })

  it('is coloured, or not', async () => {
    const input = [{ waitFor: '(y/N)', type: 'y\r' }]
    const coloured = new RegExp(`${esc}\\[[0-9;]+m`)
    const never = await run('confirm', { color: 'never' }, { input, env: { FORCE_COLOR: '1' } })
    expect(never.raw).not.toMatch(coloured)
    const select = await run('select', { color: 'never' }, { input: [{ waitFor: 'Bo', type: '\r' }] })
    expect(select.raw).not.toMatch(coloured)
    expect((await run('confirm', { color: 'always' }, { input })).raw).toMatch(coloured)
  })
})

describe('accessible questions', patience, () => {
  it.each([
    ['confirm', 'Type yes or no', 'maybe\r', 'Please type yes or no.', 'yes\r', 'answer true'],
    ['checkbox', 'or all:', '4\r', 'There is no number 4.', '3 1\r', 'answer ["iPhone",'],
    ['select', 'Type a number from 1 to 2:', '3\r', 'There is no number 3.', '2\r', 'answer "bo"'],
  ])('%s in whole lines that nothing redraws', async (act, waitFor, type, again, then, answer) => {
    const { raw, exitCode } = await run(act, accessible, {
      input: [
        { waitFor, type },
        { waitFor: again, type: then },
      ],
    })
    expect(raw).toContain(answer)
    expect(raw).not.toContain(esc)
    expect(raw.replaceAll('\r\n', '')).not.toContain('\r')
    expect(exitCode).toBe(0)
  })

  it('a search says what it found, and takes a number or other letters', async () => {
    const { raw } = await run('search', accessible, {
      input: [
        { waitFor: 'Which device?', type: 'z\r' },
        { waitFor: 'Nothing found.', type: 'i\r' },
        { waitFor: '2. iPad', type: 'ipa\r' },
        { waitFor: 'Found 1:', type: '1\r' },
      ],
    })
    expect(raw).toContain('answer "iPad"')
    expect(raw).not.toContain(esc)
  })
})

describe('nobody is asked', patience, () => {
  it.each(['confirm', 'text', 'password', 'typed', 'select', 'checkbox', 'search'])(
    '%s with a piped y',
    async (act) => {
      const { screen, exitCode } = await runInPty(`echo y | ${command(act)}`)
      expect(screen).toMatch(/^USAGE: Nobody can be asked/)
      expect(exitCode).toBe(2)
    },
  )

  it('with stderr in a file, or with --no-input', async () => {
    const log = join(folder, 'log')
    expect((await runInPty(`${command('confirm')} 2> ${log}`)).exitCode).toBe(2)
    expect((await run('confirm', { input: false }, {})).exitCode).toBe(2)
  })
})

describe('stdin that carries data', patience, () => {
  it('leaves the controlling terminal to ask on', async () => {
    const { screen, exitCode } = await runInPty(`seq 5 | ${command('pipe')}`, {
      input: [{ waitFor: 'Sure?', type: 'y\r' }],
    })
    expect(screen).toContain('answer {"bytes":10,"interactive":true,"sure":true}')
    expect(exitCode).toBe(0)
  })

  it('also for accessible questions', async () => {
    const { screen, exitCode } = await runInPty(`seq 5 | ${command('pipe', accessible)}`, {
      input: [{ waitFor: 'Sure?', type: 'yes\r' }],
    })
    expect(screen).toContain('"sure":true')
    expect(exitCode).toBe(0)
  })

  it('asks nobody where no terminal is', async () => {
    const { stdout } = await shell('setsid', ['sh', '-c', `seq 5 | ${command('pipe')}`])
    expect(stdout).toBe('answer {"bytes":10,"interactive":false,"sure":false}\n')
  })

  it('that cannot be read is the caller’s mistake', async () => {
    const failure = shell('sh', ['-c', `${command('pipe')} 0> ${join(folder, 'write-only')}`])
    await expect(failure).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('USAGE: Standard input'),
    })
  })
})

describe('the pager', patience, () => {
  it('is less, leaves short text on the screen and needs no key', async () => {
    const { screen, exitCode } = await run('page', {}, { rows: 20 }, 5)
    expect(screen).toContain('line 1\nline 2\nline 3\nline 4\nline 5\nafter the pager')
    expect(exitCode).toBe(0)
  })

  it('pages long text, and being left early ends quietly', async () => {
    const { screen, exitCode } = await run(
      'page',
      {},
      { rows: 10, input: [{ waitFor: 'line 9', type: 'q' }] },
      300_000,
    )
    expect(screen).not.toContain('line 10')
    expect(screen).toContain('after the pager')
    expect(exitCode).toBe(0)
  })

  it('keeps Ctrl-C for itself', async () => {
    const input = [
      { waitFor: 'line 9', type: ctrlC },
      { waitFor: '', type: ' ' },
      { waitFor: 'line 17', type: 'q' },
    ]
    const { raw, exitCode } = await run('page', {}, { rows: 10, input }, 1_000)
    expect(raw.indexOf('after the pager')).toBeGreaterThan(raw.indexOf('line 17'))
    expect(exitCode).toBe(0)
  })

  it.each([
    ['head -n 2', /^line 1\nline 2\nafter/],
    ['LESS=FRX less', /^line 1\nline 2\nline 3\nafter/],
    ['no-such-pager-anywhere', /line 1\nline 2\nline 3\nafter/],
    ['', /^line 1\nline 2\nline 3\nafter/],
  ])('may be %j', async (pager, expected) => {
    const { screen, exitCode } = await run('page', { pager }, {})
    expect(screen).toMatch(expected)
    expect(exitCode).toBe(0)
  })

  it('is not for pipes', async () => {
    const { screen } = await runInPty(`${command('page', { pager: 'echo paged' })} 2> /dev/null | cat`)
    expect(screen).toContain('line 1\nline 2\nline 3')
    expect(screen).not.toContain('paged')
  })
})

describe('progress', patience, () => {
  it('is a spinner with count, rate and time left, and leaves one line', async () => {
    const { raw, screen } = await run('progress', { color: 'never' }, {}, 100)
    expect(raw).toMatch(/Ending sessions: \d of 10 \(\d0 %\), \d\.\d a second, \d s left/)
    expect(screen).toBe('ended 10 sessions')
    expect(raw.lastIndexOf(`${esc}[?25h`)).toBeGreaterThan(raw.lastIndexOf(`${esc}[?25l`))
  })

  it('is nothing when it is quick, but for the last line', async () => {
    const { raw } = await run('progress', {}, {}, 1)
    expect(raw).toBe('ended 10 sessions\r\n')
  })

  it('is lines for a screen reader', async () => {
    const { raw } = await run('progress', accessible, {}, 60)
    expect(raw).toMatch(/^Ending sessions: \d of 10[^\r\n]*\r\nended 10 sessions\r\n$/)
  })

  it('is nothing with --quiet and nothing in a pipe', async () => {
    expect((await run('progress', { quiet: true }, {}, 60)).raw).toBe('')
    expect((await runInPty(`${command('progress', {}, 60)} 2>&1 | cat`)).raw).toBe('')
  })
})

describe('writing', patience, () => {
  it('ends quietly when the reader has read enough', async () => {
    const { screen, exitCode } = await runInPty(`${command('write', {}, 1_000_000)} | head -n 1; echo over`)
    expect(screen).toBe('line 1\nover')
    expect(exitCode).toBe(0)
  })

  it('gives a slow reader everything', async () => {
    const { screen } = await runInPty(`${command('write', {}, 100_000)} | (sleep 0.5; wc -l)`)
    expect(screen.trim()).toBe('100000')
  })

  it('says that the disk is full', async () => {
    const { screen, exitCode } = await runInPty(`${command('write')} > /dev/full`)
    expect(screen).toMatch(/^FAILED: The output could not be written: ENOSPC/)
    expect(exitCode).toBe(1)
  })

  it('goes on when only stderr is full', async () => {
    const { screen, exitCode } = await runInPty(`${command('page', { pager: '' })} 2> /dev/full`)
    expect(screen).toBe('line 1\nline 2\nline 3')
    expect(exitCode).toBe(0)
  })

  it.each([
    ['auto', '', true],
    ['never', '', false],
    ['auto', '| cat', false],
    ['always', '| cat', true],
  ])('with color %s %s', async (color, pipe, coloured) => {
    const { raw } = await runInPty(`${command('tones', { color })} ${pipe}`, { env: { NO_COLOR: '1' } })
    expect(raw.includes(esc)).toBe(coloured)
    expect(raw).toContain('revoked')
  })
})
