import type { Readable } from 'node:stream'
import { MeanderError } from '../errors.ts'
import { page, pour } from './output.ts'
import { createPlainPrompts } from './plain-prompts.ts'
import { startProgress } from './progress.ts'
import { createPrompts } from './prompts.ts'
import { clean } from './sanitise.ts'
import { openScreen } from './screen.ts'
import { hasControllingTerminal, openControllingTerminal, type Streams } from './streams.ts'
import { createStyle } from './style.ts'
import type { Prompt, Terminal } from './terminal.ts'
import { usualWidth, wrapped } from './wrap.ts'

export interface TerminalOptions extends Streams {
  readonly color: 'auto' | 'always' | 'never'
  /** A shell command, as in `PAGER`; null or empty: none. */
  readonly pager: string | null
  /** False with `--no-input`: nobody is asked. */
  readonly input: boolean
  readonly quiet: boolean
  readonly accessible: boolean
  /** Aborted when the command is to end: an open question throws the reason. */
  readonly signal?: AbortSignal
}

/** The person, or the pipe, at the other end of these streams. */
export const createTerminal = (options: TerminalOptions): Terminal => {
  const { stdout, stderr, quiet, accessible } = options
  // Failed writes are answered where they are awaited; an `error` event nobody hears would end the process.
  stdout.on('error', () => {})
  stderr.on('error', () => {})
  const colourOn = (stream: { isTTY?: boolean }): boolean =>
    options.color === 'always' || (options.color === 'auto' && stream.isTTY === true)
  const say = (text: string) => {
    const lines = stderr.isTTY === true ? wrapped(clean(text), stderr.columns || usualWidth) : [clean(text)]
    stderr.write(`${lines.join('\n')}\n`)
  }

  let stdinIsData = false
  let unread = false
  const interactive = (): boolean =>
    options.input &&
    stderr.isTTY === true &&
    (stdinIsData ? hasControllingTerminal() : options.stdin.isTTY === true)

  const withInput = async <T>(body: (input: Readable) => Promise<T>): Promise<T> => {
    if (!stdinIsData) return body(options.stdin)
    const input = openControllingTerminal()
    try {
      return await body(input)
    } finally {
      input.destroy()
    }
  }

  return {
    get interactive() {
      return interactive()
    },
    decorated: stdout.isTTY === true,
    get width() {
      return stdout.columns || usualWidth
    },
    accessible,
    style: () => createStyle(colourOn(stdout)),
    note(text) {
      if (!quiet) say(text)
    },
    warn: say,
    get unread() {
      return unread
    },
    async write(chunks, { pager = false } = {}) {
      const whole = typeof chunks === 'string' ? [chunks] : chunks
      if (pager && options.pager && stdout.isTTY && !accessible) await page(options.pager, whole)
      else if (!(await pour(stdout, whole))) unread = true
    },
    prompt: guarded(
      (accessible ? createPlainPrompts : createPrompts)({
        withInput,
        output: stderr,
        colour: colourOn(stderr),
        signal: options.signal,
      }),
      interactive,
    ),
    progress: (label, total) =>
      startProgress(
        { stderr, how: quiet || !stderr.isTTY ? 'silent' : accessible ? 'lines' : 'spinner', say },
        label,
        total,
      ),
    screen: () => (stdout.isTTY === true && !accessible ? openScreen(stdout) : null),
    readStdin() {
      stdinIsData = true
      return bytesOf(options.stdin)
    },
  }
}

async function* bytesOf(stdin: Readable): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of stdin) yield bytes
  } catch (error) {
    const { message } = error as Error
    throw new MeanderError('USAGE', `Standard input could not be read: ${message}.`, { cause: error })
  }
}

/** Asking when nobody can answer would wait for ever, or take what is in a pipe for a yes. */
const guarded = (prompt: Prompt, interactive: () => boolean): Prompt => {
  const check = async (message: string, hint: string): Promise<void> => {
    if (interactive()) return
    throw new MeanderError(
      'USAGE',
      `Nobody can be asked “${message}”: there is no terminal, or --no-input was given.`,
      { hint },
    )
  }
  const go = 'Give --yes to go ahead without being asked.'
  const give = 'Give the answer as an option, see --help.'
  return {
    confirm: (message) => check(message, go).then(() => prompt.confirm(message)),
    text: (message, options) => check(message, give).then(() => prompt.text(message, options)),
    password: (message) =>
      check(message, 'Give the password in the environment, or by passwordCommand in a profile.').then(() =>
        prompt.password(message),
      ),
    typed: (message, expected) => check(message, go).then(() => prompt.typed(message, expected)),
    select: (message, choices) => check(message, give).then(() => prompt.select(message, choices)),
    checkbox: (message, choices) => check(message, give).then(() => prompt.checkbox(message, choices)),
    search: (message, find) => check(message, give).then(() => prompt.search(message, find)),
  }
}
