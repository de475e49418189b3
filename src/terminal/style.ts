import { clean, cleanCsvCell, cleanJson } from './sanitise.ts'
import type { Style } from './terminal.ts'

/**
 * From the 256 fixed colours, because a theme may turn the first 16 into anything: each of these has a
 * contrast of 4 or more on white and on black.
 */
export const palette = { good: 28, warn: 130, bad: 161, dim: 243 } as const

/** The sanitiser, and colour when `colour`. */
export const createStyle = async (colour: boolean): Promise<Style> => {
  if (!colour) return { clean, cleanJson, cleanCsvCell, tone: (_, text) => text }
  const { Chalk } = await import('chalk')
  // Chalk would look at the environment by itself; what holds was decided before.
  const chalk = new Chalk({ level: 2 })
  return {
    clean,
    cleanJson,
    cleanCsvCell,
    tone: (tone, text) => (tone === 'plain' ? text : chalk.ansi256(palette[tone])(text)),
  }
}
