import type { ExportProof } from '../service/audit/export.ts'
import type { ExportedEvent } from '../service/audit/exported-event.ts'
import type { PaintStyle } from './paint/options.ts'

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

type Events = AsyncIterable<readonly ExportedEvent[]>

/**
 * The record, written while it is read, with its proof at the end: the last line of `ndjson`, the field `proof` of
 * `json`, the column `proof` of the last row of `csv`.
 */
export const paintExport = (
  format: ExportFormat,
  events: Events,
  proof: () => ExportProof,
  style: PaintStyle,
): AsyncIterable<string> => painters[format](events, proof, style)

type Painter = (events: Events, proof: () => ExportProof, style: PaintStyle) => AsyncGenerator<string>

const painters: Readonly<Record<ExportFormat, Painter>> = {
  async *ndjson(events, proof, style) {
    for await (const some of events) {
      yield some.map((event) => `${json(event, style)}\n`).join('')
    }
    yield `${style.cleanJson(JSON.stringify(proof()))}\n`
  },

  // Each event on a line of its own, so that of a damaged file the others can still be read.
  async *json(events, proof, style) {
    let before = '{"schemaVersion":1,"kind":"AuditEventList","items":[\n'
    for await (const some of events) {
      yield `${before}${some.map((event) => json(event, style)).join(',\n')}`
      before = ',\n'
    }
    yield before === ',\n' ? '\n' : before
    yield `],"nextCursor":null,"proof":${style.cleanJson(JSON.stringify(proof()))}}\n`
  },

  async *csv(events, proof, style) {
    const { stringify } = await import('csv-stringify/sync')
    yield stringify([[...columns, 'proof']])
    for await (const some of events) yield stringify(some.map((event) => csvRow(event, style)))
    yield stringify([[...columns.map(() => ''), style.cleanJson(JSON.stringify(proof()))]])
  },
}

/** Printable ASCII but for what JSON escapes: most texts, and nobody's screen obeys it. */
const harmless = /^[ !#-[\]-~]*$/

/** The details are JSON already, and stay as the database wrote them: their hash covers each blank. */
const json = (e: ExportedEvent, { cleanJson }: PaintStyle): string => {
  const text = (value: string | null): string => {
    if (value === null) return 'null'
    return harmless.test(value) ? `"${value}"` : cleanJson(JSON.stringify(value))
  }
  return `{"organization":${text(e.organization)},"seq":${Number.isNaN(e.seq) ? null : e.seq},"at":${text(e.at)},"actor":${text(e.actor)},"actorUserId":${text(e.actorUserId)},"action":${text(e.action)},"targetType":${text(e.targetType)},"targetId":${text(e.targetId)},"reason":${text(e.reason)},"ticket":${text(e.ticket)},"requestId":${text(e.requestId)},"details":${e.details === null ? null : cleanJson(e.details)},"prevHash":"${e.prevHash}","hash":"${e.hash}","organizationId":"${e.organizationId}"}`
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
