import { PassThrough, Readable } from 'node:stream'
import { createTerminal, type TerminalOptions } from '../../src/terminal/create-terminal.ts'
import type { Prompt, Terminal } from '../../src/terminal/terminal.ts'

export interface FakeTerminalOptions {
  /** A person sits there: stdin, stdout and stderr are terminals. */
  readonly person?: boolean
  /** Only stdout is a terminal, or is not. */
  readonly decorated?: boolean
  readonly width?: number
  readonly color?: TerminalOptions['color']
  readonly quiet?: boolean
  readonly accessible?: boolean
  readonly input?: boolean
  /** What comes in through the pipe. */
  readonly stdin?: string | Uint8Array
  /** What the person answers, one question after the other; an Error is thrown. */
  readonly answers?: readonly unknown[]
}

export interface FakeTerminal extends Terminal {
  /** Everything that was written to stdout so far. */
  readonly out: string
  /** Everything that was written to stderr so far. */
  readonly err: string
  /** The questions that were asked. */
  readonly asked: readonly string[]
}

/** The real terminal over streams in memory; a person's answers are given beforehand. */
export const fakeTerminal = (options: FakeTerminalOptions = {}): FakeTerminal => {
  const { person = false, decorated = person, width = 80, stdin = '' } = options
  const stdout = recorder(decorated, width)
  const stderr = recorder(person, width)
  const terminal = createTerminal({
    stdin: Object.assign(Readable.from([Buffer.from(stdin)]), { isTTY: person && stdin === '' }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    color: options.color ?? 'never',
    pager: null,
    input: options.input ?? true,
    quiet: options.quiet ?? false,
    accessible: options.accessible ?? false,
  })
  const { prompt, progress } = terminal
  const asked: string[] = []
  const answers = [...(options.answers ?? [])]
  // Typed by who asks: the test knows which question comes next.
  const answer = async <T>(message: string): Promise<T> => {
    asked.push(message)
    if (answers.length === 0) throw new Error(`no answer was scripted for “${message}”`)
    const next = answers.shift()
    if (next instanceof Error) throw next
    return next as T
  }
  const scripted: Prompt = {
    confirm: (message) => answer(message),
    text: (message) => answer(message),
    password: (message) => answer(message),
    typed: async (message, expected) => (await answer<string>(message)) === expected,
    select: (message) => answer(message),
    checkbox: (message) => answer(message),
    search: (message) => answer(message),
  }
  const own = {
    get interactive() {
      return person && (options.input ?? true)
    },
    get prompt() {
      return own.interactive ? scripted : prompt
    },
    // A spinner draws over what a recorder only appends.
    progress: (label: string, total?: number) =>
      person && !options.accessible
        ? { update() {}, stop: (text?: string) => text && terminal.note(text) }
        : progress(label, total),
    get out() {
      return stdout.text()
    },
    get err() {
      return stderr.text()
    },
    asked,
  }
  return Object.defineProperties(terminal, Object.getOwnPropertyDescriptors(own)) as FakeTerminal
}

const recorder = (isTTY: boolean, columns: number) => {
  const chunks: Buffer[] = []
  const stream = new PassThrough().on('data', (chunk: Buffer) => chunks.push(chunk))
  return {
    stream: Object.assign(stream, { isTTY, columns }),
    text: () => Buffer.concat(chunks).toString('utf8'),
  }
}
