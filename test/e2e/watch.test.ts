import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { holdAnswer } from '../support/answers.ts'
import { password } from '../support/as-login.ts'
import { peopledDatabase, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { runInPty } from '../support/pty.ts'
import { bin, cleanEnvironment, meanderctl } from './meanderctl.ts'

const server = postgresAt(inject('postgres'))
const esc = String.fromCharCode(27)
let database: string
let env: Record<string, string>

beforeAll(async () => {
  database = await peopledDatabase(server)
  env = { DATABASE_URL: server.url('kari', database, password) }
})

const command = (...argv: string[]) =>
  [process.execPath, bin, 'sessions', 'watch', '--interval', '1s', ...argv].join(' ')
const someone = () =>
  seedSessions(server, database, [{ person: 'mari', deviceName: 'phone\u202e', createdAgo: '0 s' }])

describe('at a terminal', () => {
  it('draws on a screen of its own and gives it back on Ctrl-C: 130', async () => {
    const late = setTimeout(() => void someone(), 1500)
    const { raw, screen } = await runInPty(`${command()}; echo "code $?"; stty -a`, {
      env,
      columns: 120,
      input: [
        { waitFor: 'Watching hlf', type: '' },
        { waitFor: 'phone\\u{202e}', type: '\u0003' },
      ],
    })
    clearTimeout(late)
    expect(raw).toContain(`${esc}[?1049h`)
    // Everything that was switched is switched back, after the last picture.
    const [, after = ''] = raw.split(`${esc}[?7h${esc}[?25h${esc}[?1049l`)
    expect(after).not.toContain(`${esc}[?`)
    expect(after).toContain('Seen: 1 login, 0 refreshes, 0 revoked, 0 expired.')
    expect(after).toContain('code 130')
    expect(after).toMatch(/[^-]\becho\b/)
    expect(after).toMatch(/[^-]\bicanon\b/)
    expect(screen).not.toContain('\u202e')
  })

  it.each([
    ['TERM', 'dumb'],
    ['MEANDERCTL_ACCESSIBLE', '1'],
  ])('%s=%s moves no cursor: lines', async (name, value) => {
    const late = setTimeout(() => void someone(), 1500)
    const { raw } = await runInPty(`${command()}; echo "code $?"`, {
      env: { ...env, [name]: value },
      input: [
        { waitFor: 'Watching hlf', type: '' },
        { waitFor: 'phone', type: '\u0003' },
      ],
    })
    clearTimeout(late)
    expect(raw).not.toContain(`${esc}[`)
    expect(raw).toMatch(
      /^20\S+Z {2}login {6}mari@hlf\.example {2}phone\\u\{202e\} {2}198\.51\.100\.7 {2}\S+\r$/m,
    )
    expect(raw).toContain('code 130')
  })
})

describe('in a pipe', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('is NDJSON at once, and ends on %s with %i', async (signal, code) => {
    const argv = ['sessions', 'watch', '--interval', '1s', '-o', 'ndjson', '--user', 'mari@hlf.example']
    const child = spawn(process.execPath, [bin, ...argv], {
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [said, lines]: [string[], string[]] = [[], []]
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
    child.stdout.on('data', (chunk: Buffer) => lines.push(chunk.toString()))
    await once(child.stderr, 'data')
    await someone()
    await once(child.stdout, 'data')
    child.kill(signal)
    const [exit] = await once(child, 'exit')
    expect(exit, said.join('')).toBe(code)
    holdAnswer(argv, { code, stdout: lines.join(''), stderr: said.join('') })
    expect(
      lines
        .join('')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      expect.objectContaining({ event: 'login', deviceName: 'phone\u202e', userEmail: 'mari@hlf.example' }),
    ])
    expect(said.join('')).toContain('Seen: 1 login')
    expect(lines.join('') + said.join('')).not.toContain(esc)
  })

  it('whoever reads no more ends it', async () => {
    const child = spawn('/bin/sh', ['-c', `${command('-o', 'id')} 2>/dev/null | head -n 1`], {
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const writing = setInterval(() => void someone(), 400)
    await once(child, 'exit')
    clearInterval(writing)
    expect(child.exitCode).toBe(0)
  })

  it.each(['json', 'csv', 'html', 'prometheus'])(
    '-o %s has an end, and a watch has none: 2',
    async (format) => {
      expect(await meanderctl(['sessions', 'watch', '-o', format], { env })).toMatchObject({
        exitCode: 2,
        stdout: '',
      })
    },
  )
})
