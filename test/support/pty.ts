import { StringDecoder } from 'node:string_decoder'
import { execa } from 'execa'

export interface Keys {
  /** Text on the screen that is waited for, after what was seen before. */
  readonly waitFor: string
  readonly type: string
}

export interface PtyOptions {
  readonly columns?: number
  readonly rows?: number
  readonly env?: Readonly<Record<string, string>>
  readonly input?: readonly Keys[]
  readonly cwd?: string
}

export interface PtyResult {
  readonly exitCode: number | undefined
  /** Every byte that came out, cursor movements and colours included. */
  readonly raw: string
  /** What stands on the screen at the end, lines that scrolled away included. */
  readonly screen: string
  /** `raw` as it was when each of the inputs was typed. */
  readonly before: readonly string[]
}

/** How long a text may take to come. */
const patience = 20_000

/** A shell command in a real terminal, through util-linux's `script`, so that no native module is needed. */
export const runInPty = async (
  command: string,
  { columns = 80, rows = 24, env = {}, input = [], cwd }: PtyOptions = {},
): Promise<PtyResult> => {
  // Ctrl-C is for the command; the shell around it waits, as a person's own would.
  const sized = `trap : INT; stty cols ${columns} rows ${rows}; ${command}`
  const child = execa(
    'script',
    ['--quiet', '--return', '--echo', 'always', '--command', sized, '/dev/null'],
    {
      // The shell that runs the command is $SHELL; a person's own would print a prompt of its own. And a person's
      // terminal is no CI job's, where libraries leave colour out.
      env: { SHELL: '/bin/sh', TERM: 'xterm-256color', CI: undefined, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdin: 'pipe',
      reject: false,
      timeout: 60_000,
      stripFinalNewline: false,
    },
  )
  let raw = ''
  let heard = 0
  const decoder = new StringDecoder()
  child.stdout.on('data', (chunk: Buffer) => {
    raw += decoder.write(chunk)
    heard = performance.now()
  })
  let seen = 0
  let ended = false
  const before: string[] = []
  void child.finally(() => {
    ended = true
  })
  for (const { waitFor, type } of input) {
    const deadline = Date.now() + patience
    while (!raw.includes(waitFor, seen)) {
      if (ended || Date.now() > deadline) {
        child.kill()
        throw new Error(`“${waitFor}” did not come; the terminal showed:\n${screenOf(raw)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    seen = raw.indexOf(waitFor, seen) + waitFor.length
    // A prompt throws away what was typed before it was drawn.
    do await new Promise((resolve) => setTimeout(resolve, 50))
    while (performance.now() - heard < 40)
    before.push(raw)
    child.stdin.write(type)
  }
  const { exitCode } = await child
  return { exitCode, raw, screen: screenOf(raw), before }
}

const esc = String.fromCharCode(27)
const bell = String.fromCharCode(7)
const token = new RegExp(
  `${esc}\\[([0-9;?]*)([A-Za-z])|${esc}\\][^${bell}]*${bell}|${esc}[=>]|\\r|\\n|\\x08|[^${esc}]`,
  'gu',
)

/** The little of a terminal that prompts, spinners and pagers use: cursor movements and erasing. */
const screenOf = (raw: string): string => {
  const lines: string[][] = [[]]
  let row = 0
  let column = 0
  const at = (index: number): string[] => {
    while (lines.length <= index) lines.push([])
    return lines[index] ?? []
  }
  const control: Record<string, (amount: number, given: string) => void> = {
    A: (amount) => {
      row = Math.max(0, row - amount)
    },
    B: (amount) => {
      row += amount
    },
    C: (amount) => {
      column += amount
    },
    D: (amount) => {
      column = Math.max(0, column - amount)
    },
    G: (amount) => {
      column = amount - 1
    },
    J: () => {
      at(row).splice(column)
      lines.splice(row + 1)
    },
    K: (_, given) => {
      if (given === '2') at(row).splice(0)
      else if (given === '1') at(row).fill(' ', 0, column + 1)
      else at(row).splice(column)
    },
  }
  for (const [char, given = '', name] of raw.matchAll(token)) {
    if (name !== undefined) control[name]?.(Number(given) || 1, given)
    else if (char === '\r') column = 0
    else if (char === '\n') row += 1
    else if (char === '\b') column = Math.max(0, column - 1)
    else if (!char.startsWith(esc)) {
      const line = at(row)
      while (line.length < column) line.push(' ')
      line[column] = char
      column += 1
    }
  }
  return lines
    .map((line) => line.join('').trimEnd())
    .join('\n')
    .trimEnd()
}
