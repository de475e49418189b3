import { readFile } from 'node:fs/promises'
import { MeanderError, problemOfFile } from '../../errors.ts'
import { plainJson } from './plain-json.ts'
import type { SigningKey } from './signing-key.ts'

/** A proof of `users verify`, or a grant of `grants show -o json`, as it is read later. */
export interface Evidence {
  readonly path: string
  /** What it says that it rests on; null where its users are of several organizations. */
  readonly head: { readonly organization: string; readonly seq: number; readonly hash: string } | null
  /** Who says so: null when it is not signed, and anybody could have changed what stands in it. */
  readonly signed: { readonly keyId: string; readonly signature: string; readonly bytes: Buffer } | null
}

/** What is signed: a domain tag and the whole document but its signature, in the order in which it stands there. */
const evidenceBytes = ({ signature: _, ...document }: object & { readonly signature?: unknown }): Buffer =>
  Buffer.from(`meander.evidence.1${JSON.stringify(document)}`)

/** The same document with the key's id and signature at its end. */
export const signEvidence = <T extends object>(document: T, key: SigningKey): T & { signature: string } => {
  const named = { ...document, keyId: key.keyId }
  return { ...named, signature: key.sign(evidenceBytes(named)) }
}

/** @throws MeanderError USAGE for what is no evidence: not there, empty, cut off, or something else. */
export const readEvidence = async (path: string): Promise<Evidence> => {
  const refuse = (what: string, cause?: unknown): never => {
    throw new MeanderError('USAGE', `${path} is no evidence: ${what}.`, {
      hint: 'Give what users verify --evidence or grants show -o json wrote',
      cause,
    })
  }
  const text = await readFile(path, 'utf8').catch((error) => refuse(problemOfFile(error), error))
  if (text.trim() === '') refuse('it is empty')
  const json = plainJson(text, refuse)
  const { evidenceSchema } = await import('./evidence.schema.ts')
  const checked = evidenceSchema.safeParse(json)
  if (!checked.success) return refuse('it names no audit head')
  if ('item' in checked.data) return { path, head: checked.data.item.auditHead, signed: null }
  const { auditHead: head, keyId, signature } = checked.data
  const signed =
    keyId == null || signature == null ? null : { keyId, signature, bytes: evidenceBytes(json as object) }
  return { path, head, signed }
}
