import { appendFileSync } from 'node:fs'
import { expect } from 'vitest'

export interface Subject {
  readonly name: string
  /** The highest ratio to the first subject that is good enough; nothing is promised where it is left out. */
  readonly target?: number
  /** The share of the others' work that `run` does, where all of it would take too long; its times are scaled up. */
  readonly share?: number
  /** What has to be there before each run, and what has to be true after it; not measured. */
  prepare?(): unknown
  check?(): unknown
  run(): unknown
}

export interface Measured {
  readonly name: string
  readonly median: number
  readonly min: number
  readonly max: number
  /** Of the medians, to the first subject. */
  readonly ratio: number
  readonly target: number | null
}

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return ((sorted[half] ?? Number.NaN) + (sorted[sorted.length - 1 - half] ?? Number.NaN)) / 2
}

/**
 * Runs the subjects in turn, round after round, so that a machine that grows slow is slow for all of them, and
 * prints medians in milliseconds and their ratio to the first. With MEANDERCTL_BENCH_JSON=FILE each comparison
 * is appended there too, one JSON line each.
 */
export const compare = async (
  title: string,
  subjects: readonly [Subject, ...Subject[]],
  { rounds = 21, warmUp = 2 }: { rounds?: number; warmUp?: number } = {},
): Promise<readonly Measured[]> => {
  const times = subjects.map((): number[] => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      await subject.prepare?.()
      const start = performance.now()
      await subject.run()
      if (round >= 0) times[index]?.push((performance.now() - start) / (subject.share ?? 1))
      await subject.check?.()
    }
  }
  const baseline = median(times[0] ?? [])
  const measured = subjects.map(({ name, target = null }, index): Measured => {
    const all = times[index] ?? []
    const middle = median(all)
    return {
      name,
      median: middle,
      min: Math.min(...all),
      max: Math.max(...all),
      ratio: middle / baseline,
      target,
    }
  })
  print(`${title}: ${rounds} rounds`, measured)
  const file = process.env.MEANDERCTL_BENCH_JSON
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ title, rounds, measured })}\n`)
  return measured
}

/** Fails for every subject that is slower than its target. */
export const expectTargets = (measured: readonly Measured[]): void => {
  const late = measured.filter(({ ratio, target }) => target !== null && !(ratio <= target))
  expect(late).toEqual([])
}

const print = (title: string, measured: readonly Measured[]): void => {
  const rows = [
    ['', 'median ms', 'min', 'max', 'ratio', 'target'],
    ...measured.map(({ name, median: middle, min, max, ratio, target }) => [
      name,
      ...[middle, min, max].map((ms) => ms.toFixed(1)),
      ratio.toFixed(2),
      target === null ? '' : `<= ${target}`,
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  process.stdout.write(`\n${title}\n${rows.map(line).join('\n')}\n`)
}
