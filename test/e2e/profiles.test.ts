import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { password } from '../support/as-login.ts'
import { peopledDatabase, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { runInPty } from '../support/pty.ts'
import { bin, cleanEnvironment, meanderctl } from './meanderctl.ts'

/** Profiles as a person has them: a file that two windows write at once, the line above every act, a password from a program. */

const server = postgresAt(inject('postgres'))
let database: string
let home: string
let env: Record<string, string>
/** A vault may have something to say to the person, an MFA prompt say; that is not its output. */
const shout = 'what the vault says beside it'

const add = (name: string, ...more: string[]) =>
  meanderctl(
    ['profile', 'add', name, '--database-url', server.url('kari', database), '--org', 'hlf', ...more],
    { env },
  )
const program = (name: string, script: string): string => {
  const path = join(home, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o700)
  return path
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  await seedSessions(server, database, [{ person: 'mari' }])
  home = mkdtempSync('/tmp/profiles-')
  env = { HOME: home, XDG_CONFIG_HOME: join(home, 'config') }
})
afterAll(() => rmSync(home, { recursive: true }))

it('are all there when several processes add them at once', async () => {
  const names = ['one', 'two', 'three', 'four']
  const ended = await Promise.all(names.map((name) => add(name)))
  expect(ended.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
    names.map((name) => ({
      exitCode: 0,
      stderr: expect.stringMatching(new RegExp(`^To use it: .* ${name}\\n$`)),
    })),
  )
  const { stdout } = await meanderctl(['profile', 'list', '-o', 'id'], { env })
  expect(stdout.trim().split('\n').sort()).toEqual([...names, 'demo'].sort())
  const both = await Promise.all(
    ['one', 'two'].map((name) => meanderctl(['profile', 'remove', name, '--yes'], { env })),
  )
  expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0])
  const kept = await meanderctl(['profile', 'list', '-o', 'id'], { env })
  expect(kept.stdout.trim().split('\n').sort()).toEqual(['demo', 'four', 'three'])
})

describe('with a passwordCommand', () => {
  it('its output is the password, is kept nowhere and shown by nothing', async () => {
    const vault = program('vault', `echo '${shout}' >&2\necho '${password}'`)
    expect((await add('prod', '--production', '--password-command', vault)).exitCode).toBe(0)
    for (const argv of [
      ['whoami', '--debug'],
      ['doctor', '--debug'],
      ['profile', 'show', 'prod'],
    ]) {
      const { exitCode, stdout, stderr } = await meanderctl(['--profile', 'prod', ...argv], { env })
      expect([0, 7], stderr).toContain(exitCode)
      expect(`${stdout}${stderr}`).not.toContain(password)
      expect(stdout).not.toContain(shout)
    }
    expect(readFileSync(join(home, 'config/meanderctl/config.json'), 'utf8')).not.toContain(password)
  })

  it('that fails, it says so, and still nothing of what that printed: 4', async () => {
    const broken = program('broken', `echo '${password}'\nexit 3`)
    expect((await add('broken', '--password-command', broken)).exitCode).toBe(0)
    const { exitCode, stdout, stderr } = await meanderctl(['--profile', 'broken', 'whoami', '--debug'], {
      env,
    })
    expect(exitCode, stderr).toBe(4)
    expect(`${stdout}${stderr}`).not.toContain(password)
  })

  it('a terminal names profile, PRODUCTION, database, host and organization before it asks', async () => {
    const { screen, exitCode } = await runInPty(
      `'${process.execPath}' '${bin}' --profile prod sessions revoke --user mari@hlf.example --reason lost`,
      { columns: 200, env: cleanEnvironment(env), input: [{ waitFor: '(y/N)', type: 'n\r' }] },
    )
    expect(exitCode).toBe(9)
    expect(screen).toContain(
      `Profile prod (PRODUCTION), ${database} at 127.0.0.1:${server.port}: 1 session of 1 user in hlf will end; each must log in again. Go on?`,
    )
    expect(screen).toContain('Not confirmed: nothing was changed.')
    expect(screen).not.toContain(password)
  })
})
