import { createInterface } from 'node:readline'
import { type Readable, Writable } from 'node:stream'
import { holdInterrupts } from './interrupt.ts'
import { type Ask, declined, pick } from './prompts.ts'
import { clean } from './sanitise.ts'
import type { Prompt } from './terminal.ts'

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
      say(`${clean(message)}\n${choices.map(({ name }, at) => `${at + 1}. ${clean(name)}\n`).join('')}`)
      return until(`Type a number from 1 to ${choices.length}:`, (answer) => {
        const at = /^\d+$/.test(answer.trim()) ? Number(answer) - 1 : -1
        return at >= 0 && at < choices.length
          ? { value: pick(choices, at) }
          : { wrong: `There is no number ${answer}.` }
      })
    },
  }
}
