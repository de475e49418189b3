import type { Readable, Writable } from 'node:stream'
import { MeanderError } from '../errors.ts'
import { clean } from './sanitise.ts'
import type { Prompt } from './terminal.ts'

/** Where a question is asked and what ends it. */
export interface Ask {
  /** Runs `body` with the stream that the answer is typed into. */
  withInput<T>(body: (input: Readable) => Promise<T>): Promise<T>
  readonly output: Writable
  readonly colour: boolean
  /** Aborted when the whole command is to end; the reason is thrown. */
  readonly signal: AbortSignal | undefined
}

/** What Ctrl-C and Ctrl-D at a question come to. */
export const declined = (): MeanderError =>
  new MeanderError('DECLINED', 'Left unanswered: nothing was changed.')

const same = (text: string): string => text

/** The prompts' own colours ignore `--color never`. */
const colourless = {
  prefix: { idle: '?', done: '✔' },
  style: {
    answer: same,
    message: same,
    error: (text: string) => `> ${text}`,
    defaultAnswer: (text: string) => `(${text})`,
    help: same,
    highlight: same,
    key: (text: string) => `<${text}>`,
    confirmDefault: (text: string) => text.toUpperCase(),
    keysHelpTip: (keys: readonly [key: string, action: string][]) =>
      keys.map(([key, action]) => `${key} ${action}`).join(', '),
  },
}

/** Questions that redraw their line while one types. */
export const createPrompts = (ask: Ask): Prompt => {
  type Library = typeof import('@inquirer/prompts')
  type Where = { input: Readable; output: Writable; signal: AbortSignal }

  const answer = <T>(question: (library: Library, where: Where) => Promise<T>): Promise<T> =>
    ask.withInput(async (input) => {
      const library = await import('@inquirer/prompts')
      const closed = new AbortController()
      // Ctrl-D closes the line without an answer, which the library would wait for for ever.
      const close = () => closed.abort()
      input.once('pause', close).once('end', close)
      const signal = ask.signal ? AbortSignal.any([ask.signal, closed.signal]) : closed.signal
      try {
        return await question(library, { input, output: ask.output, signal })
      } catch (error) {
        ask.signal?.throwIfAborted()
        if (error instanceof Error && /^(Exit|Abort|Cancel)PromptError$/.test(error.name)) throw declined()
        throw error
      } finally {
        input.off('pause', close).off('end', close)
      }
    })
  const config = (message: string) => ({
    message: clean(message),
    ...(ask.colour ? {} : { theme: colourless }),
  })

  return {
    confirm: (message) =>
      answer(({ confirm }, where) => confirm({ ...config(message), default: false }, where)),
    text: (message, { validate } = {}) =>
      answer(({ input }, where) => input({ ...config(message), ...(validate && { validate }) }, where)),
    password: (message) =>
      answer(({ password }, where) => password({ ...config(message), toggleMask: false }, where)),
    typed: async (message, expected) =>
      (await answer(({ input }, where) => input(config(message), where))) === expected,
    select: (message, choices) =>
      answer(({ select }, where) =>
        select(
          {
            ...config(message),
            choices: choices.map(({ name }, value) => ({ name: clean(name), value })),
          },
          where,
        ),
      ).then((at) => pick(choices, at)),
  }
}

/** The value of the choice at `at`. */
export const pick = <T>(choices: readonly { value: T }[], at: number): T => {
  const choice = choices[at]
  if (choice === undefined) throw new RangeError(`no choice ${at}`)
  return choice.value
}
