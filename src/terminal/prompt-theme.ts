import { createPaint } from './style.ts'

export type PromptTheme = Awaited<ReturnType<typeof promptTheme>>

/**
 * How questions look. The library's own theme takes the terminal's first 16 colours, of which cyan and yellow vanish
 * on white, ignores `--color never`, and tells what is ticked by the shape of a circle.
 */
export const promptTheme = async (colour: boolean) => {
  const { tone, strong } = await createPaint(colour)
  const accent = (text: string) => tone('accent', text)
  const dim = (text: string) => tone('dim', text)
  return {
    prefix: { idle: accent('?'), done: tone('good', '✔') },
    spinner: { interval: 80, frames: ['|', '/', '-', '\\'] },
    icon: { cursor: '>', checked: '[x]', unchecked: '[ ]' },
    style: {
      answer: accent,
      message: strong,
      error: (text: string) => tone('bad', `> ${text}`),
      defaultAnswer: (text: string) => dim(`(${text})`),
      help: dim,
      highlight: accent,
      searchTerm: accent,
      description: dim,
      key: (text: string) => accent(`<${text}>`),
      confirmDefault: (text: string) => text.toUpperCase(),
      keysHelpTip: (keys: readonly [key: string, action: string][]) =>
        dim(keys.map(([key, action]) => `${key} ${action}`).join(', ')),
    },
  }
}
