import type { Chunks } from './output.ts'

/** What commands may do with the person, or the pipe, at the other end. stdout is the answer, stderr the conversation. */

/** Something that can be chosen: a line of its own, and what stands for it once it is chosen. */
export interface Choice<T> {
  readonly name: string
  /** `name` when left out. */
  readonly short?: string
  readonly value: T
}

export interface Prompt {
  /** Yes or no; the default is no. @throws MeanderError DECLINED on Ctrl-C. */
  confirm(message: string): Promise<boolean>
  /** Free text. */
  text(message: string, options?: { validate?(value: string): true | string }): Promise<string>
  /** Not shown while typed. */
  password(message: string): Promise<string>
  /** The person types `expected` exactly, as `message` says; anything else is a no. */
  typed(message: string, expected: string): Promise<boolean>
  /** One of several. */
  select<T>(message: string, choices: readonly Choice<T>[]): Promise<T>
  /** Several of several, one at least. */
  checkbox<T>(message: string, choices: readonly Choice<T>[]): Promise<T[]>
  /** One of many, found while one types: `find` gets what was typed so far, nothing at first; what it throws ends the question. */
  search<T>(message: string, find: (typed: string) => Promise<readonly Choice<T>[]>): Promise<T>
}

export interface Progress {
  update(done: number, text?: string): void
  /** Leaves `text` as the last line (nothing when left out). */
  stop(text?: string): void
}

/** The sanitiser and the colours, handed to the painters. */
export interface Style {
  clean(text: string): string
  cleanJson(json: string): string
  cleanCsvCell(text: string): string
  tone(tone: 'good' | 'warn' | 'bad' | 'dim' | 'plain', text: string): string
}

/** The whole screen, drawn anew each time; what stood there comes back when it is closed. */
export interface Screen {
  readonly rows: number
  /** Cleaned lines, from the top; what is too long or too much is cut. */
  draw(lines: readonly string[]): void
  close(): void
}

export interface Terminal {
  /**
   * stdin and stderr are terminals, and no `--no-input`. From the call of `readStdin` on, the controlling
   * terminal stands for stdin: so a command with `--from -` calls that first, and then looks here.
   */
  readonly interactive: boolean
  /** stdout is a terminal: tables, relative times, colour. */
  readonly decorated: boolean
  /** Columns of stdout, 80 when unknown. */
  readonly width: number
  readonly accessible: boolean
  /** For the painters; coloured when stdout is to be. */
  style(): Promise<Style>
  /** One line on stderr, cleaned; not with `--quiet`. */
  note(text: string): void
  /** One line on stderr, cleaned; also with `--quiet`: what the person must know. */
  warn(text: string): void
  /** The answer, on stdout, as it is: the painters have cleaned it. Resolves when it is written; a closed pipe ends quietly, a full disk throws. */
  write(chunks: Chunks, options?: { pager?: boolean }): Promise<void>
  /** Whoever read stdout has left: a write found nobody. What has no end ends here. */
  readonly unread: boolean
  readonly prompt: Prompt
  /** A spinner or bar on stderr after 300 ms; lines when accessible; nothing in a pipe or with `--quiet`. */
  progress(label: string, total?: number): Progress
  /** Everything that stdin holds, as bytes; the prompt is then asked on the controlling terminal. */
  readStdin(): AsyncIterable<Uint8Array>
  /** The screen to draw on; null where nothing may be redrawn: in a pipe, for a screen reader, with a dumb terminal. */
  screen(): Screen | null
}
