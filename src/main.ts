import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { createContext, type OwnedContext, processSurroundings, type Surroundings } from './context.ts'
import { type ErrorCode, exitCodeOf, exitCodes, MeanderError } from './errors.ts'
import { clean, cleanJson } from './terminal/sanitise.ts'
import { unwritten } from './terminal/unwritten.ts'
import { usualWidth, wrapped } from './terminal/wrap.ts'
import { versionAnswer } from './version.ts'

/** What the scripts of shells call while somebody types: no command of its own, and in no help. */
const completing = '__complete'

/** A shell keeps nobody waiting longer than 300 ms; the rest is for its own work, and for the end of this process. */
const hurryMs = 260
/** What there is in any case: where node took all of that to begin, nobody would ever be told anything. */
const leastMs = 100

/** How long an interrupted command may take to say what is done. */
const graceMs = 4000

/** argv in, exit code out: the only place where a failure becomes words and a number. */
export const main = async (argv: readonly string[], surroundings?: Surroundings): Promise<number> => {
  const around = surroundings ?? processSurroundings()
  const known = knownAnswer(argv, around)
  if (known !== null) {
    try {
      await write(around.streams.stdout, known)
      return exitCodes.OK
    } catch (error) {
      const failure = asMeanderError(error)
      await say(failure, failure.code, argv, around)
      return failure.exitCode
    }
  }
  if (argv[0] === completing) return complete(argv.slice(1), around)
  const context = createContext(around, argv)
  const signals = surroundings ? null : listen(context)
  try {
    await Promise.race([run(argv, context, around), ...(signals ? [signals.tooLate] : [])])
    return exitCodeOf(context.ended)
  } catch (error) {
    const failure = asMeanderError(error)
    const code =
      signals?.received === 'SIGTERM' && failure.code === 'INTERRUPTED' ? 'TERMINATED' : failure.code
    await say(failure, code, argv, around)
    return exitCodeOf([code, ...context.ended])
  } finally {
    await context.close()
    // Not before: whoever interrupts what is over already must not take its exit code away.
    signals?.stop()
  }
}

/** In time, and silent whatever happens: what is not known by then, the person types. */
const complete = async ([shell = '', ...given]: readonly string[], around: Surroundings): Promise<number> => {
  const left = around.hurryMs ?? Math.max(leastMs, hurryMs - performance.now())
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, left, '')
  })
  const streams = { ...around.streams, stderr: new PassThrough() }
  const context = createContext({ ...around, streams, hurryMs: left }, [])
  try {
    const { completionOf } = await import('./program.ts')
    await write(around.streams.stdout, await Promise.race([completionOf(shell, given, context), late]))
  } catch {
    // Nobody asked for anything, so there is nobody to tell.
  }
  await Promise.race([context.close(), late])
  clearTimeout(timer)
  return exitCodes.OK
}

/** The answers that need no command tree, which takes as long to read as node to start; null for all others. */
const knownAnswer = (argv: readonly string[], { streams, env }: Surroundings): string | null => {
  const [word = '', ...more] = argv.filter(
    (one) => !/^(-o|--output=)?(table|json)$|^(-o|--output)$/.test(one),
  )
  if (more.length > 0) return null
  if (['--version', '-V'].includes(word)) return versionAnswer(wantsJson(argv, env))
  return argv.length === 1 && ['--help', '-h'].includes(word) && (streams.stdout.columns ?? 80) === 80
    ? preparedHelp()
    : null
}

/** `--help` for 80 columns, as the build wrote it down; null in the source tree. */
const preparedHelp = (): string | null => {
  try {
    return readFileSync(new URL('./help.txt', import.meta.url), 'utf8')
  } catch {
    return null
  }
}

const run = async (argv: readonly string[], context: OwnedContext, around: Surroundings): Promise<void> => {
  const { createProgram, helpOf, isCommanderError, misuseOf, withNearOrganization } = await import(
    './program.ts'
  )
  const out: string[] = []
  const program = await createProgram(argv, context, (text) => out.push(text))
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!isCommanderError(error)) throw await withNearOrganization(error, program, argv, context)
    const help = helpOf(error)
    if (help === 'misuse') throw await misuseOf(error, program, argv)
    if (help === 'missing verb') context.end('USAGE')
  }
  if (out.length > 0) await write(around.streams.stdout, out.join(''))
}

/** Whoever reads may stop reading, as `| head` does: that is no failure. */
const write = (stream: NodeJS.WritableStream, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (error?: (Error & { code?: string }) | null) =>
      error && error.code !== 'EPIPE' ? reject(unwritten(error)) : resolve()
    stream.once('error', end)
    stream.write(text, (error) => {
      end(error)
      // After a failed write comes the event, which nobody else would take.
      if (!error) stream.off('error', end)
    })
  })

const asMeanderError = (error: unknown): MeanderError =>
  error instanceof MeanderError
    ? error
    : new MeanderError('FAILED', `Unexpected: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })

/** What happened, why, and the command that fixes it: three lines at most, or one line of JSON. */
const say = async (
  failure: MeanderError,
  ...how: [ErrorCode, readonly string[], Surroundings]
): Promise<void> =>
  // Where nobody can be told, the exit code still tells.
  tell(failure, ...how).catch(() => {})

const tell = async (
  failure: MeanderError,
  code: ErrorCode,
  argv: readonly string[],
  { streams, env }: Surroundings,
): Promise<void> => {
  const { message, hint, details } = failure
  if (wantsJson(argv, env)) {
    const error = { code, exitCode: exitCodes[code], message, hint: hint ?? null, details }
    await write(streams.stderr, `${cleanJson(JSON.stringify({ error }))}\n`)
  } else {
    const lines = [`meanderctl: ${message}`]
    if (details.length > 0) lines.push(details.map(brief).join('; '))
    if (hint) lines.push(hint)
    const { isTTY, columns } = streams.stderr
    const cleaned = lines.map(clean)
    const shown = isTTY ? cleaned.flatMap((line) => wrapped(line, columns || usualWidth)) : cleaned
    await write(streams.stderr, `${shown.join('\n')}\n`)
  }
  if (argv.includes('--debug')) await write(streams.stderr, `${traceOf(failure)}\n`)
}

const brief = (detail: unknown): string =>
  typeof detail === 'object' && detail !== null ? Object.values(detail).join('  ') : String(detail)

/** A usage error comes before the settings are read, so the raw words decide how it is said. */
const wantsJson = (argv: readonly string[], env: Surroundings['env']): boolean => {
  const at = argv.findIndex((word) => word === '-o' || word === '--output')
  const named =
    at >= 0 ? argv[at + 1] : argv.map((word) => /^(?:-o|--output=)(.+)$/.exec(word)?.[1]).find(Boolean)
  return ['json', 'ndjson'].includes(named ?? env.MEANDERCTL_OUTPUT ?? '')
}

/** Stack and causes, without the values that a driver may have put on its errors. */
const traceOf = (error: unknown): string => {
  const lines: string[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) lines.push(at.stack ?? at.message)
  return lines.join('\ncaused by ').split('\n').map(clean).join('\n')
}

/** Ctrl-C and SIGTERM ask the command to stop; one that does not within the grace is left behind. */
const listen = (context: OwnedContext) => {
  let received: NodeJS.Signals | null = null
  let giveUp: (reason: unknown) => void = () => {}
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  tooLate.catch(() => {})
  const onSignal = (signal: NodeJS.Signals) => {
    received = signal
    timer ??= setTimeout(() => giveUp(context.signal.reason), graceMs)
    void context.interrupt()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  return {
    tooLate,
    get received() {
      return received
    },
    stop() {
      clearTimeout(timer)
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    },
  }
}
