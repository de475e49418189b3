import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { password } from '../support/as-login.ts'
import { emailOf, peopledDatabase, seedSessions } from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'
import { runInPty } from '../support/pty.ts'
import { startProxy } from '../support/tcp-proxy.ts'
import { bin, cleanEnvironment, type Ended, meanderctl } from './meanderctl.ts'

/** Completion as people have it: in the shells themselves, and in time. */

const server = postgresAt(inject('postgres'))
const home = mkdtempSync(join(tmpdir(), 'meanderctl-shells-'))
let env: Record<string, string>
let session: string

beforeAll(async () => {
  const database = await peopledDatabase(server)
  const [made] = await seedSessions(server, database, [{ person: 'mari' }])
  session = made?.id ?? ''
  mkdirSync(join(home, 'bin'))
  const tool = join(home, 'bin', 'meanderctl')
  // As bin/meanderctl.js, but with time enough on a busy machine; `in time` is below.
  writeFileSync(
    join(home, 'patient.mjs'),
    `import { main } from '${join(dirname(bin), '../dist/main.js')}'
     const { stdin, stdout, stderr, env } = process
     process.exit(await main(process.argv.slice(2), { streams: { stdin, stdout, stderr }, env, hurryMs: 20_000 }))`,
  )
  writeFileSync(tool, `#!/bin/sh\nexec ${process.execPath} ${join(home, 'patient.mjs')} "$@"\n`)
  chmodSync(tool, 0o755)
  writeFileSync(join(home, 'leavers list.csv'), '')
  env = cleanEnvironment({
    HOME: home,
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    DATABASE_URL: server.url('kari', database, password),
    LC_ALL: 'C.UTF-8',
  })
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const inShell = async (shell: string, args: readonly string[]): Promise<string[]> => {
  const { stdout, stderr } = await execa(shell, args, { env, extendEnv: false, cwd: home, input: '' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter(Boolean)
}

/** What readline is given for a line whose last word it would put something else for. */
const bash = (line: string, replaced: string, type = 9) =>
  inShell('bash', [
    '--norc',
    '-c',
    `source <(meanderctl completion bash)
     COMP_LINE=$1 COMP_POINT=\${#1} COMP_TYPE=$3
     _meanderctl meanderctl "$2"
     [ \${#COMPREPLY[@]} = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    line,
    replaced,
    String(type),
  ])

const fish = async (line: string) =>
  inShell('fish', ['--no-config', '-c', 'meanderctl completion fish | source; complete -C $argv[1]', line])

/** Lines as somebody types them, with the tab key, each until what is to stand there then does. */
const typed = async (shell: 'bash' | 'zsh', lines: readonly (readonly [keys: string, wanted: string])[]) => {
  const prepare = {
    bash: "source <(meanderctl completion bash); PS1='rea''dy> '",
    zsh: "autoload -Uz compinit; compinit -u -D; source <(meanderctl completion zsh); PS1='rea''dy> '",
  }[shell]
  const keys = lines.map(([line]) => line)
  const { exitCode } = await runInPty({ bash: 'bash --norc --noprofile -i', zsh: 'zsh -f -i' }[shell], {
    env,
    cwd: home,
    columns: 200,
    input: [
      { waitFor: '', type: `${prepare}\n` },
      { waitFor: 'ready> ', type: keys[0] ?? '' },
      ...lines.map(([, wanted], at) => ({ waitFor: wanted, type: `\u0015${keys[at + 1] ?? 'exit\n'}` })),
    ],
  })
  expect(exitCode).toBe(0)
}

describe('the scripts', () => {
  it('of bash passes shellcheck', async () => {
    const { stdout: script } = await meanderctl(['completion', 'bash'])
    const { stdout, exitCode } = await execa('shellcheck', ['--shell=bash', '-'], {
      input: script,
      reject: false,
    })
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 })
  })

  it.each(['zsh', 'fish'] as const)('of %s is read without a complaint', async (shell) => {
    const file = join(home, shell)
    writeFileSync(file, (await meanderctl(['completion', shell])).stdout)
    expect(await inShell(shell, ['-n', file])).toEqual([])
  })

  it.each(['bash', 'zsh', 'fish'])('of %s ask nothing of a tool that is not there', async (shell) => {
    const { stdout: script } = await meanderctl(['completion', shell])
    const call = {
      bash: 'COMP_LINE="meanderctl s" COMP_POINT=12 COMP_TYPE=9 _meanderctl meanderctl s; echo "$?"',
      zsh: 'words=(meanderctl s) CURRENT=2 PREFIX=s; _meanderctl >/dev/null; echo 0',
      fish: 'complete -C "meanderctl s"; echo 0',
    }[shell]
    const prelude = shell === 'zsh' ? 'compdef() { :; }\n' : ''
    const { all } = await execa(shell, ['-c', `${prelude}${script}\n${call}`], {
      env: { ...env, PATH: '/usr/bin:/bin' },
      extendEnv: false,
      all: true,
      reject: false,
    })
    expect(all?.trim()).toMatch(/^[01]$/)
  })
})

describe('bash', () => {
  it('completes commands, options, choices and names', async () => {
    expect(await bash('meanderctl sess', 'sess')).toEqual(['sessions'])
    expect(await bash('meanderctl sessions revoke --st', '--st')).toEqual(['--state'])
    expect(await bash('meanderctl sessions list --org ', '')).toEqual(['hlf'])
    expect(await bash(`meanderctl sessions revoke ${session.slice(0, 6)}`, session.slice(0, 6))).toEqual([
      session,
    ])
  })

  it('gives what stands behind = @ and quotes, where it breaks words', async () => {
    expect(await bash('meanderctl sessions list --org=h', 'h')).toEqual(['hlf'])
    expect(await bash('meanderctl sessions list --org=', '')).toEqual(['hlf'])
    expect(await bash('meanderctl users show mari@h', 'h')).toEqual(['hlf.example'])
    expect(await bash('meanderctl users show "mar', 'mar')).toEqual([emailOf('mari')])
  })

  it('says what several are, unless they are put into the line', async () => {
    expect(await bash('meanderctl users show ', '')).toContain('mari@hlf.example  (Mari)')
    expect(await bash('meanderctl users show ', '', 37)).toContain(emailOf('mari'))
  })

  it('shows them at a terminal, and files where a file is wanted', async () => {
    await typed('bash', [
      ['meanderctl sess\tpol\tsh\t--o\t', 'meanderctl sessions policy show --o'],
      ['true; X=1 meanderctl users show --no-p\tma\t', '--no-pager mari@hlf.example '],
      ['meanderctl users offboard --file=lea\t', '--file=leavers\\ list.csv '],
    ])
  })
})

describe('zsh', () => {
  it('completes commands, options, choices, names and files', async () => {
    await typed('zsh', [
      ['meanderctl sess\trev\t--st\tex\t', '--state\u001b[1m \u001b[0m\b\u001b[0m expired'],
      ['meanderctl users show \t\t', 'mari@hlf.example  -- Mari'],
      ['meanderctl users sign-out --org=\t"ma\t', '"mari@hlf.example"'],
      ['meanderctl users offboard --file=lea\t', 'vers\\ list.csv'],
    ])
  })
})

describe('fish', () => {
  it('completes commands, options, choices, names and files', async () => {
    expect(await fish('meanderctl sess')).toEqual([expect.stringMatching(/^sessions\tLogins/)])
    expect(await fish('meanderctl sessions list --state=a')).toEqual(['--state=active', '--state=any'])
    expect(await fish('meanderctl users show "ma')).toEqual(['mari@hlf.example\tMari'])
    expect(await fish('meanderctl --no-pager users list --org ')).toEqual(['hlf\tHjerte og lunge'])
    expect(await fish('meanderctl sessions revoke ')).toEqual([
      `${session}\tmari@hlf.example iPhone 15 198.51.100.7`,
    ])
    expect(await fish('meanderctl users offboard --file lea')).toEqual(['leavers list.csv'])
    expect(await fish('meanderctl users offboard --file=lea')).toEqual(['--file=leavers list.csv'])
  })
})

describe('in time', () => {
  /** Milliseconds, and what came of it. */
  const timed = async (run: () => Promise<Ended>) => {
    const start = performance.now()
    const ended = await run()
    return { ended, took: performance.now() - start }
  }
  /** Where node starts in 50 ms, 300 from the key to the answer; else what it takes longer, to begin and to end. */
  const inTime = async (url: string, words: readonly string[]): Promise<string> => {
    const { took: bare } = await timed(() => meanderctl(['--version']))
    const { took, ended } = await timed(() =>
      meanderctl(['__complete', 'fish', ...words], { env: { ...env, DATABASE_URL: url } }),
    )
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(took).toBeLessThan(300 + 2 * Math.max(0, bare - 70))
    return ended.stdout
  }
  const login = `kari:${encodeURIComponent(password)}`
  // The best of some: the machine may have other work in between.
  const again = { timeout: 60_000, interval: 50 }

  it.each([
    ['takes the connection and says nothing', null],
    ['does not answer', '192.0.2.1'],
    ['has a name that nobody knows', 'db.invalid'],
  ])('where PostgreSQL %s', async (_, host) => {
    const proxy = await startProxy(server)
    proxy.pause()
    const place = host ?? `127.0.0.1:${proxy.port}`
    try {
      await vi.waitFor(async () => {
        const url = `postgresql://${login}@${place}/meander?sslmode=disable`
        expect(await inTime(url, ['sessions', 'revoke', ''])).toBe('')
      }, again)
    } finally {
      await proxy.close()
    }
  })

  it('with what needs no database, whatever becomes of that', async () => {
    await vi.waitFor(async () => {
      const said = await inTime('postgresql://kari@192.0.2.1/meander', ['sessions', 'revoke', '--ac'])
      expect(said).toMatch(/^--active-within\t/)
    }, again)
  })
})
