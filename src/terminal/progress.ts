import type { Writable } from 'node:stream'
import type { Ora } from 'ora'
import { clean } from './sanitise.ts'
import type { Progress } from './terminal.ts'

/** What ends sooner needs no spinner. */
const patience = 300
/** How often a screen reader is told. */
const lineEvery = 10_000

const count = (number: number): string => Math.round(number).toLocaleString('en-US')

const duration = (seconds: number): string => {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`
}

/** `Ending sessions: 300 of 1,200 (25 %), 100 a second, 9 s left`. */
export const describeProgress = (
  label: string,
  {
    done,
    total,
    seconds,
    text,
  }: { done: number; total?: number | undefined; seconds: number; text?: string | undefined },
): string => {
  const rate = seconds > 0 ? done / seconds : 0
  const parts = [
    total === undefined
      ? done > 0 && count(done)
      : `${count(done)} of ${count(total)}${total > 0 ? ` (${Math.floor((done / total) * 100)} %)` : ''}`,
    rate > 0 && `${rate < 10 ? rate.toFixed(1) : count(rate)} a second`,
    rate > 0 && total !== undefined && done < total && `${duration((total - done) / rate)} left`,
    text,
  ].filter((part) => typeof part === 'string')
  return clean(parts.length > 0 ? `${label}: ${parts.join(', ')}` : label)
}

/** Tells on `stderr` how far a slow act is, once it has shown itself to be slow. */
export const startProgress = (
  { stderr, how, say }: { stderr: Writable; how: 'spinner' | 'lines' | 'silent'; say(line: string): void },
  label: string,
  total?: number,
): Progress => {
  if (how === 'silent') return { update() {}, stop() {} }
  const started = performance.now()
  let done = 0
  let text: string | undefined
  let spinner: Ora | undefined
  let stopped = false
  let lines: NodeJS.Timeout | undefined
  const described = () =>
    describeProgress(label, { done, total, seconds: (performance.now() - started) / 1000, text })

  const begin = async (): Promise<void> => {
    if (how === 'lines') {
      say(described())
      lines = setInterval(() => say(described()), lineEvery).unref()
      return
    }
    const { default: ora } = await import('ora')
    if (stopped) return
    // Left to itself, ora puts stdin into raw mode and decides by the environment whether to draw.
    spinner = ora({ stream: stderr, text: described(), color: false, isEnabled: true, discardStdin: false })
    spinner.start()
  }
  const timer = setTimeout(() => void begin(), patience).unref()

  return {
    update(nowDone, nowText) {
      done = nowDone
      text = nowText
      if (spinner !== undefined) spinner.text = described()
    },
    stop(last) {
      if (stopped) return
      stopped = true
      clearTimeout(timer)
      clearInterval(lines)
      spinner?.stop()
      if (last !== undefined) say(last)
    },
  }
}
