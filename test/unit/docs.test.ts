import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { createContext } from '../../src/context.ts'
import { commandNames, createProgram } from '../../src/program.ts'
import { processStreams } from '../../src/terminal/streams.ts'

/** What `npm run docs` writes: the README's commands and, in full, everything that --help says. */

const program = await createProgram(
  commandNames,
  createContext({ streams: processStreams(), env: {} }, []),
  () => {},
)

const verbs = (command: Command): Command[] => command.commands.filter(({ parent }) => parent === command)

const path = (command: Command): string =>
  command.parent === null ? command.name() : `${path(command.parent)} ${command.name()}`

const usage = (command: Command): string =>
  [
    path(command),
    ...command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`
      return argument.required ? `<${name}>` : `[${name}]`
    }),
  ].join(' ')

const help = (command: Command): string =>
  [`$ ${path(command)} --help\n${command.helpInformation()}`, ...verbs(command).map(help)].join('\n')

const cell = (text: string): string => text.replaceAll('|', '\\|')

const row = (command: Command): string => `| \`${cell(usage(command))}\` | ${cell(command.description())} |`

const rows = (command: Command): string[] => {
  const inside = verbs(command)
  return inside.length > 0 ? inside.flatMap(rows) : [row(command)]
}

const section = ['| command | what it does |', '| --- | --- |', ...verbs(program).flatMap(rows)].join('\n')

it('shows every command in the README', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const written = readme.replace(
    /(<!-- commands: [^\n]*-->\n)[\s\S]*(<!-- \/commands -->)/,
    (_, start, end) => `${start}\n${section}\n\n${end}`,
  )
  await expect(written).toMatchFileSnapshot('../../README.md')
})

it('shows all help in one file, so that a change of it is seen', async () => {
  await expect(help(program)).toMatchFileSnapshot('../golden/help.txt')
})
