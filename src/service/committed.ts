import { MeanderError } from '../errors.ts'

/** Any failure under a name that can be shown. */
export const asFailure = (error: unknown): MeanderError =>
  error instanceof MeanderError
    ? error
    : new MeanderError('FAILED', error instanceof Error ? error.message : String(error), { cause: error })

/** What comes after a commit, or in between two: should it fail, what is committed is said first; null is nothing yet. */
export const afterCommit = <T>(done: string | null, work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    if (done === null) throw error
    const { code, message, hint = 'Run the same command again: it does the rest', details } = asFailure(error)
    throw new MeanderError(code, `${done} and committed. ${message}`, { hint, details, cause: error })
  })

/** The same for telling Redis of it: that may be all that is left. Whoever interrupted it is told so. */
export const settled = <T>(done: string, work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    const { code, message } = asFailure(error)
    throw new MeanderError(
      code === 'INTERRUPTED' ? code : 'PENDING',
      `${done} and committed; whether Redis was told could not be learned: ${message}`,
      { hint: 'Tell it: meanderctl blocklist sync', cause: error },
    )
  })
