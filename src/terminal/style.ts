import { clean, cleanCsvCell, cleanJson } from './sanitise.ts'
import type { Style } from './terminal.ts'

/**
 * From the 256 fixed colours, because a theme may turn the first 16 into anything: each of these has a
 * contrast of 4 or more on white and on black.
 */
export const palette = { good: 28, warn: 130, bad: 161, dim: 243, accent: 31 } as const

interface Paint {
  tone(tone: keyof typeof palette | 'plain', text: string): string
  strong(text: string): string
}

/** The colours, or none. */
export const createPaint = async (colour: boolean): Promise<Paint> => {
  if (!colour) return { tone: (_, text) => text, strong: (text) => text }
  const { Chalk } = await import('chalk')
  // Chalk would look at the environment by itself; what holds was decided before.
  const chalk = new Chalk({ level: 2 })
  return {
    tone: (tone, text) => (tone === 'plain' ? text : chalk.ansi256(palette[tone])(text)),
    // One argument: chalk joins all that it is given.
    strong: (text) => chalk.bold(text),
  }
}

/** The sanitiser, and colour when `colour`. */
export const createStyle = async (colour: boolean): Promise<Style> => {
  const { tone } = await createPaint(colour)
  return { clean, cleanJson, cleanCsvCell, tone }
}
