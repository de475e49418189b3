import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** What a command at a prompt showed, both streams as a terminal mixes them, and its exit code. */
export interface Shown {
  readonly output: string
  readonly exitCode: number
}

/** One bash for one command after the other, as a person has it: what a command sets, the next ones see. */
export interface Shell {
  /** `env` is exported first. @throws when the shell itself ends, at an unset variable or a syntax error. */
  run(command: string, env: Readonly<Record<string, string>>): Promise<Shown>
  close(): Promise<void>
}

const end = '\u0001'
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

export const startShell = (folder: string, env: Readonly<Record<string, string>>): Shell => {
  const bash: ChildProcess = spawn('bash', ['--noprofile', '--norc'], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const gone = once(bash, 'exit')
  let said = ''
  let heard = () => {}
  for (const stream of [bash.stdout, bash.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      heard()
    })
  bash.stdin?.on('error', () => {})
  // Not -e: at a prompt one reads the exit code and goes on. Scripts set it themselves.
  bash.stdin?.write('exec 2>&1; set -uo pipefail\n')

  return {
    run: async (command, variables) => {
      said = ''
      const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}\n`)
      bash.stdin?.write(`${exports.join('')}{ ${command}\n} </dev/null; printf '${end}%d\\n' "$?"\n`)
      const ended = new RegExp(`${end}(\\d+)\n$`)
      await Promise.race([
        new Promise<void>((resolve) => {
          heard = () => ended.test(said) && resolve()
        }),
        gone.then(() => {
          throw new Error(`the shell ended at \`${command}\`:\n${said}`)
        }),
      ])
      const exitCode = Number(ended.exec(said)?.[1])
      return { output: said.replace(ended, ''), exitCode }
    },
    close: async () => {
      bash.stdin?.end()
      await gone
    },
  }
}
