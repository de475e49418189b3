import { spawnSync } from 'node:child_process'
import { bin, cleanEnvironment } from '../e2e/meanderctl.ts'

/** A fresh node process from start to exit. @throws when it does not end with 0. */
const node = (args: readonly string[], env: Readonly<Record<string, string>>): void => {
  // Where NODE_EXTRA_CA_CERTS is set it adds 40 ms to every start, so nothing is inherited.
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
}

/** What every start is measured against: node, doing nothing. */
export const bareNode = { name: 'node -e 0', run: () => node(['-e', '0'], {}) }

/** One run of the built tool. */
export const tool = (
  args: readonly string[],
  target: number,
  env: Readonly<Record<string, string>> = {},
) => ({
  name: `meanderctl ${args.join(' ')}`,
  target,
  run: () => node([bin, ...args], env),
})
