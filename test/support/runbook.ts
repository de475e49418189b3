import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where the pages are. */
export const runbooks = fileURLToPath(new URL('../../docs/runbooks/', import.meta.url))

/** A command at the prompt of a login, and what the page says that one sees. */
export interface Command {
  readonly login: string
  readonly command: string
  readonly output: string
  readonly exitCode: number
}

/** What happens on a page, in order: commands, and what others do meanwhile. */
export type Step = { readonly commands: readonly Command[] } | { readonly meanwhile: string }

export interface Page {
  readonly steps: readonly Step[]
  /** Listings that are saved under the name in their first line. */
  readonly scripts: readonly { readonly name: string; readonly text: string }[]
  /** How many blocks the page has, counted by their fences and by nothing else. */
  readonly blocks: number
}

const prompt = /^(\w+(?:@\w+)?)\$ (.*)$/

const commandsOf = (block: string): Command[] => {
  const commands: { login: string; command: string; output: string[]; exitCode: number }[] = []
  let asking = false
  for (const line of block.split('\n')) {
    const [, login, typed] = prompt.exec(line) ?? []
    const last = commands.at(-1)
    const [, code] = /^# exit (\d+)$/.exec(line) ?? []
    if (login !== undefined && typed !== undefined) {
      commands.push({ login, command: typed, output: [], exitCode: 0 })
      asking = true
    } else if (!last) throw new Error(`no command before: ${line}`)
    else if (asking && /^>( |$)/.test(line)) last.command += `\n${line.slice(2)}`
    else if (code !== undefined) last.exitCode = Number(code)
    else {
      asking = false
      last.output.push(line)
    }
  }
  return commands.map((command) => ({ ...command, output: command.output.join('\n').trimEnd() }))
}

/** Reads a page. What is neither prose nor one of the things that can be run is an error. */
export const readPage = (file: string): Page => {
  const text = readFileSync(`${runbooks}${file}`, 'utf8')
  const steps: Step[] = []
  const scripts: { name: string; text: string }[] = []
  for (const [, language, block = '', meanwhile] of text.matchAll(
    /^```(.*)\n([\s\S]*?)\n```$|^<!-- meanwhile: ([\w-]+) -->$/gm,
  )) {
    if (meanwhile !== undefined) steps.push({ meanwhile })
    else if (language === 'console') steps.push({ commands: commandsOf(block) })
    else if (language === 'sh') {
      const [, name] = /^# ([\w-]+\.sh)\b.*\n(?:#.*\n)*set -euo pipefail\n/.exec(block) ?? []
      if (name === undefined) throw new Error(`${file}: a script begins with its name and set -euo pipefail`)
      scripts.push({ name, text: `${block}\n` })
    } else throw new Error(`${file}: nobody can run a block of ${language}`)
  }
  return { steps, scripts, blocks: (text.match(/^```/gm)?.length ?? 0) / 2 }
}

const inLine = (line: string): string =>
  line
    .split('…')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/ +/g, ' +'))
    .join('.+')

/** Whether that is what the page shows: `…` is any text, alone on a line any lines; widths of columns do not count. */
export const looksLike = (shown: string, page: string): boolean => {
  const lines = page === '' ? [] : page.split('\n')
  const pattern = lines.map((line) => (line.trim() === '…' ? '(?:.*\n)*' : ` *${inLine(line.trim())} *\n`))
  const text = shown === '' || shown.endsWith('\n') ? shown : `${shown}\n`
  return new RegExp(`^${pattern.join('')}$`).test(text)
}
