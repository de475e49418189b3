import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../errors.ts'
import type { PromptTheme } from './prompt-theme.ts'
import { clean } from './sanitise.ts'
import type { Choice, Prompt } from './terminal.ts'

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

/** Lines of a list that are seen at once. */
const pageSize = 10
/** How long the typing rests before it is searched for. */
const restMs = 150
/** Chosen things that are named once the list is closed; of more it says how many. */
const named = 5

/** Questions that redraw their line while one types. */
export const createPrompts = (ask: Ask): Prompt => {
  type Library = typeof import('@inquirer/prompts')
  type Where = { input: Readable; output: Writable; signal: AbortSignal }

  const answer = <T>(
    question: (library: Library, where: Where, theme: PromptTheme) => Promise<T>,
  ): Promise<T> =>
    ask.withInput(async (input) => {
      const [library, { promptTheme }] = await Promise.all([
        import('@inquirer/prompts'),
        import('./prompt-theme.ts'),
      ])
      const theme = await promptTheme(ask.colour)
      const closed = new AbortController()
      // Ctrl-D closes the line without an answer, which the library would wait for for ever.
      const close = () => closed.abort()
      input.once('pause', close).once('end', close)
      const signal = ask.signal ? AbortSignal.any([ask.signal, closed.signal]) : closed.signal
      try {
        return await question(library, { input, output: ask.output, signal }, theme)
      } catch (error) {
        ask.signal?.throwIfAborted()
        if (error instanceof Error && /^(Exit|Abort|Cancel)PromptError$/.test(error.name)) throw declined()
        throw error
      } finally {
        input.off('pause', close).off('end', close)
      }
    })
  const offered = (choices: readonly Choice<unknown>[]) =>
    choices.map(({ name, short }, value) => ({ name: clean(name), short: clean(short ?? name), value }))

  return {
    confirm: (message) =>
      answer(({ confirm }, where, theme) =>
        confirm({ message: clean(message), theme, default: false }, where),
      ),
    text: (message, { validate } = {}) =>
      answer(({ input }, where, theme) =>
        input({ message: clean(message), theme, ...(validate && { validate }) }, where),
      ),
    password: (message) =>
      answer(({ password }, where, theme) =>
        password({ message: clean(message), theme, toggleMask: false }, where),
      ),
    typed: async (message, expected) =>
      (await answer(({ input }, where, theme) => input({ message: clean(message), theme }, where))) ===
      expected,
    select: (message, choices) =>
      answer(({ select }, where, theme) =>
        select({ message: clean(message), theme, pageSize, loop: false, choices: offered(choices) }, where),
      ).then((at) => pick(choices, at)),
    checkbox: (message, choices) =>
      answer(({ checkbox }, where, theme) =>
        checkbox(
          {
            message: clean(message),
            theme: {
              ...theme,
              style: {
                ...theme.style,
                renderSelectedChoices: (chosen: readonly { short: string }[]) =>
                  chosen.length > named
                    ? `${chosen.length} of ${choices.length}`
                    : chosen.map(({ short }) => short).join(', '),
              },
            },
            pageSize,
            loop: false,
            required: true,
            choices: offered(choices),
          },
          where,
        ),
      ).then((chosen) => chosen.map((at) => pick(choices, at))),
    search: async <T>(message: string, find: (typed: string) => Promise<readonly Choice<T>[]>) => {
      let found: readonly Choice<T>[] = []
      // The library would show a failure and go on asking; a lost connection is the end of it.
      const failed = new AbortController()
      const source = async (typed = '', { signal }: { signal: AbortSignal }) => {
        if (typed !== '') await sleep(restMs, undefined, { signal })
        try {
          found = await find(typed)
          return offered(found)
        } catch (error) {
          failed.abort(error)
          throw error
        }
      }
      try {
        const at = await answer(({ search }, where, theme) =>
          search(
            { message: clean(message), theme, pageSize, source },
            { ...where, signal: AbortSignal.any([where.signal, failed.signal]) },
          ),
        )
        return pick(found, at)
      } catch (error) {
        if (failed.signal.aborted) throw failed.signal.reason
        throw error
      }
    },
  }
}

/** The value of the choice at `at`. */
export const pick = <T>(choices: readonly { value: T }[], at: number): T => {
  const choice = choices[at]
  if (choice === undefined) throw new RangeError(`no choice ${at}`)
  return choice.value
}
