import { readFile } from 'node:fs/promises'
import { MeanderError, problemOfFile } from '../../errors.ts'
import type { ReadCheckpoint } from './checkpoint.schema.ts'
import { plainJson } from './plain-json.ts'

/** The form of a signed checkpoint: what is in the file, and which bytes of it are signed. */

/** What is signed: the whole document but the signature. */
export type UnsignedCheckpoint = Omit<ReadCheckpoint, 'keyId' | 'signature'> & { readonly keyId: string }

/** A checkpoint as it is written. */
export type Checkpoint = UnsignedCheckpoint & { readonly signature: string }

/** A text behind its length in four bytes, `ffffffff` for null: no two lists of texts have the same bytes. */
const part = (text: string | null): Buffer => {
  const length = Buffer.alloc(4, 0xff)
  if (text === null) return length
  const bytes = Buffer.from(text, 'utf8')
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** The bytes under the signature: a domain tag, then every field. They do not depend on how the JSON is laid out. */
export const signedBytes = ({ at, toolVersion, database, heads, keyId }: UnsignedCheckpoint): Buffer =>
  Buffer.concat([
    Buffer.from('meander.checkpoint.1'),
    ...[
      at,
      toolVersion,
      database.id,
      database.systemIdentifier,
      keyId,
      String(heads.length),
      ...heads.flatMap(({ organizationId, organization, seq, hash }) => [
        organizationId,
        organization,
        String(seq),
        hash,
      ]),
    ].map(part),
  ])

/**
 * The checkpoints in a file: one document, or one a line where they were appended to each other.
 * @throws MeanderError USAGE for what is no checkpoint: not there, empty, cut off, or something else.
 */
export const readCheckpoints = async (path: string): Promise<ReadCheckpoint[]> => {
  const refuse = (what: string, cause?: unknown): never => {
    throw new MeanderError('USAGE', `${path} is no checkpoint: ${what}.`, {
      hint: 'Give a file that meanderctl audit checkpoint wrote',
      cause,
    })
  }
  const text = await readFile(path, 'utf8').catch((error) => refuse(problemOfFile(error), error))
  if (text.trim() === '') refuse('it is empty')
  const { checkpointSchema } = await import('./checkpoint.schema.ts')
  return documentsOf(text, refuse).map((json) => {
    const checked = checkpointSchema.safeParse(json)
    if (checked.success) return checked.data
    const [issue] = checked.error.issues
    return refuse(`${issue?.path.join('.') || 'the whole'}: ${issue?.message}`)
  })
}

const documentsOf = (text: string, refuse: (what: string, cause?: unknown) => never): unknown[] => {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  // One a line where each line is a whole document; else one that is laid out over several.
  const appended = lines.every((line) => /^\s*\{.*\}\s*$/.test(line))
  return (appended ? lines : [text]).map((document) => plainJson(document, refuse))
}
