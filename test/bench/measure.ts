/** One of several things that are measured in turn. */
export interface Subject {
  readonly name: string
  /** The share of the others' work that `run` does, where all of it would take too long; its times are scaled up. */
  readonly share?: number
  /** What has to be there before each run, and what has to be true after it; not measured. */
  prepare?(): unknown
  check?(): unknown
  run(): unknown
}

/** How long a subject took, round by round, in milliseconds. */
export interface Series {
  readonly name: string
  readonly times: readonly number[]
}

/** One line of the table. */
export interface Figure {
  readonly what: string
  /** `x`: a ratio. */
  readonly unit: 'x' | 's' | 'ms' | 'MB'
  /** Nothing is promised where it is null. */
  readonly target: Target | null
  readonly median: number
  readonly min: number
  readonly max: number
  readonly met: boolean | null
}

export type Target = { readonly atMost: number } | { readonly atLeast: number }

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return ((sorted[half] ?? Number.NaN) + (sorted[sorted.length - 1 - half] ?? Number.NaN)) / 2
}

/**
 * Runs the subjects in turn, round after round, each round beginning with another one: a machine that grows slow is
 * slow for all of them, and none always finds what another one has warmed.
 */
export const takeTurns = async <S extends readonly Subject[]>(
  subjects: S,
  { rounds, warmUp = 0 }: { rounds: number; warmUp?: number },
): Promise<{ [K in keyof S]: Series }> => {
  const times = subjects.map((): number[] => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (let turn = 0; turn < subjects.length; turn++) {
      const index = (turn + round + warmUp) % subjects.length
      const subject = subjects[index] as Subject
      await subject.prepare?.()
      const start = performance.now()
      await subject.run()
      if (round >= 0) times[index]?.push((performance.now() - start) / (subject.share ?? 1))
      await subject.check?.()
    }
  }
  const series = subjects.map(({ name }, index): Series => ({ name, times: times[index] ?? [] }))
  return series as { [K in keyof S]: Series }
}

/** Of these numbers, one a round. */
export const figure = (
  what: string,
  unit: Figure['unit'],
  numbers: readonly number[],
  target: Target | null = null,
  middle = median(numbers),
): Figure => ({
  what,
  unit,
  target,
  median: middle,
  min: Math.min(...numbers),
  max: Math.max(...numbers),
  met: target && ('atMost' in target ? middle <= target.atMost : middle >= target.atLeast),
})

/** How many times as long `one` took as `other`: the ratio of the medians, and of every round the lowest and highest. */
export const ratio = (what: string, one: Series, other: Series, target: Target | null = null): Figure =>
  figure(
    what,
    'x',
    one.times.map((time, round) => time / (other.times[round] ?? Number.NaN)),
    target,
    median(one.times) / median(other.times),
  )
