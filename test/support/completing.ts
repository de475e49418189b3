import { type Ran, type RunOptions, runAlone } from './run.ts'

/** Enough for a busy machine: that an answer is in time is held where the built tool runs. */
const hurryMs = 20_000

export interface Completion {
  /** What may stand there. */
  readonly values: readonly string[]
  /** The same with what it is, as a shell is told. */
  readonly lines: readonly string[]
}

/** Types a line up to its end, as fish asks; a completion never fails and never says anything beside. */
export const completeLine = async (
  words: readonly string[],
  env: RunOptions['env'] = {},
  options: Pick<RunOptions, 'terminal'> = {},
): Promise<Completion> => {
  const { code, stdout, stderr }: Ran = await runAlone(['__complete', 'fish', ...words], {
    ...options,
    env,
    hurryMs,
  })
  if (code !== 0 || stderr !== '') throw new Error(`completing ended with ${code}: ${stderr}`)
  const lines = stdout.split('\n').slice(0, -1)
  return { lines, values: lines.map((line) => line.split('\t')[0] ?? '') }
}
