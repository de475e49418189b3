import { MeanderError } from '../errors.ts'

/** Why an answer did not get out: the last step, so that all else is done. */
export const unwritten = (error: unknown): MeanderError =>
  new MeanderError('FAILED', `The output could not be written: ${(error as Error).message}.`, {
    hint: 'Only the output is missing: whatever was to be changed is changed',
    cause: error,
  })
