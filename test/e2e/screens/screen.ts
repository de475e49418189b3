import { Terminal } from '@xterm/headless'
import { expect } from 'vitest'
import { type Keys, type PtyResult, runInPty } from '../../support/pty.ts'
import { bin, cleanEnvironment } from '../meanderctl.ts'
import type { World } from './world.ts'

/** What a terminal shows after these bytes: every line, those that have scrolled away too. */
const linesOf = async (bytes: string, columns: number): Promise<string[]> => {
  const terminal = new Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true })
  try {
    await new Promise<void>((resolve) => terminal.write(bytes, resolve))
    const { active } = terminal.buffer
    const lines = Array.from({ length: active.length }, (_, row) =>
      (active.getLine(row)?.translateToString(true) ?? '').trimEnd(),
    )
    while (lines.at(-1) === '') lines.pop()
    return lines
  } finally {
    terminal.dispose()
  }
}

/** Higher than every screen. */
const rows = 200

/** How a person may have set the terminal up. */
export const modes = {
  colour: {},
  'no colour': { NO_COLOR: '1' },
  dumb: { TERM: 'dumb' },
  accessible: { MEANDERCTL_ACCESSIBLE: '1' },
} as const
export type Mode = keyof typeof modes

export interface Scene {
  readonly login: string
  readonly argv: string
  readonly columns: number
  readonly mode?: Mode
  /** What is typed, and after what; `\r` is Enter. */
  readonly keys?: readonly Keys[]
  /** Of the profile that names the database, instead of the environment. */
  readonly profile?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Shown {
  readonly ran: PtyResult
  /** The screen at the end; in a conversation also as it was before each key, with what was typed. */
  readonly text: string
}

const esc = String.fromCharCode(27)
/** Whatever is no colour: movements of the cursor, erasing, modes. */
const moves = new RegExp(`${esc}(?!\\[[\\d;]*m)`)
const drawing = /[─-╿▀-▟]/

const typed = (text: string): string =>
  text.replaceAll(`${esc}[B`, '↓').replaceAll('\r', '⏎').replaceAll('\u0003', '^C').replaceAll(' ', '␣')

/** Runs the built tool in a real terminal, and holds what has to be true of every screen. */
export const show = async (
  world: World,
  { login, argv, columns, mode = 'colour', keys = [], profile, env = {} }: Scene,
): Promise<Shown> => {
  const ran = await runInPty(`'${process.execPath}' '${bin}' ${argv}`, {
    columns,
    rows,
    input: keys,
    env: cleanEnvironment({ PAGER: 'cat', ...world.env(login, profile), ...env, ...modes[mode] }),
  })
  const { raw } = ran
  if (mode === 'no colour' || mode === 'dumb') expect(raw).not.toMatch(new RegExp(`${esc}\\[[\\d;]*m`))
  if (mode === 'dumb' || mode === 'accessible') expect(raw).not.toMatch(moves)
  if (mode === 'accessible') expect(raw).not.toMatch(drawing)
  // The cursor is seen again, and lines wrap.
  expect(raw.lastIndexOf(`${esc}[?25l`)).toBeLessThanOrEqual(raw.lastIndexOf(`${esc}[?25h`))

  const lines: string[] = [`$ meanderctl ${argv}`]
  for (const [at, bytes] of [...ran.before, raw].entries()) {
    lines.push(...(await linesOf(world.settled(bytes), columns)))
    const key = keys[at]
    lines.push(key ? `---- types ${typed(key.type)}` : `---- exit ${ran.exitCode}`)
  }
  return { ran, text: `${lines.join('\n')}\n` }
}
