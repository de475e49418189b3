import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../errors.ts'
import type { PromptTheme } from './prompt-theme.ts'
import { clean } from './sanitise.ts'
import type { Choice, Prompt } from './terminal.ts'
import { usualWidth, wrapped } from './wrap.ts'

/** Where a question is asked and what ends it. */
export interface Ask {
  /** Runs `body` with the stream that the answer is typed into. */
  withInput<T>(body: (input: Readable) => Promise<T>): Promise<T>
  readonly output: Writable & { readonly columns?: number }
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
/** Columns behind a question that are left for its answer, so that not every one is broken. */
const roomToType = 20
/** The mark before a question, and the blank behind it. */
const markWidth = 2
/** Chosen things that are named once the list is closed; of more it says how many. */
const named = 5

/** Questions that redraw their line while one types. */
export const createPrompts = (ask: Ask): Prompt => {
  type Library = typeof import('@inquirer/prompts')
  type Where = { input: Readable; output: Writable; signal: AbortSignal; clearPromptOnDone?: boolean }

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
  const asked = (message: string, behind = 0): string => {
    const columns = ask.output.columns || usualWidth
    return wrapped(clean(message), columns - markWidth - Math.min(behind, columns >> 2)).join('\n')
  }
  const offered = (choices: readonly Choice<unknown>[]) =>
    choices.map(({ name, short }, value) => ({ name: clean(name), short: clean(short ?? name), value }))

  return {
    confirm: (message) =>
      answer(({ confirm }, where, theme) =>
        confirm({ message: asked(message, ' (y/N)'.length), theme, default: false }, where),
      ),
    text: (message, { validate } = {}) =>
      answer(({ input }, where, theme) =>
        input({ message: asked(message, roomToType), theme, ...(validate && { validate }) }, where),
      ),
    password: (message) =>
      answer(({ password }, where, theme) =>
        password({ message: asked(message), theme, toggleMask: false }, where),
      ),
    typed: async (message, expected) =>
      (await answer(({ input }, where, theme) =>
        input({ message: asked(message, roomToType), theme }, where),
      )) === expected,
    select: (message, choices) =>
      answer(({ select }, where, theme) =>
        select({ message: asked(message), theme, pageSize, loop: false, choices: offered(choices) }, where),
      ).then((at) => pick(choices, at)),
    checkbox: (message, choices) =>
      answer(({ checkbox }, where, theme) =>
        checkbox(
          {
            message: asked(message),
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
      let typed = ''
      let searching: Promise<unknown> = Promise.resolve()
      // The library would show a failure and go on asking; a lost connection is the end of it.
      const failed = new AbortController()
      const look = async (signal: AbortSignal) => {
        if (typed !== '') await sleep(restMs, undefined, { signal })
        try {
          // Tab types the whole line of a choice.
          const whole = found.filter(({ name }) => clean(name) === typed)
          const next = whole.length > 0 ? whole : await find(typed)
          signal.throwIfAborted()
          found = next
          return offered(found)
        } catch (error) {
          if (!signal.aborted) failed.abort(error)
          throw error
        }
      }
      const source = (text = '', { signal }: { signal: AbortSignal }) => {
        typed = text
        const looking = look(signal)
        searching = looking.catch(() => {})
        return looking
      }
      try {
        for (;;) {
          // Enter right behind a letter takes from the list as it was before that letter: unless what it took is
          // still the first that is found, the question stays, with the list that belongs to what was typed.
          let taken: Choice<T> | undefined
          const at = await answer(({ search }, where, theme) => {
            const asking = { ...where, signal: AbortSignal.any([where.signal, failed.signal]) }
            const validate = async (chosen: number) => {
              const before = found
              await searching
              taken = before[chosen]
              if (found !== before && found[0]?.name !== taken?.name) {
                taken = undefined
                Object.assign(asking, { clearPromptOnDone: true })
              }
              return true
            }
            return search(
              { message: asked(message, roomToType), theme, pageSize, source, validate, initialValue: typed },
              asking,
            )
          })
          if (taken !== undefined) return taken.value
          void at
        }
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
