import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { teachingOf } from '../../src/commands/shared/teaching.ts'
import { pathOf, verbsOf } from '../../src/commands/shared/tree.ts'
import { variableNames } from '../../src/config/variables.ts'
import { createContext } from '../../src/context.ts'
import { exitCodes } from '../../src/errors.ts'
import { commandNames, createProgram } from '../../src/program.ts'
import { processStreams } from '../../src/terminal/streams.ts'
import { holdAnswer } from '../support/answers.ts'
import { readPage, runbooks } from '../support/runbook.ts'

/** What a verb's help teaches: held against the command tree, and against the runbooks, whose lines the tests run. */

const program = await createProgram(
  commandNames,
  createContext({ streams: processStreams(), env: {} }, []),
  () => {},
)
const verbs = verbsOf(program)
const names = verbs.map(pathOf)
const ran: string[] = []
for (const verb of verbs) verb.action(() => void ran.push(pathOf(verb)))

/** A runbook keeps ids and moments in variables; the help shows one of each. */
const sample: Readonly<Record<string, string>> = {
  SESSION: '0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e',
  GRANT: '0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e',
  ROTATED: '2026-03-01T12:00:00Z',
}
const lines = readdirSync(runbooks)
  .filter((page) => page !== 'README.md')
  .flatMap((page) => readPage(page).steps)
  .flatMap((step) => ('commands' in step ? step.commands : []))
  .map(({ command }) =>
    command
      .replace(/\s*\\\n\s*/g, ' ')
      .replace(/"\$([A-Z]+)"/g, (all, name) => sample[name] ?? all)
      .replace(/^[A-Z]+=\$\((.*)\)$/, '$1')
      .replace(/ \| grep .*$/, ''),
  )

/** The calls of the tool in a line for the shell, as argv. */
const calls = (line: string): string[][] =>
  line
    .split(' | ')
    .map((part) => part.replace(/ >>? \S+$/, '').match(/(?:[^\s"]|"[^"]*")+/g) ?? [])
    .map((words) => words.map((word) => word.replaceAll('"', '')))
    .filter(([tool]) => tool === 'meanderctl')
    .map(([, ...argv]) => argv)

describe.each(verbs.map((verb) => [pathOf(verb), teachingOf(verb)] as const))(
  'help of %s',
  (name, teaching) => {
    const examples = teaching?.examples ?? []

    it('has examples that are calls of it, and can be parsed', { timeout: 60_000 }, async () => {
      expect(examples.length).toBeGreaterThan(0)
      for (const [, line] of examples) {
        expect(
          calls(line)
            .map((argv) => argv.join(' '))
            .join('\n'),
          line,
        ).toContain(name)
        for (const argv of calls(line)) {
          ran.length = 0
          await program.parseAsync(argv, { from: 'user' })
          expect(ran, line).toHaveLength(1)
        }
      }
    })

    it('has them from the runbooks, where these have the command', () => {
      const known = lines.some((line) =>
        calls(line).some((argv) => `${argv.join(' ')} `.startsWith(`${name} `)),
      )
      if (known) expect(examples.filter(([, line]) => lines.includes(line))).not.toEqual([])
    })

    it('names commands that there are', () => {
      for (const other of Object.keys(teaching?.unlike ?? {})) {
        expect(other).not.toBe(name)
        expect(names).toContain(other.replace(/ --.*$/, ''))
      }
    })
  },
)

const said = async (...argv: string[]): Promise<string> => {
  const texts: string[] = []
  const context = createContext({ streams: processStreams(), env: {} }, argv)
  await (await createProgram(argv, context, (text) => texts.push(text))).parseAsync(argv, { from: 'user' })
  return texts.join('')
}

it('tells of every exit code and of every variable', async () => {
  const [codes, settings] = [await said('help', 'exit-codes'), await said('help', 'environment')]
  for (const [name, code] of Object.entries(exitCodes)) expect(codes).toContain(` ${code} ${name} `)
  for (const name of variableNames) expect(settings).toContain(`  ${name} `)
})

it('tells programs of every command: what it takes, changes and ends with', async () => {
  const stdout = await said('help', '--json')
  holdAnswer(['help', '--json'], { code: 0, stdout, stderr: '' })
  const { kind, item } = JSON.parse(stdout)
  expect(kind).toBe('Capabilities')
  expect(item.commands.map(({ command }: { command: string }) => command)).toEqual(names)
  const revoke = item.commands.find(({ command }: { command: string }) => command === 'sessions revoke')
  expect(revoke).toMatchObject({
    arguments: [{ name: 'id', required: false, variadic: true }],
    effects: { recorded: ['session.revoked', 'plan.created'], intent: true },
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 130, 143],
  })
  expect(revoke.options).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        name: '--state',
        type: 'state',
        choices: ['active', 'expired', 'revoked', 'any'],
      }),
      expect.objectContaining({ name: '--dry-run', short: '-n', type: 'boolean' }),
      expect.objectContaining({ name: '--max-affected', type: 'n', required: false }),
    ]),
  )
})
