import { readFileSync } from 'node:fs'
import type { Command } from 'commander'

/** The manual page, from the command tree, the exit codes of `docs/commands.md` and what `.env.example` explains. */

const text = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

/** Plain text as roff reads it: nothing in it is a request, an escape or a hyphen that a copy would not find. */
const roff = (plain: string): string =>
  plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .split('\n')
    .map((line) => line.replace(/^([.'])/, '\\&$1'))
    .join('\n')

const quoted = (plain: string): string => `"${roff(plain).replaceAll('"', '\\(dq')}"`

/** Markdown's marks mean nothing on a terminal. */
const unmarked = (markdown: string): string => markdown.replaceAll(/[`*]/g, '')

const item = (term: string, description: string): string => `.TP\n.B ${quoted(term)}\n${roff(description)}`

const options = (command: Command): string[] => {
  const help = command.createHelp()
  return help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help' || command.parent === null)
    .map((option) => item(help.optionTerm(option), help.optionDescription(option)))
}

/** What help says behind the options: purpose, examples, effects; laid out as it stands there. */
const said = (command: Command): string => {
  let whole = ''
  command.configureOutput({ writeOut: (part) => (whole += part) }).outputHelp()
  return whole.slice(command.helpInformation().length).trim()
}

const section = (path: string, command: Command): string => {
  const help = command.createHelp()
  const names = help.visibleArguments(command).map((argument) => help.argumentTerm(argument))
  const usage = [
    path,
    ...command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`
      return argument.required ? `<${name}>` : `[${name}]`
    }),
  ].join(' ')
  const after = said(command)
  return [
    `.SS ${quoted(usage)}`,
    `${roff(command.description())}.`,
    ...(names.length > 0
      ? help
          .visibleArguments(command)
          .map((argument) => item(help.argumentTerm(argument), help.argumentDescription(argument)))
      : []),
    ...options(command),
    ...(after === '' ? [] : ['.PP', '.nf', roff(after), '.fi']),
  ].join('\n')
}

const sections = (path: string, command: Command): string[] => {
  const inside = command.commands.filter(({ parent }) => parent === command)
  const acts = Boolean((command as unknown as { _actionHandler: unknown })._actionHandler)
  return [
    ...(acts ? [section(path, command)] : []),
    ...inside.flatMap((one) => sections(`${path} ${one.name()}`, one)),
  ]
}

const exitCodes = (): string[] =>
  [...text('docs/commands.md').matchAll(/^\| ([\d /]+) \| ?(\w*) ?\| (.+) \|$/gm)].map(
    ([, code = '', name = '', when = '']) => item(`${code} ${name}`.trim(), unmarked(when)),
  )

const environment = (): string[] => {
  const found: string[] = []
  let comment: string[] = []
  let names: string[] = []
  for (const line of [...text('.env.example').split('\n'), '']) {
    const name = /^([A-Z_]+)=/.exec(line)?.[1]
    if (name) names.push(name)
    else {
      if (names.length > 0) {
        found.push(item(names.join(', '), comment.join(' ')))
        comment = []
        names = []
      }
      if (line.startsWith('# ') && !line.startsWith('# ---')) comment.push(line.slice(2))
      else comment = []
    }
  }
  return found
}

/** `man/meanderctl.1`. It has no date and no commit: what did not change stays the same file. */
export const manPage = (program: Command): string =>
  [
    '.\\" Written by npm run docs from the command tree.',
    '.TH MEANDERCTL 1 "" meanderctl "User Commands"',
    '.SH NAME',
    `meanderctl \\- ${roff(program.description().replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    '.B meanderctl',
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    'Ends sessions, refresh tokens and access tokens in one transaction in PostgreSQL, publishes the blocklist that the API',
    'reads from Redis, and writes every act into an append\\-only record. The database decides what an operator may do.',
    'Data is written to standard output, everything else to standard error.',
    '.SH OPTIONS',
    ...options(program),
    '.SH COMMANDS',
    ...sections('meanderctl', program),
    '.SH EXIT STATUS',
    ...exitCodes(),
    '.SH ENVIRONMENT',
    'An option goes before the environment, then come an env file, a profile, and the default.',
    ...environment(),
    '.SH FILES',
    item('$XDG_CONFIG_HOME/meanderctl/config.json', 'The profiles: see meanderctl profile.'),
    item('$XDG_DATA_HOME/meanderctl', 'The embedded store of meanderctl demo.'),
    item('~/.pgpass, ~/.pg_service.conf, ~/.postgresql', 'As for psql.'),
    '.SH SEE ALSO',
    '.BR psql (1),',
    '.BR redis\\-cli (1)',
    '',
  ].join('\n')
