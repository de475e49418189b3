import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'
import type { Subject } from './measure.ts'

interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  /** The file that it reads, or writes. */
  readonly input?: string
  readonly output?: string
  /** Is told the most memory that it had, in MB, where the system tells. */
  readonly peak?: (megabytes: number) => void
}

/** A process from start to exit. @throws when it does not end with 0. */
export const ran = async (
  [command = '', ...args]: readonly string[],
  { env = {}, input, output = '/dev/null', peak }: ProcessOptions = {},
): Promise<void> => {
  const files = [openSync(input ?? '/dev/null', 'r'), openSync(output, 'w')] as const
  // Where NODE_EXTRA_CA_CERTS is set it adds 40 ms to every start of node, so nothing is inherited.
  const child = spawn(command, args, { env: cleanEnvironment(env), stdio: [...files, 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  let most = 0
  const look =
    peak &&
    setInterval(() => {
      try {
        const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
        most = Math.max(most, Number(kilobytes ?? 0) / 1024)
      } catch {
        // It has ended, or this is no Linux.
      }
    }, 20)
  const [code] = await once(child, 'close')
  clearInterval(look)
  for (const file of files) closeSync(file)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${said}`)
  peak?.(most)
}

/** What every start is measured against: node, doing nothing. */
export const bareNode: Subject = { name: 'node -e 0', run: () => ran([process.execPath, '-e', '0']) }

/** One run of the built tool. */
export const tool = (args: readonly string[], options: ProcessOptions = {}): Subject => ({
  name: `meanderctl ${args.join(' ')}`,
  run: () => ran([process.execPath, bin, ...args], options),
})
