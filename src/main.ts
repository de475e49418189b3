import { version } from './version.ts'

/** argv in, exit code out. */
export const main = async (argv: readonly string[]): Promise<number> => {
  if (argv.includes('--version')) process.stdout.write(`${version}\n`)
  return 0
}
