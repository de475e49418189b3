import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { MeanderError } from '../../../src/errors.ts'
import { createTerminal } from '../../../src/terminal/create-terminal.ts'
import { describeProgress } from '../../../src/terminal/progress.ts'
import { fakeTerminal } from '../../support/terminal.ts'

describe('the terminal over streams in memory', () => {
  it('keeps the answer and the conversation apart', async () => {
    const terminal = fakeTerminal({ person: true })
    terminal.note('3 sessions\u001b]0;x\u0007\nmore')
    await terminal.write(['a\n', 'b\n'])
    await terminal.write('whole\n')
    expect(terminal.out).toBe('a\nb\nwhole\n')
    expect(terminal.err).toBe('3 sessions\\u{1b}]0;x\\u{7}\\u{a}more\n')
  })

  it('with --quiet says only what must be known', () => {
    const terminal = fakeTerminal({ quiet: true })
    terminal.note('done')
    terminal.warn('2 are still usable')
    expect(terminal.err).toBe('2 are still usable\n')
  })

  it.each([
    [{ person: true }, { interactive: true, decorated: true }],
    [
      { person: true, input: false },
      { interactive: false, decorated: true },
    ],
    [
      { person: true, decorated: false },
      { interactive: true, decorated: false },
    ],
    [{}, { interactive: false, decorated: false }],
  ])('%j is %j', (options, expected) => {
    expect(fakeTerminal(options)).toMatchObject(expected)
  })

  it('is 80 wide when nobody knows', () => {
    expect(fakeTerminal({ width: 0 }).width).toBe(80)
    expect(fakeTerminal({ width: 132 }).width).toBe(132)
  })

  it.each([
    ['confirm', '--yes'],
    ['typed', '--yes'],
    ['text', 'as an option'],
    ['select', 'as an option'],
    ['password', 'passwordCommand'],
  ] as const)('%s without anybody there says what to give', async (question, hint) => {
    const { prompt } = fakeTerminal()
    const asked =
      question === 'select' ? prompt.select('Which?', []) : prompt[question]('Really?', 'hlf' as never)
    await expect(asked).rejects.toMatchObject({ code: 'USAGE', hint: expect.stringContaining(hint) })
  })

  it('answers what was scripted, in order', async () => {
    const terminal = fakeTerminal({
      person: true,
      answers: [true, 'hlf', new MeanderError('DECLINED', 'no')],
    })
    expect(await terminal.prompt.confirm('Sure?')).toBe(true)
    expect(await terminal.prompt.typed('Name it.', 'hlf')).toBe(true)
    await expect(terminal.prompt.text('Reason:')).rejects.toMatchObject({ code: 'DECLINED' })
    await expect(terminal.prompt.text('More?')).rejects.toThrow('no answer was scripted')
    expect(terminal.asked).toEqual(['Sure?', 'Name it.', 'Reason:', 'More?'])
  })

  it('reads stdin as bytes', async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of fakeTerminal({ stdin: 'id\n' }).readStdin()) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('id\n')
  })

  it('waits for a slow reader', async () => {
    let waiting = 0
    let most = 0
    const slow = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, next) => {
        most = Math.max(most, waiting)
        setTimeout(next, 1)
      },
    })
    const terminal = over({ stdout: slow })
    await terminal.write(
      (function* () {
        for (let at = 0; at < 20; at += 1) {
          waiting += 1
          yield 'x'
          waiting -= 1
        }
      })(),
    )
    expect(most).toBe(1)
  })

  it.each([
    ['plain', true],
    ['redrawn', false],
  ])('an open %s question ends with the command', async (_, accessible) => {
    const ending = new AbortController()
    const terminal = over({ accessible, signal: ending.signal })
    const asked = terminal.prompt.confirm('Sure?')
    setTimeout(() => ending.abort(new MeanderError('TERMINATED', 'terminated')), 100)
    await expect(asked).rejects.toMatchObject({ code: 'TERMINATED' })
  })
})

/** A terminal where somebody sits and says nothing. */
const over = (options: object) =>
  createTerminal({
    stdin: Object.assign(new PassThrough(), { isTTY: true }),
    stdout: new PassThrough(),
    stderr: Object.assign(new PassThrough().resume(), { isTTY: true }),
    color: 'never',
    pager: null,
    input: true,
    quiet: false,
    accessible: false,
    ...options,
  })

describe('progress in words', () => {
  it.each([
    [{ done: 0, seconds: 0 }, 'Ending'],
    [{ done: 0, total: 10, seconds: 1 }, 'Ending: 0 of 10 (0 %)'],
    [{ done: 300, total: 1200, seconds: 3 }, 'Ending: 300 of 1,200 (25 %), 100 a second, 9 s left'],
    [{ done: 10, total: 10_000, seconds: 10 }, 'Ending: 10 of 10,000 (0 %), 1.0 a second, 3 h left'],
    [{ done: 10, total: 1_000, seconds: 10 }, 'Ending: 10 of 1,000 (1 %), 1.0 a second, 17 min left'],
    [{ done: 10, total: 10, seconds: 10 }, 'Ending: 10 of 10 (100 %), 1.0 a second'],
    [{ done: 0, total: 0, seconds: 1 }, 'Ending: 0 of 0'],
    [{ done: 5000, seconds: 2, text: 'nhf\r' }, 'Ending: 5,000, 2,500 a second, nhf\\u{d}'],
  ])('%j', (at, text) => {
    expect(describeProgress('Ending', at)).toBe(text)
  })
})
