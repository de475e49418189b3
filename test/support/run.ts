import { PassThrough, Readable, Writable } from 'node:stream'
import { main } from '../../src/main.ts'
import { holdAnswer } from './answers.ts'
import { password } from './as-login.ts'
import type { PostgresServer } from './postgres.ts'

/** What the person does at a question: types a line, does something first and then types one, or presses Ctrl-C. */
export type Answer = string | (() => Promise<string>) | typeof ctrlC

export const ctrlC = Symbol('Ctrl-C')

export interface RunOptions {
  /** The Redis of this login; left out, it has none. */
  readonly redis?: string | undefined
  /** What comes in through the pipe. */
  readonly stdin?: string | Uint8Array
  /** A person sits there and answers these questions, one after the other; then comes Ctrl-D. */
  readonly terminal?: readonly Answer[]
  /** On top of what names the database; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The clock of the operator's machine. */
  readonly now?: () => Date
  /** What there is of time for `__complete`. */
  readonly hurryMs?: number
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** stdout of `-o json`. */
  json<T = Record<string, never>>(): T
  /** What `-o json` says on stderr of a failure. */
  error(): {
    readonly code: string
    readonly exitCode: number
    readonly message: string
    readonly hint: string | null
    readonly details: readonly unknown[]
  }
}

/** Runs the whole tool in this process: argv in, exit code and both streams out. */
export const run = (
  server: PostgresServer,
  database: string,
  login: string,
  argv: readonly string[],
  { redis, env, ...options }: RunOptions = {},
): Promise<Ran> =>
  runAlone(argv, {
    ...options,
    env: { DATABASE_URL: server.url(login, database, password), REDIS_URL: redis, ...env },
  })

/** The same where nothing names a database. */
export const runAlone = async (
  argv: readonly string[],
  { stdin = '', terminal, env, now, hurryMs }: Omit<RunOptions, 'redis'> = {},
): Promise<Ran> => {
  const person = terminal !== undefined
  const typed = new PassThrough()
  const answers = [...(terminal ?? [])]
  const failures: unknown[] = []
  const answer = async () => {
    const next = answers.shift()
    if (next === ctrlC) process.emit('SIGINT', 'SIGINT')
    else if (next === undefined) typed.end()
    else {
      const line = `${typeof next === 'string' ? next : await next()}\n`
      // A terminal shows what one types.
      stderr.stream.write(line)
      typed.write(line)
    }
  }
  const stdout = recorder(person)
  // A question is what leaves the cursor behind it; its reader is there a moment later.
  const stderr = recorder(person, (text) => {
    if (!person || !text.endsWith(' ')) return
    setImmediate(() =>
      answer().catch((error) => {
        failures.push(error)
        typed.end()
      }),
    )
  })
  const code = await main(argv, {
    streams: {
      stdin: person ? Object.assign(typed, { isTTY: true }) : Readable.from([Buffer.from(stdin)]),
      stdout: stdout.stream,
      stderr: stderr.stream,
    },
    env: {
      HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent',
      XDG_DATA_HOME: '/nonexistent',
      // Whole lines: what is redrawn while one types belongs to the tests with a real terminal.
      MEANDERCTL_ACCESSIBLE: person ? '1' : undefined,
      NO_COLOR: '1',
      ...env,
    },
    ...(now && { now }),
    ...(hurryMs && { hurryMs }),
  })
  if (failures.length > 0) throw failures[0]
  holdAnswer(argv, { code, stdout: stdout.text(), stderr: stderr.text() }, env?.MEANDERCTL_OUTPUT)
  const lastLine = () => stderr.text().trimEnd().split('\n').at(-1) ?? ''
  return {
    code,
    stdout: stdout.text(),
    stderr: stderr.text(),
    json: <T>() => JSON.parse(stdout.text()) as T,
    error: () => JSON.parse(lastLine()).error,
  }
}

const recorder = (isTTY: boolean, heard: (text: string) => void = () => {}) => {
  const chunks: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _, done) {
      chunks.push(chunk.toString())
      heard(chunk.toString())
      done()
    },
  })
  return { stream: Object.assign(stream, { isTTY, columns: 200 }), text: () => chunks.join('') }
}
