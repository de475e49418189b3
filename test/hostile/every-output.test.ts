import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createContext } from '../../src/context.ts'
import { commandNames, createProgram } from '../../src/program.ts'
import { processStreams } from '../../src/terminal/streams.ts'
import { foreignHtml, problemsOf, untrueCsv, untrueJson } from '../support/harmless.ts'
import { attacks, endHostileWorld, type HostileWorld, makeHostileWorld } from '../support/hostile-world.ts'
import { postgresAt } from '../support/postgres.ts'
import { type RunOptions, run } from '../support/run.ts'
import { ownFolder } from '../support/users.ts'

/**
 * An organization whose every text is an attack, and every command in every form over it: nothing that comes out leads
 * a terminal, a CI job, a spreadsheet or a browser, and JSON still says what is stored.
 */

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const folder = ownFolder()
let world: HostileWorld

beforeAll(async () => {
  world = await makeHostileWorld(server)
  await ran(['audit', 'checkpoint', '--generate-key'])
})
afterAll(async () => {
  await endHostileWorld(server, world)
  folder.remove()
})

const ran = (argv: readonly string[], login = 'kari', options: RunOptions = {}) =>
  run(server, world.database, login, argv, {
    redis,
    ...options,
    env: { MEANDERCTL_SIGNING_KEY_FILE: folder.path('key.pem'), ...options.env },
  })

const program = await createProgram(
  commandNames,
  createContext({ streams: processStreams(), env: {} }, []),
  () => {},
)
const leavesOf = (command: Command, path: string): string[] => [
  ...(command.commands.length === 0 || path === 'doctor' ? [path] : []),
  ...command.commands.flatMap((inner) => leavesOf(inner, `${path} ${inner.name()}`.trim())),
]

const all = ['table', 'wide', 'json', 'ndjson', 'csv', 'id', 'html', 'prometheus'] as const
type Format = (typeof all)[number]
/** The painters of the rest are these: `npm run soak` runs every form. */
const formats: readonly Format[] = process.env.MEANDERCTL_SOAK ? all : ['wide', 'json', 'csv']

/** How each command is called: its arguments, by whom. What changes something is tried, and done further below. */
const calls: Record<
  string,
  { readonly args: () => readonly (readonly string[])[]; readonly by?: 'admin'; readonly form?: Format }
> = {
  'sessions list': {
    args: () => [
      ['--state', 'any', '--all'],
      ['--user', 'nobody::\u001b[2J@x'],
      ['--device', '::error::\u202e'],
    ],
  },
  'sessions show': { args: () => [[world.sessions[7] ?? ''], [world.ended[1] ?? '']] },
  'sessions revoke': {
    args: () => [
      ['--org', 'hlf', '-n'],
      ['--device', '<script>', '-n'],
    ],
  },
  'sessions stats': { args: () => [[]] },
  'sessions sweep': { args: () => [['-n']] },
  'sessions policy show': { args: () => [[]] },
  'sessions policy set': { args: () => [['--idle-timeout', '1m', '-n']] },
  'users list': { args: () => [['--all']] },
  'users show': {
    args: () => [[world.users[7] ?? ''], [world.emails[0] ?? ''], ['::error::\u001b[2J@hlf.example']],
  },
  'users sign-out': {
    args: () => [
      [...world.emails, '-n'],
      ['::error::\u202e@x', '-n'],
    ],
  },
  'users offboard': { args: () => [[...world.users, '-n']] },
  'users reinstate': { args: () => [[...world.users, '-n']] },
  'users verify': {
    args: () => [
      [
        ...world.users,
        '--offboarded',
        '--evidence',
        folder.path('evidence.json'),
        '--report',
        folder.path('verified.csv'),
      ],
    ],
  },
  'grants list': { args: () => [['--state', 'any']] },
  'grants show': { args: () => [[world.grants[7] ?? '']] },
  'grants create': { args: () => [['--to', 'siv@meander.example', '--for', '1h', '-n']] },
  'grants revoke': { args: () => [[world.grants[0] ?? '', '-n']] },
  apply: {
    args: () => [
      [folder.path('revoke.plan'), '-n'],
      [folder.path('no::such\u001b[2J.plan'), '-n'],
    ],
  },
  'audit list': { args: () => [['--all'], ['--ticket', '::error::\u202e'], ['--target', '\u001b[2J']] },
  'audit timeline': { args: () => [[], ['--action', '::error::\u202e']] },
  'audit verify': { args: () => [[], ['--checkpoint', folder.path('no::such\u001b[2J')]] },
  'audit export': { args: () => [[]] },
  'audit checkpoint': { args: () => [[]], form: 'json' },
  trace: { args: () => [['::1'], [world.jtis[0] ?? ''], [world.emails[4] ?? ''], ['::error::\u001b[2J']] },
  'blocklist status': { args: () => [[]], by: 'admin' },
  'blocklist check': { args: () => [[world.jtis[0] ?? '']] },
  'blocklist sync': { args: () => [[]], by: 'admin' },
  'blocklist rebuild': { args: () => [[]], by: 'admin' },
  'operators list': { args: () => [[]], by: 'admin' },
  'operators add': {
    args: () => [
      [world.login, '--user', '::error::\u001b[2J@x'],
      ['::error::\u001b[2J', '--user', 'liv@hlf.example'],
    ],
    by: 'admin',
  },
  'operators enable': { args: () => [[world.login], ['::error::\u001b[2J']], by: 'admin' },
  'operators disable': {
    args: () => [
      [world.login, '-n'],
      ['::error::\u001b[2J', '-n'],
    ],
    by: 'admin',
  },
  'operators remove': { args: () => [[world.login, '-n']], by: 'admin' },
  'db migrate': { args: () => [['--dry-run']], by: 'admin' },
  'db status': { args: () => [[]], by: 'admin' },
  whoami: { args: () => [[]] },
  doctor: { args: () => [[]], by: 'admin' },
  'doctor isolation': { args: () => [['--probe', folder.path('no::such\u001b[2J')]] },
}
/** Why a command is not among them. */
const elsewhere = {
  'sessions watch': 'has no end: beside this file',
  demo: 'has a store and people of its own',
  ...Object.fromEntries(
    [
      'completion',
      'help',
      'schema',
      ...['list', 'show', 'use', 'add', 'remove'].map((verb) => `profile ${verb}`),
    ].map((name) => [name, 'shows no text of other people']),
  ),
}

it('calls every command that there is', () => {
  expect([...Object.keys(calls), ...Object.keys(elsewhere)].sort()).toEqual(leavesOf(program, '').sort())
})

/** Calls that come to no good end here: access that has not ended, addresses that nobody may have, no such file. */
const refused = [
  'doctor isolation',
  'users verify',
  'users sign-out',
  'doctor',
  'blocklist check',
  'operators add',
]

/** What is wrong with an answer, in the form that was asked for. */
const wrongWith = (format: Format, { code, stdout, stderr }: Awaited<ReturnType<typeof ran>>): string[] => {
  const whole = [0, 6, 7, 8].includes(code) && stdout !== ''
  return [
    ...problemsOf(stdout).map((what) => `stdout ${what}`),
    ...problemsOf(stderr).map((what) => `stderr ${what}`),
    ...(/Unexpected/.test(stderr) || code === 1 ? [`failed: ${stderr.slice(0, 300)}`] : []),
    ...(whole && (format === 'json' || format === 'ndjson') ? untrueJson(stdout, world.stored) : []),
    ...(whole && format === 'csv' && !stdout.startsWith('{') ? untrueCsv(stdout, world.stored) : []),
    ...(whole && format === 'html' && stdout.startsWith('<') ? foreignHtml(stdout) : []),
  ]
}

describe.each(Object.entries(calls))('%s', (name, { args, by, form }) => {
  it('in every form, for a pipe and for a terminal', { timeout: 120_000 }, async () => {
    if (name === 'apply') {
      const plan = folder.path('revoke.plan')
      expect(
        await ran([
          'sessions',
          'revoke',
          '--org',
          'hlf',
          '--plan',
          plan,
          '--reason',
          attacks[18] ?? '',
          '--expires-in',
          '1d',
        ]),
      ).toMatchObject({ code: 0 })
    }
    const wrong: string[] = []
    const answered = new Set<Format>()
    for (const more of args()) {
      for (const format of form ? [form] : formats) {
        // What is no table is the same for both.
        for (const terminal of format === 'table' || format === 'wide' ? [false, true] : [false]) {
          const who = by === 'admin' ? server.superuser : terminal ? world.login : 'kari'
          const argv = [...name.split(' '), ...more, '-o', format, ...(terminal ? ['--color', 'always'] : [])]
          const answer = await ran(argv, who, terminal ? { terminal: [] } : {})
          // 7 is an answer too: what others leave in Redis is found.
          if (answer.code === 0 || answer.code === 7) answered.add(format)
          wrong.push(
            ...wrongWith(format, answer).map(
              (what) => `${format}${terminal ? ' at a terminal' : ''}: ${what}`,
            ),
          )
        }
      }
    }
    expect(wrong).toEqual([])
    // What was never answered was never looked at.
    if (!refused.includes(name)) expect(answered.size, [...answered].join()).toBeGreaterThan(0)
  })
})

describe('files', () => {
  const looked = (path: string): string => readFileSync(path, 'utf8')

  it('a plan', () => {
    const plan = looked(folder.path('revoke.plan'))
    expect(problemsOf(plan)).toEqual([])
    expect(untrueJson(plan, world.stored)).toEqual([])
  })

  it('evidence', () => {
    const evidence = looked(folder.path('evidence.json'))
    expect(problemsOf(evidence)).toEqual([])
    expect(untrueJson(JSON.stringify(JSON.parse(evidence)), world.stored)).toEqual([])
    expect(evidence).toContain('#email3#')
  })

  it('reports', async () => {
    const reports = [folder.path('verified.csv'), folder.path('offboarded.csv')]
    const list = folder.saved(
      `email,reason\n${world.emails
        .slice(8)
        .map((email) => `"${email.replaceAll('"', '""')}",=1+1;=2`)
        .join('\n')}\n`,
    )
    await ran([
      'users',
      'offboard',
      '--file',
      list,
      '--skip-invalid',
      '-n',
      '--reason',
      '@SUM(1)',
      '--report',
      reports[1] ?? '',
    ])
    for (const report of reports) {
      expect(problemsOf(looked(report))).toEqual([])
      expect(untrueCsv(looked(report), world.stored)).toEqual([])
    }
  })

  it('an export, which can be verified still', async () => {
    for (const format of ['ndjson', 'json', 'csv']) {
      const path = folder.saved((await ran(['audit', 'export', '-o', format])).stdout)
      expect(await ran(['audit', 'verify', '--export', path])).toMatchObject({ code: 0 })
    }
  })
})

describe('questions and what is said of the act itself', () => {
  it.each([
    ['sessions revoke', () => ['--device', '#device'], ['y']],
    ['grants revoke', () => [world.grants[0] ?? ''], ['y']],
    ['users sign-out', () => world.users.slice(0, 8), ['y']],
    ['users offboard', () => world.users.slice(8, 16), ['n']],
    ['sessions revoke', () => ['--org', 'hlf'], ['hlf']],
    ['users offboard', () => world.users.slice(0, 8), ['y']],
  ] as const)('%s', async (name, args, answers) => {
    const answer = await ran(
      [...name.split(' '), ...args(), '--color', 'always', '--reason', '::error::a\u202eb'],
      world.login,
      { terminal: answers },
    )
    expect([...problemsOf(answer.stdout), ...problemsOf(answer.stderr)]).toEqual([])
    expect(answer.code, answer.stderr).toBe(answers[0] === 'n' ? 9 : 0)
  })
})

describe('mistakes', () => {
  const evil = '::error::\u001b[2J\u202e\r\n::set-output name=a::b'
  it.each([
    ['a noun', [evil]],
    ['a verb', ['sessions', evil]],
    ['an option', ['sessions', 'list', `--${evil}`]],
    ['a choice', ['sessions', 'list', '--state', evil]],
    ['a uuid', ['sessions', 'show', evil]],
    ['columns', ['sessions', 'list', '--columns', evil]],
    ['a profile', ['sessions', 'list', '--profile', evil]],
    ['an env file', ['sessions', 'list', '--env-file', evil]],
    ['a cursor', ['sessions', 'list', '--cursor', evil]],
    ['a file', ['users', 'offboard', '--file', evil, '--yes', '--reason', 'x']],
    ['a reason', ['sessions', 'list', '--reason', evil]],
    ['a help topic', ['help', evil]],
    ['an organization', ['sessions', 'list', '--org', evil]],
    ['a report', ['users', 'offboard', 'a@b', '--yes', '--reason', 'x', '--report', `/no/${evil}`]],
  ])('%s', async (_, argv) => {
    for (const more of [[], ['-o', 'json'], ['--debug']]) {
      const answer = await ran([...argv, ...more])
      const { stderr, stdout, code } = answer
      expect([2, 3], stderr).toContain(code)
      expect(
        problemsOf(`${stdout}${stderr}`).filter(
          (what) => !(more[0] === '--debug' && what === 'a stack trace'),
        ),
      ).toEqual([])
    }
  })
})
