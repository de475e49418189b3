import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface Process {
  readonly child: ChildProcess
  readonly pid: number
  /** Resolves with the first line that has `text` in it. */
  says(text: string): Promise<string>
  ended(): Promise<number | null>
  output(): string
}

export interface Program {
  /** A folder for stores, beside the program. */
  readonly folder: string
  /** The command line that runs an act. */
  command(...args: string[]): [string, ...string[]]
  run(...args: string[]): Process
  /** Ends what still runs and removes everything. */
  remove(): void
}

/** Follows the lines of a process. */
export const follow = (child: ChildProcess): Process => {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const exited = once(child, 'exit')
  return {
    child,
    pid: child.pid ?? 0,
    says: async (text) => {
      for (;;) {
        const line = output
          .split('\n')
          .slice(0, -1)
          .find((one) => one.includes(text))
        if (line !== undefined) return line
        if (child.exitCode !== null) throw new Error(`It ended without saying ${text}: ${output}`)
        await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), exited])
      }
    },
    output: () => output,
    ended: async () => (await exited)[0] as number | null,
  }
}

/** Bundles program.ts as the tool is bundled; `without` the optional part, as where npm left it out. */
export const buildProgram = async ({ without = false } = {}): Promise<Program> => {
  const home = mkdtempSync(join(tmpdir(), 'meanderctl-embedded-'))
  const program = join(home, 'program.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('./program.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
    plugins: [
      {
        name: 'pglite where it is installed',
        setup(context) {
          context.onResolve({ filter: /^@electric-sql\/pglite$/ }, ({ path }) => ({
            path: without ? path : import.meta.resolve(path),
            external: true,
          }))
        },
      },
    ],
  })
  cpSync(fileURLToPath(new URL('../../../src/postgres', import.meta.url)), home, {
    recursive: true,
    filter: (path) => path.endsWith('.sql') || statSync(path).isDirectory(),
  })
  const folder = join(home, 'data')
  mkdirSync(folder)
  const running = new Set<ChildProcess>()
  const command = (...args: string[]): [string, ...string[]] => [process.execPath, program, ...args]
  return {
    folder,
    command,
    run: (...args) => {
      const [file, ...rest] = command(...args)
      const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
      running.add(child)
      child.once('exit', () => running.delete(child))
      return follow(child)
    },
    remove: () => {
      for (const child of running) child.kill('SIGKILL')
      rmSync(home, { recursive: true, force: true })
    },
  }
}
