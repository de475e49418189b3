import type { Command } from 'commander'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { createContext } from '../../../src/context.ts'
import { commandNames, createProgram } from '../../../src/program.ts'
import { processStreams } from '../../../src/terminal/streams.ts'
import { organizations, people, peopledDatabase, seedSessions } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { ownFolder } from '../../support/users.ts'

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
let database: string

beforeAll(async () => {
  database = await peopledDatabase(server)
  return folder.remove
})

const program = await createProgram(
  commandNames,
  createContext({ streams: processStreams(), env: {} }, []),
  () => {},
)
const commandsWith = (option: string): string[] => {
  const leaves = (command: Command, path: string): [string, Command][] =>
    command.commands.length > 0
      ? command.commands.flatMap((inner) => leaves(inner, `${path} ${inner.name()}`.trim()))
      : [[path, command]]
  return leaves(program, '')
    .filter(([, { options }]) => options.some(({ long }) => long === option))
    .map(([path]) => path)
}

describe('a reason and a ticket that cannot be recorded', () => {
  const wrong: readonly [text: string, most: string][] = [
    ['', 'is empty'],
    [' \u00a0', 'is empty'],
    ['lost\nand found', 'has a control character, U+000A, at position 5'],
    ['🚆\u001b[2J', 'has a control character, U+001B, at position 2'],
    ['lost\u009b', 'has a control character, U+009B, at position 5'],
    ['lost\u007f', 'has a control character, U+007F, at position 5'],
    ['🚆'.repeat(1001), 'has 1001 characters, and at most MOST go on the record'],
  ]
  it.each([
    ['--reason', '1000'],
    ['--ticket', '200'],
  ])('are named before anything runs, by every command that takes %s', async (option, most) => {
    const commands = commandsWith(option)
    expect(commands.length).toBeGreaterThan(20)
    for (const command of commands) {
      for (const [text, problem] of wrong) {
        // Nobody listens there: whoever connected first would fail with 1.
        const ran = await run(server, database, 'kari', [...command.split(' '), option, text], {
          env: { DATABASE_URL: 'postgresql://kari@127.0.0.1:9/meander' },
        })
        expect(ran, `${command} ${option}`).toMatchObject({ code: 2, stdout: '' })
        expect(ran.stderr).toBe(
          `meanderctl: The ${option.slice(2)} ${problem.replace('MOST', most)}.\nGive ${option} as one line of plain text.\n`,
        )
      }
    }
  })

  it('in a row of a list stop everything, before anything is done', async () => {
    const [session] = await seedSessions(server, database, [{ person: 'mari' }])
    for (const [cell, problem] of [
      ['"left\nfor good"', 'the reason has a control character, U+000A, at position 5'],
      ['x'.repeat(1001), 'the reason has 1001 characters, and at most 1000 go on the record'],
    ]) {
      const file = folder.saved(`email,reason\nmari@hlf.example,left\nola@hlf.example,${cell}\n`)
      const ran = await run(server, database, 'kari', [
        'users',
        'offboard',
        '--file',
        file,
        '--reason',
        'left',
        '--yes',
      ])
      expect(ran.code).toBe(2)
      expect(ran.stderr).toContain(problem)
    }
    const [row] = await server.query(
      `select u.status, s.revoked_at from meander.users u join meander.sessions s on s.user_id = u.id where s.id = $1`,
      [session?.id],
      database,
    )
    expect(row).toEqual({ status: 'active', revoked_at: null })
  })

  it('as long as may be, in characters and not in bytes, are recorded', async () => {
    const [reason, ticket] = ['🚆'.repeat(1000), '🚆'.repeat(200)]
    const file = folder.saved(`email,reason,ticket\nola@hlf.example,${reason},${ticket}\n`)
    await seedSessions(server, database, [{ person: 'ola' }, { person: 'ada' }])
    const sure = ['--yes', '--reason', 'left']
    expect(
      (
        await run(server, database, 'kari', ['users', 'sign-out', '--file', file, ...sure], {
          redis: inject('redis').url,
        })
      ).code,
    ).toBe(0)
    const argv = ['users', 'sign-out', 'ada@hlf.example', '--yes', '--reason', reason, '--ticket', ticket]
    expect((await run(server, database, 'kari', argv, { redis: inject('redis').url })).code).toBe(0)
    const events = await server.query(
      "select target_id, reason, ticket from meander.audit_log where action = 'user.signed_out' order by seq",
      [],
      database,
    )
    expect(events).toEqual([
      { target_id: people.ola.id, reason, ticket },
      { target_id: people.ada.id, reason, ticket },
    ])
  })
})

describe('what is recorded and cannot be seen', () => {
  const hostile = '=1+1 \u202eevil\u2066 zero\u200bwidth\u00ad'
  const shown = '=1+1 \\u{202e}evil\\u{2066} zero\\u{200b}width\\u{ad}'
  const json = '=1+1 \\u202eevil\\u2066 zero\\u200bwidth\\u00ad'

  it('is kept to the letter, and shown escaped wherever it is shown', async () => {
    const own = await peopledDatabase(server)
    const [session] = await seedSessions(server, own, [{ person: 'mari' }])
    const as = (...argv: string[]) => run(server, own, 'kari', argv, { redis: inject('redis').url })
    const granted = await as(
      'grants',
      'create',
      '--to',
      'gro@meander.example',
      '--for',
      '1h',
      '--reason',
      hostile,
      '--yes',
      '-o',
      'id',
    )
    expect(granted.code).toBe(0)
    const grant = granted.stdout.trim()
    const ended = await as(
      'sessions',
      'revoke',
      session?.id ?? '',
      '--reason',
      hostile,
      '--ticket',
      hostile,
      '--yes',
    )
    expect(ended.code).toBe(0)
    const [event] = await server.query(
      "select reason, ticket from meander.audit_log where action = 'session.revoked' and organization_id = $1",
      [organizations.hlf],
      own,
    )
    expect(event).toEqual({ reason: hostile, ticket: hostile })

    for (const looking of [
      ['audit', 'list', '--action', 'session.revoked'],
      ['sessions', 'show', session?.id ?? ''],
      ['sessions', 'list', '--state', 'revoked'],
      ['grants', 'list'],
      ['grants', 'show', grant],
    ]) {
      for (const format of ['table', 'wide', 'csv', 'json', 'ndjson']) {
        const { code, stdout } = await as(...looking, '-o', format)
        expect(code).toBe(0)
        // The server's text stays the server's: whoever parses JSON gets it back.
        if (format.endsWith('json')) expect(stdout, looking.join(' ')).toContain(json)
        else if (format === 'csv') expect(stdout, looking.join(' ')).toContain(`'${shown}`)
        expect(stdout).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b\u00ad]/)
      }
    }
    const table = await as('audit', 'list', '--action', 'session.revoked')
    expect(table.stdout).toContain(shown)
  })
})
