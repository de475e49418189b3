import { createReadStream } from 'node:fs'
import { MeanderError, problemOfFile } from '../../errors.ts'
import type { ExportProof } from './export.ts'
import { type CleanCell, csvReader, eventInJson, type Found, type TextLine } from './export-lines.ts'

export type ExportLine = Found & { readonly line: number }

/** Details hold the sessions of a whole account, and a proof every organization; more than this is no line of ours. */
const longestLine = 16 * 1024 * 1024

const firstOfJson = '{"schemaVersion":1,"kind":"AuditEventList","items":['
const firstOfProof = '{"schemaVersion":1,"kind":"AuditProof",'
const endOfJson = '],"nextCursor":null,"proof":'
/** To the letter: under another name a column would say something else than was checked. */
const csvHeader =
  'organization,seq,at,actor,actorUserId,action,targetType,targetId,reason,ticket,requestId,details,prevHash,hash,organizationId,proof'

/** How each form begins (null: with its first event), how the line of its proof does, and how its lines are read. */
interface Form {
  readonly isHead: (text: string) => boolean
  readonly isProof: (text: string) => boolean
  readonly read: (lines: readonly TextLine[]) => Found[]
}

/**
 * An export line by line, as it was written: in any other layout an edit could hide.
 * @param proofs read the proofs alone, and pass over the events: what these are checked by stands behind them.
 * @throws MeanderError USAGE for a file that is no export or cannot be read, NOT_FOUND for an empty one.
 */
export async function* readExport(
  path: string,
  clean: CleanCell,
  { proofs = false } = {},
): AsyncGenerator<readonly ExportLine[], void> {
  let form: Form | undefined
  for await (const lines of linesOf(path)) {
    const [first] = lines
    if (first === undefined) continue
    form ??= await formOf(first.text, clean, path)
    const { isHead, isProof, read } = form
    const wanted = lines.filter(({ text }) => (proofs ? isProof(text) : !isHead(text)))
    const found = read(wanted)
    yield wanted.map(({ line }, at) => ({ line, ...(found[at] ?? { damage: 'it cannot be read' }) }))
  }
  if (form === undefined) throw new MeanderError('NOT_FOUND', `${path} is empty: there is nothing to check.`)
}

const formOf = async (first: string, clean: CleanCell, path: string): Promise<Form> => {
  const { exportProofSchema } = await import('./export-proof.schema.ts')
  const proofOf = (text: string): Found => {
    const checked = exportProofSchema.safeParse(parsed(text))
    return checked.success ? { proof: checked.data as ExportProof } : { damage: 'the proof cannot be read' }
  }
  if (first === csvHeader) {
    const { parse } = await import('csv-parse/sync')
    return {
      isHead: (text) => text === csvHeader,
      isProof: (text) => text.startsWith(','),
      read: csvReader((text) => parse(text, { relax_column_count: true }), clean, proofOf),
    }
  }
  if (first === firstOfJson) {
    return {
      isHead: (text) => text === firstOfJson,
      isProof: (text) => text.startsWith(endOfJson),
      read: (lines) =>
        lines.map(({ text }) => {
          if (text.startsWith(endOfJson)) return proofOf(text.slice(endOfJson.length, -1))
          return eventInJson(text.endsWith(',') ? text.slice(0, -1) : text)
        }),
    }
  }
  if (first.startsWith(firstOfProof) || first.startsWith('{"organization":')) {
    const isProof = (text: string) => text.startsWith(firstOfProof)
    return {
      isHead: () => false,
      isProof,
      read: (lines) => lines.map(({ text }) => (isProof(text) ? proofOf(text) : eventInJson(text))),
    }
  }
  throw new MeanderError('USAGE', `${path} is no export of the record, or one in another layout.`, {
    hint: 'Give the file as meanderctl audit export wrote it, as ndjson, csv or json',
  })
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The lines that are not empty, as they come. */
async function* linesOf(path: string): AsyncGenerator<TextLine[], void> {
  const refuse = (what: string, cause?: unknown) =>
    new MeanderError('USAGE', `The export ${path} cannot be read: ${what}.`, { cause })
  let rest: Buffer = Buffer.alloc(0)
  let line = 0
  const textOf = (bytes: Buffer, from: number, to: number): string => {
    const text = bytes.toString('utf8', from, bytes[to - 1] === 13 ? to - 1 : to)
    return line === 1 ? text.replace(/^\u{feff}/u, '') : text
  }
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
      const lines: TextLine[] = []
      let from = 0
      for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, from)) {
        line += 1
        if (to > from) lines.push({ line, text: textOf(bytes, from, to) })
        from = to + 1
      }
      rest = bytes.subarray(from)
      if (rest.length > longestLine) throw refuse(`line ${line + 1} is longer than any that was written`)
      yield lines
    }
  } catch (error) {
    if (error instanceof MeanderError) throw error
    throw refuse(problemOfFile(error), error)
  }
  line += 1
  if (rest.length > 0) yield [{ line, text: textOf(rest, 0, rest.length) }]
}
