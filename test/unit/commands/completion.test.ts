import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { splitLine } from '../../../src/commands/completion/shells.ts'
import { verbsOf } from '../../../src/commands/shared/tree.ts'
import { wantedBy } from '../../../src/commands/shared/wanted.ts'
import { createContext } from '../../../src/context.ts'
import { commandNames, createProgram } from '../../../src/program.ts'
import { processStreams } from '../../../src/terminal/streams.ts'
import { completeLine } from '../../support/completing.ts'
import { runAlone } from '../../support/run.ts'

/** What is completed without a database: commands, options and their choices, kinds, topics, profiles, files. */

const values = async (...words: string[]) => (await completeLine(words)).values

describe('commands', () => {
  it('are those of --help, with what they do', async () => {
    expect(await values('')).toEqual(commandNames)
    expect((await completeLine(['sess'])).lines).toEqual([
      'sessions\tLogins: list, show, revoke, stats, sweep; when they end by…',
    ])
    expect(await values('sessions', 'po')).toEqual(['policy'])
    expect(await values('sessions', 'policy', '')).toEqual(['show', 'set'])
    expect(await values('doctor', '')).toEqual(['isolation'])
  })

  it('are found behind options of every command', async () => {
    expect(await values('--profile', 'sessions', 'users', 'of')).toEqual(['offboard'])
    expect(await values('--profile=prod', '-o', 'json', '--no-color', 'users', 'of')).toEqual(['offboard'])
    expect(await values('-ojson', 'users', 'of')).toEqual(['offboard'])
  })

  it('are none where a value stands', async () => {
    expect(await values('schema', 'users')).toEqual([])
    expect(await values('sessions', 'list', '--reason', '')).toEqual([])
    expect(await values('no-such-command', '')).toEqual([])
  })

  it('are not __complete itself', async () => {
    expect(await values('_')).toEqual([])
    expect((await runAlone(['help', '__complete'])).code).toBe(2)
  })
})

describe('options', () => {
  it('are those of the command and of every command, but what was given', async () => {
    const all = await values('sessions', 'list', '--')
    expect(all).toEqual(
      expect.arrayContaining(['--org', '--user', '--state', '--help', '--profile', '--debug']),
    )
    expect(all).not.toContain('--version')
    expect(await values('--ver')).toEqual(['--version'])
    expect(await values('sessions', 'list', '--mine', '--user=a', '-o', 'id', '--m')).toEqual([])
    expect(await values('sessions', 'revoke', '--except', 'x', '--exc')).toEqual(['--except'])
  })

  it('are shown where nothing else can stand, and not behind --', async () => {
    expect(await values('whoami', '')).toContain('--output')
    expect(await values('whoami', '--', '-')).toEqual([])
    expect(await values('profile', 'add', '')).toEqual([])
  })

  it('have their choices, as a word of their own or attached', async () => {
    const states = ['active', 'expired', 'revoked', 'any']
    expect(await values('sessions', 'list', '--state', '')).toEqual(states)
    expect(await values('sessions', 'list', '--state', 'a')).toEqual(['active', 'any'])
    expect(await values('sessions', 'list', '--state=')).toEqual(states.map((state) => `--state=${state}`))
    expect(await values('sessions', 'list', '--color=n', '--color=ne')).toEqual(['--color=never'])
    expect(await values('sessions', 'list', '--no-such=')).toEqual([])
  })

  it('have the forms of the very command', async () => {
    expect(await values('users', 'list', '-o', '')).toEqual(['table', 'wide', 'json', 'ndjson', 'csv', 'id'])
    expect(await values('sessions', 'stats', '-o', 'p')).toEqual(['prometheus'])
    expect(await values('audit', 'timeline', '--output', 'h')).toEqual(['html'])
  })
})

describe('values', () => {
  it('are kinds, topics, verbs, actions and shells', async () => {
    expect(await values('schema', 'SessionL')).toEqual(['SessionList'])
    expect(await values('help', 'e')).toEqual(['exit-codes', 'environment'])
    expect(await values('help', 'sessions', 'sh')).toEqual(['show'])
    expect(await values('audit', 'list', '--action', 'session.rev')).toEqual([
      'session.revoked',
      'session.revoke_refused',
    ])
    expect(await values('completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })

  it('are files, which the shell knows', async () => {
    for (const words of [
      ['apply', ''],
      ['--env-file', ''],
      ['users', 'offboard', '--file', 'le'],
      ['users', 'offboard', '--report=re'],
      ['audit', 'verify', '--checkpoint', 'one', ''],
      ['profile', 'add', 'prod', '--ssl-root-cert', ''],
    ])
      expect(await values(...words), words.join(' ')).toEqual([':files'])
    expect(await values('apply', 'plan', '')).toEqual([])
  })

  it('need no second list: whoever names a thing has said so', async () => {
    const program = await createProgram(
      commandNames,
      createContext({ streams: processStreams(), env: {} }, []),
      () => {},
    )
    const silent = verbsOf(program).flatMap((verb) =>
      [...verb.options, ...verb.registeredArguments]
        .filter((one) => one.argChoices === undefined && wantedBy(one.parseArg) === undefined)
        .map((one) => ('flags' in one ? one.flags : `<${one.name()}>`))
        .filter((text) =>
          /file|slug|email|user|kind|topic|login|shell|action/.test(text.replace(/^--[a-z-]+/, '')),
        ),
    )
    // What only the record knows, what is still to be made known, and what belongs to another database.
    expect([...new Set(silent)]).toEqual([
      '--actor <login>',
      '--user <email|id>',
      '<login>',
      '--org <slug|id>',
    ])
  })
})

describe('profiles', () => {
  let home: string
  const env = () => ({ XDG_CONFIG_HOME: home, HOME: home })
  const write = (text: string, mode = 0o600) => {
    mkdirSync(join(home, 'meanderctl'), { mode: 0o700 })
    writeFileSync(join(home, 'meanderctl', 'config.json'), text)
    chmodSync(join(home, 'meanderctl', 'config.json'), mode)
  }
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'meanderctl-completion-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('are named, with where they lead', async () => {
    write(
      JSON.stringify({
        current: 'prod',
        profiles: {
          prod: { databaseUrl: 'postgresql://kari@db.example.org/meander', production: true },
          staging: {},
        },
      }),
    )
    expect((await completeLine(['--profile', ''], env())).lines).toEqual([
      'prod\tproduction meander at db.example.org',
      'staging',
      expect.stringMatching(/^demo\tembedded store in /),
    ])
    for (const verb of ['show', 'use', 'remove'])
      expect((await completeLine(['profile', verb, 'st'], env())).values).toEqual(['staging'])
    expect((await completeLine(['profile', 'add', 'st'], env())).values).toEqual([])
  })

  it.each([
    ['broken', '{', 0o600],
    ['open to others', '{"profiles":{"prod":{}}}', 0o666],
  ])(
    'are none in a file that is %s, and that keeps nobody from completing the rest',
    async (_, text, mode) => {
      write(text, mode)
      expect((await completeLine(['profile', 'use', 'pr'], env())).values).toEqual([])
      expect((await completeLine(['sessions', 'list', '--org', ''], env())).values).toEqual([])
      expect((await completeLine(['sessions', 'li'], env())).values).toEqual(['list'])
    },
  )

  it('of the demo makes no store', async () => {
    const data = join(home, 'data')
    const demo = { ...env(), XDG_DATA_HOME: data }
    expect((await completeLine(['--profile', 'demo', 'sessions', 'revoke', ''], demo)).values).toEqual([])
    expect((await completeLine(['--profile', 'demo', 'users', 'list', '--org', ''], demo)).values).toEqual([])
    expect(existsSync(data)).toBe(false)
    expect(readdirSync(home)).toEqual([])
  })
})

describe('with no database', () => {
  it.each([
    [['sessions', 'revoke', '']],
    [['users', 'show', 'm']],
    [['grants', 'revoke', '']],
    [['operators', 'enable', '']],
    [['sessions', 'list', '--org', '']],
    [['--profile', 'no-such', 'sessions', 'list', '--org', '']],
    [['--env-file', '/nonexistent', 'sessions', 'list', '--org', '']],
    [['--timeout', 'soon', 'sessions', 'list', '--org', '']],
  ])('%j: nothing, and not a word', async (words) => {
    expect(await values(...words)).toEqual([])
  })

  it('an unknown shell, or none, gets nothing', async () => {
    for (const given of [[], ['tcsh', ''], ['constructor', 'x'], ['bash']])
      expect(await runAlone(['__complete', ...given], { hurryMs: 5000 })).toMatchObject({
        code: 0,
        stderr: '',
      })
  })
})

describe('a line of bash', () => {
  it.each([
    ['meanderctl sess', ['meanderctl', 'sess']],
    ['m  a\tb ', ['m', 'a', 'b', '']],
    ['m "a b" \'c  d\' e\\ f', ['m', 'a b', 'c  d', 'e f']],
    ['m a"b"\'c\'d', ['m', 'abcd']],
    ['m "it\\"s \\a" "', ['m', 'it"s \\a', '']],
    ["m 'open x", ['m', 'open x']],
    ['m "open \\', ['m', 'open \\']],
    ['m a\\\nb', ['m', 'ab']],
    ['m --org=hl', ['m', '--org=hl']],
  ])('%j', (line, words) => expect(splitLine(line)).toEqual(words))
})
