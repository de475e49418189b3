import type { ChainEvent } from '../postgres/audit-chain.ts'
import type { ExportedPage, ExportProof } from '../service/audit/export.ts'
import type { ExportedEvent } from '../service/audit/exported-event.ts'
import type { PaintStyle } from './paint/options.ts'
import { copyBytes, copyPlain } from './paint/plain-bytes.ts'

/** The forms in which a record can be written out and checked again. */
export const exportFormats = ['ndjson', 'csv', 'json'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** The fields of an event in the contract's order, and the organization's id, which the hash covers. */
const columns = [
  'organization',
  'seq',
  'at',
  'actor',
  'actorUserId',
  'action',
  'targetType',
  'targetId',
  'reason',
  'ticket',
  'requestId',
  'details',
  'prevHash',
  'hash',
  'organizationId',
] as const

type Pages = AsyncIterable<ExportedPage>

/**
 * The record, written while it is read, with its proof at the end: the last line of `ndjson`, the field `proof` of
 * `json`, the column `proof` of the last row of `csv`.
 */
export const paintExport = (
  format: ExportFormat,
  pages: Pages,
  proof: () => ExportProof,
  style: PaintStyle,
): AsyncIterable<string | Uint8Array> => painters[format](pages, proof, style)

type Painter = (
  pages: Pages,
  proof: () => ExportProof,
  style: PaintStyle,
) => AsyncGenerator<string | Uint8Array>

const painters: Readonly<Record<ExportFormat, Painter>> = {
  async *ndjson(pages, proof, style) {
    for await (const page of pages) yield jsonLines(page, { before: '', after: '\n' }, style)
    yield `${style.cleanJson(JSON.stringify(proof()))}\n`
  },

  // Each event on a line of its own, so that of a damaged file the others can still be read.
  async *json(pages, proof, style) {
    yield '{"schemaVersion":1,"kind":"AuditEventList","items":['
    let before = '\n'
    for await (const page of pages) {
      yield before
      yield jsonLines(page, { before: ',\n', after: '' }, style).subarray(2)
      before = ',\n'
    }
    yield `\n],"nextCursor":null,"proof":${style.cleanJson(JSON.stringify(proof()))}}\n`
  },

  async *csv(pages, proof, style) {
    const { stringify } = await import('csv-stringify/sync')
    yield stringify([[...columns, 'proof']])
    for await (const { events, decode } of pages) {
      yield stringify(events.map((event) => csvRow(decode(event), style)))
    }
    yield stringify([[...columns.map(() => ''), style.cleanJson(JSON.stringify(proof()))]])
  },
}

/** The texts of `ChainEvent.fields` in their order, each with what stands before it in the line. */
const fieldLabels = columns.slice(columns.indexOf('actor'), columns.indexOf('prevHash')).map((key) => ({
  label: Buffer.from(`,"${key}":`),
  within: key === 'details' ? ('json' as const) : ('quotes' as const),
}))
const nothing = Buffer.from('null')
const quote = 0x22
/** More than the labels, hashes and moment of an event take, and what is put around it. */
const besideFields = 640

/**
 * Events as JSON, in UTF-8. Plain texts are copied as they came; an event with another one goes by way of its strings.
 */
const jsonLines = (
  { organization, events, decode, momentOf }: ExportedPage,
  around: { before: string; after: string },
  { cleanJson }: PaintStyle,
): Buffer => {
  const name = cleanJson(JSON.stringify(organization))
  const start = `${around.before}{"organization":${name},"seq":`
  const length = events.reduce((sum, { fields }) => sum + fields.length + besideFields, 0)
  const perEvent = Buffer.byteLength(start) + Buffer.byteLength(around.after)
  const lines = Buffer.allocUnsafe(length + events.length * perEvent)
  const pieces: Buffer[] = []
  let from = 0
  let next = 0
  for (const event of events) {
    const end = plainLine(event)
    if (end !== null) {
      next = end
      continue
    }
    const line = `${around.before}${cleanJson(json(decode(event)))}${around.after}`
    pieces.push(lines.subarray(from, next), Buffer.from(line))
    from = next
  }
  return pieces.length === 0
    ? lines.subarray(0, next)
    : Buffer.concat([...pieces, lines.subarray(from, next)])

  /** Where the line ends; null for one that is not plain. */
  function plainLine(event: ChainEvent): number | null {
    const { fields, seq } = event
    const moment = momentOf(event)
    if (moment === null || Number.isNaN(seq)) return null
    let to = next
    to += lines.write(`${start}${seq},"at":"${moment}"`, to)
    let at = 0
    for (const { label, within } of fieldLabels) {
      to = copyBytes(label, lines, to)
      const size = fields.readInt32BE(at)
      at += 4
      if (size < 0) {
        to = copyBytes(nothing, lines, to)
        continue
      }
      if (within === 'quotes') lines[to++] = quote
      to = copyPlain(fields, at, at + size, lines, to, within)
      if (to === -1) return null
      if (within === 'quotes') lines[to++] = quote
      at += size
    }
    const { prevHash, hash, organizationId } = event
    const rest = `,"prevHash":"${prevHash}","hash":"${hash}","organizationId":"${organizationId}"}${around.after}`
    return to + lines.write(rest, to, 'latin1')
  }
}

/** The details are JSON already, and stay as the database wrote them: their hash covers each blank. */
const json = (event: ExportedEvent): string => {
  const fields = columns.map(
    (key) => `"${key}":${key === 'details' ? event[key] : JSON.stringify(event[key])}`,
  )
  return `{${fields.join(',')}}`
}

/**
 * What a cell cannot hold exactly, because it would be a formula, hides something, or is an empty text and not
 * nothing, stands in `proof` as it was.
 */
const csvRow = (event: ExportedEvent, style: PaintStyle): string[] => {
  let exact: Record<string, string> | undefined
  const cells = columns.map((key) => {
    const value = event[key]
    if (value === null) return ''
    if (typeof value === 'number') return String(value)
    if (key === 'details') return style.cleanCsvCell(style.cleanJson(value))
    const cell = style.cleanCsvCell(value)
    if (cell !== value || value === '') exact = { ...exact, [key]: value }
    return cell
  })
  return [...cells, exact === undefined ? '' : style.cleanJson(JSON.stringify(exact))]
}
