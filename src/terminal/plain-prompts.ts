import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'
import { holdInterrupts } from './interrupt.ts'
import { type Ask, declined, pick } from './prompts.ts'
import { clean } from './sanitise.ts'
import type { Choice, Prompt } from './terminal.ts'

/** Questions that a screen reader can follow: whole lines, never redrawn; the terminal itself does the echo. */
export const createPlainPrompts = (ask: Ask): Prompt => {
  const say = (text: string) => ask.output.write(text)

  const line = (input: Readable, question: string, hidden: boolean): Promise<string> =>
    new Promise<string>((resolve, reject) => {
      say(`${clean(question)} `)
      // Hidden means that readline puts the terminal into raw mode and writes the echo to nowhere.
      const reader = hidden
        ? createInterface({ input, output: new Writable({ write: (_, __, next) => next() }), terminal: true })
        : createInterface({ input, terminal: false })
      const release = holdInterrupts(() => reader.close())
      const abort = () => reader.close()
      ask.signal?.addEventListener('abort', abort, { once: true })
      let typed: string | undefined
      reader.once('line', (text) => {
        typed = text
        reader.close()
      })
      reader.once('SIGINT', () => reader.close())
      reader.once('close', () => {
        release()
        ask.signal?.removeEventListener('abort', abort)
        if (hidden || typed === undefined) say('\n')
        if (typed === undefined) reject(ask.signal?.aborted ? ask.signal.reason : declined())
        else resolve(typed)
      })
      if (ask.signal?.aborted) abort()
    })

  /** Asks until `read` makes something of the answer, which is never undefined, or says in words what is wrong. */
  const until = <T>(
    question: string,
    read: (answer: string) => { value: T } | { wrong: string },
    hidden = false,
  ): Promise<T> =>
    ask.withInput(async (input) => {
      for (;;) {
        const result = read(await line(input, question, hidden))
        if ('value' in result) return result.value
        say(`${clean(result.wrong)}\n`)
      }
    })

  const list = (message: string, choices: readonly Choice<unknown>[]): void => {
    say(`${clean(message)}\n${choices.map(({ name }, at) => `${at + 1}. ${clean(name)}\n`).join('')}`)
  }

  return {
    confirm: (message) =>
      until(`${message} Type yes or no (no when left empty):`, (answer) => {
        const word = answer.trim().toLowerCase()
        if (['y', 'yes'].includes(word)) return { value: true }
        return ['', 'n', 'no'].includes(word) ? { value: false } : { wrong: 'Please type yes or no.' }
      }),
    text: (message, { validate } = {}) =>
      until(message, (value) => {
        const verdict = validate?.(value) ?? true
        return verdict === true ? { value } : { wrong: verdict }
      }),
    password: (message) => until(`${message} (not shown while you type)`, (value) => ({ value }), true),
    typed: (message, expected) => until(message, (answer) => ({ value: answer === expected })),
    select: (message, choices) => {
      list(message, choices)
      return until(`Type a number from 1 to ${choices.length}:`, (answer) => {
        const at = placeIn(answer, choices)
        return at === null ? { wrong: `There is no number ${answer.trim()}.` } : { value: pick(choices, at) }
      })
    },
    checkbox: (message, choices) => {
      list(message, choices)
      const question = `Type the numbers from 1 to ${choices.length} that you mean, with blanks between them, or all:`
      return until(question, (answer) => {
        const words = answer.split(/[\s,]+/).filter((word) => word !== '')
        if (words.length === 0) return { wrong: 'Type at least one number.' }
        if (words.length === 1 && words[0]?.toLowerCase() === 'all')
          return { value: choices.map(({ value }) => value) }
        const places = words.map((word) => placeIn(word, choices))
        const wrong = words.filter((_, index) => places[index] === null)
        if (wrong.length > 0) return { wrong: `There is no number ${wrong.join(', ')}.` }
        const chosen = new Set(places)
        return { value: choices.filter((_, at) => chosen.has(at)).map(({ value }) => value) }
      })
    },
    search: (message, find) =>
      ask.withInput(async (input) => {
        const first = /[?:]$/.test(message) ? message : `${message}:`
        for (let question = first, found: Found<typeof find> = []; ; ) {
          const typed = (await line(input, question, false)).trim()
          const at = placeIn(typed, found)
          if (at !== null) return pick(found, at)
          found = await find(typed)
          if (found.length === 0) say('Nothing found.\n')
          else list(`Found ${found.length}:`, found)
          question =
            found.length === 0
              ? first
              : `Type a number from 1 to ${found.length}, or other letters to search again:`
        }
      }),
  }
}

type Found<F extends (typed: string) => Promise<readonly unknown[]>> = Awaited<ReturnType<F>>

/** Where a number that was typed points to, null where to nothing. */
const placeIn = (typed: string, choices: readonly unknown[]): number | null => {
  const number = /^\d{1,9}$/.test(typed.trim()) ? Number(typed) : 0
  return number >= 1 && number <= choices.length ? number - 1 : null
}
