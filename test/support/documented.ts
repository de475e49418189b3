import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment } from '../e2e/meanderctl.ts'
import { freePort } from './free-port.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The listings of a page of docs as files, beside the packages that they import: what is documented is what runs. */
export const documented = (page: string, packages: readonly string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-docs-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/meanderctl'))
  for (const name of packages)
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  for (const [, file = '', code = ''] of text.matchAll(/```js\n\/\/ ([\w-]+\.js)\n([\s\S]*?)```/g))
    writeFileSync(join(folder, file), code)
  const children: ChildProcess[] = []
  return {
    folder,
    /** Runs one of the files in a process of its own, as a server on a port that it is told; resolves when it listens. */
    serve: async (file: string, env: Readonly<Record<string, string>>): Promise<string> => {
      const port = await freePort()
      const child = spawn(process.execPath, [file], {
        cwd: folder,
        env: { ...cleanEnvironment(env), PORT: String(port) },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      children.push(child)
      let said = ''
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      const url = `http://127.0.0.1:${port}`
      for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
        if (
          await fetch(url).then(
            () => true,
            () => false,
          )
        )
          return url
        await sleep(50)
      }
      throw new Error(`${file} does not listen: ${said}`)
    },
    remove: () => {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true })
    },
  }
}
