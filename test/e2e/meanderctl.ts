import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { holdAnswer } from '../support/answers.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The file behind the command `meanderctl`. */
export const bin = join(root, 'bin/meanderctl.js')

export interface Ended {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly stdout: string
  readonly stderr: string
}

/** The environment of a process that inherits nothing which could change what it does or how long it takes. */
export const cleanEnvironment = (env: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: tmpdir(),
  LANG: 'C.UTF-8',
  ...env,
})

/** Runs the built tool in a process of its own, with `env` and nothing else; without `input` its stdin is empty. */
export const meanderctl = async (
  args: readonly string[],
  { env, input = '' }: { env?: Readonly<Record<string, string>>; input?: string | Uint8Array } = {},
): Promise<Ended> => {
  const { exitCode, signal, stdout, stderr } = await execa(process.execPath, [bin, ...args], {
    env: cleanEnvironment(env),
    extendEnv: false,
    input,
    reject: false,
    stripFinalNewline: false,
  })
  if (exitCode !== undefined) holdAnswer(args, { code: exitCode, stdout, stderr }, env?.MEANDERCTL_OUTPUT)
  return { exitCode, signal, stdout, stderr }
}

interface Source {
  readonly bytesInOutput: number
}

const packageIn = (path: string): string | undefined =>
  /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]

/** What the build put into each file of dist. */
const chunks = (): Record<string, Record<string, Source>> =>
  JSON.parse(readFileSync(join(root, 'dist/meta.json'), 'utf8'))

/** The packages whose code a command loaded, bundled or not, as V8's own list of scripts tells it. */
export const packagesLoadedBy = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly ended: Ended; readonly packages: readonly string[] }> => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-loaded-'))
  try {
    const ended = await meanderctl(args, { env: { ...env, NODE_V8_COVERAGE: folder } })
    const scripts = readdirSync(folder)
      .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).result as { url: string }[])
      .filter(({ url }) => url.startsWith('file:'))
      .map(({ url }) => fileURLToPath(url).replace(root, ''))
    const outputs = chunks()
    const sources = scripts.flatMap((script) =>
      Object.entries(outputs[script] ?? { [script]: { bytesInOutput: 1 } })
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([source]) => source),
    )
    if (!scripts.includes('dist/main.js')) throw new Error(`nothing was loaded: ${ended.stderr}`)
    return { ended, packages: [...new Set(sources.flatMap((source) => packageIn(source) ?? []))].sort() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
