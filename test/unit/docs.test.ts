import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { pathOf, verbsOf } from '../../src/commands/shared/tree.ts'
import { createContext } from '../../src/context.ts'
import { commandNames, createProgram } from '../../src/program.ts'
import { auditActions, unrecorded } from '../../src/service/audit/actions.ts'
import { processStreams } from '../../src/terminal/streams.ts'
import { manPage } from '../support/man-page.ts'

/** What `npm run docs` writes: the table of commands, everything that --help says, and what can be on the record. */

const program = await createProgram(
  [...commandNames, '--help'],
  createContext({ streams: processStreams(), env: {} }, []),
  () => {},
)

const verbs = (command: Command): Command[] => command.commands.filter(({ parent }) => parent === command)

const path = (command: Command): string => `meanderctl ${pathOf(command)}`.trimEnd()

const usage = (command: Command): string =>
  [
    path(command),
    ...command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`
      return argument.required ? `<${name}>` : `[${name}]`
    }),
  ].join(' ')

const said = (command: Command): string => {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}

const help = (command: Command): string =>
  [`$ ${path(command)} --help\n${said(command)}`, ...verbs(command).map(help)].join('\n')

const cell = (text: string): string => text.replaceAll('|', '\\|')

const row = (command: Command): string => `| \`${cell(usage(command))}\` | ${cell(command.description())} |`

const section = ['| command | what it does |', '| --- | --- |', ...verbsOf(program).map(row)].join('\n')

it('shows every command in docs/commands.md', async () => {
  const page = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8')
  const written = page.replace(
    /(<!-- commands: [^\n]*-->\n)[\s\S]*(<!-- \/commands -->)/,
    (_, start, end) => `${start}\n${section}\n\n${end}`,
  )
  await expect(written).toMatchFileSnapshot('../../docs/commands.md')
})

it('shows all help in one file, so that a change of it is seen, and fits a narrow terminal', async () => {
  await expect(help(program)).toMatchFileSnapshot('../golden/help.txt')
  expect(
    help(program)
      .split('\n')
      .filter((line) => line.length > 80),
  ).toEqual([])
})

it('is all in the manual page', async () => {
  const page = manPage(program)
  await expect(page).toMatchFileSnapshot('../../man/meanderctl.1')
  for (const name of ['sessions revoke', 'profile add', 'NOT_ENDED', 'DATABASE_URL'])
    expect(page).toContain(name)
})

const eventsPage = [
  '# What is on the record',
  '',
  '<!-- Written by `npm run docs` from src/service/audit/actions.ts. -->',
  '',
  'Every act and every refused act is an event on one organization’s chain, written in the transaction of the act',
  'itself: where the event could not be written, nothing was done. An event names the login that acted (`actor`), the',
  'person behind it (`actorUserId`), what it was about (`targetType`, `targetId`), `reason`, `ticket` and `requestId`',
  'where there were any, and `details`: the keys below, always all of them. Details hold ids, prior states and counts,',
  'never a token, a token’s hash or a password.',
  '',
  'A portal that acts for its own admins names one beside its login: any event may then hold one key more, `onBehalfOf`,',
  'the id of a user of that organization ([library.md](library.md)). Events on the platform’s record name nobody so.',
  '',
  'Operators of an organization look at their own data without an event. A global admin’s look is on the record of the',
  'organization before anything is seen (`intent.recorded`). `meanderctl audit list --action …` finds an action.',
  '',
  'What never reaches our functions leaves no event: a call that PostgreSQL refuses for want of a privilege (its own log',
  'has that), and what the tool declines before it asks (`--max-affected`, a wrong option, an answer of no).',
  '',
  '| action | target | what has happened | by |',
  '| --- | --- | --- | --- |',
  ...auditActions.map(
    ({ action, target, says, by }) =>
      `| [\`${action}\`](#${action.replace('.', '')}) | ${target} | ${cell(says)} | ${by.map((name) => (name.startsWith('(') ? name.slice(1, -1) : `\`${name}\``)).join(', ')} |`,
  ),
  '',
  '## Details',
  ...auditActions.flatMap(({ action, details, example }) => [
    '',
    `### ${action}`,
    '',
    '| key | what it holds |',
    '| --- | --- |',
    ...Object.entries(details).map(([key, what]) => `| \`${key}\` | ${cell(what)} |`),
    '',
    '```json',
    JSON.stringify(example),
    '```',
  ]),
  '',
  '## Commands that leave no event',
  '',
  '| command | because it is |',
  '| --- | --- |',
  ...Object.entries(unrecorded).map(([name, { because }]) => `| \`${name}\` | ${cell(because)} |`),
  '',
].join('\n')

describe('what can be on the record', () => {
  it('is written down from one definition', async () => {
    await expect(eventsPage).toMatchFileSnapshot('../../docs/audit-events.md')
  })

  it('is what the database writes, each action by its name, and nothing else', () => {
    const folder = fileURLToPath(new URL('../../src/postgres/functions', import.meta.url))
    const written = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.sql'))
      .flatMap((path) => {
        const text = readFileSync(join(folder, path), 'utf8').replace(/--.*$/gm, '')
        // Put together from parts, an action could not be looked for.
        expect(text, `${path} puts an action together`).not.toMatch(/'[a-z]+\.(%s[a-z_]*)?'\s*(\|\||,)/)
        return [...text.matchAll(/(?<!setting\()'([a-z]+\.[a-z_]+)'/g)].map(([, action]) => action)
      })
    expect([...new Set(written)].sort()).toEqual(auditActions.map(({ action }) => action).sort())
  })

  it('shows an example with exactly the keys that it explains', () => {
    for (const { action, details, example } of auditActions)
      expect(Object.keys(example).sort(), action).toEqual(Object.keys(details).sort())
  })

  it('names every command, as one that writes or as one that does not', () => {
    const named = new Set([...auditActions.flatMap(({ by }) => by), ...Object.keys(unrecorded)])
    const known = verbsOf(program).map(pathOf)
    expect([...named].filter((name) => !name.startsWith('(')).sort()).toEqual(known.sort())
  })
})
