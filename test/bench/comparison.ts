import type { Stage } from './data/stage.ts'
import type { Figure, Series, Subject } from './measure.ts'

/** What a comparison is handed: the servers with their data, and a way to measure that is also told on the way. */
export interface Bench extends Stage {
  /** `rounds` at most as many as the option says; `warmUp` with it. */
  turns<S extends readonly Subject[]>(
    subjects: S,
    options: { rounds: number; warmUp?: number },
  ): Promise<{ [K in keyof S]: Series }>
  say(text: string): void
}

/** Things that are measured together, on the same data in the same run. */
export interface Comparison {
  readonly name: string
  /** For --help. */
  readonly about: string
  run(bench: Bench): Promise<Figure[]>
}
