import type { ExportProof } from './export.ts'
import type { ExportedEvent } from './exported-event.ts'

/** What stands in a line of an export: an event, the proof at its end, or something that is neither. */
export type Found =
  | { readonly event: ExportedEvent }
  | { readonly proof: ExportProof }
  | { readonly damage: string }

/** A line as it was read, counted from 1. */
export interface TextLine {
  readonly line: number
  readonly text: string
}

/** How a cell shows a text so that no spreadsheet obeys it, which is the terminal's to say. */
export type CleanCell = (text: string) => string

const text = '("[^"\\\\]*(?:\\\\.[^"\\\\]*)*"|null)'

/** An event exactly as an export writes it: what does not look like this was touched. */
const eventLine = new RegExp(
  `^\\{"organization":${text},"seq":(-?\\d+|null),"at":${text},"actor":${text},"actorUserId":${text},` +
    `"action":${text},"targetType":${text},"targetId":${text},"reason":${text},"ticket":${text},` +
    `"requestId":${text},"details":(.*),"prevHash":"([0-9a-f]*)","hash":"([0-9a-f]*)",` +
    `"organizationId":"([0-9a-f-]*)"\\}$`,
)

/** The event in a line of JSON. */
export const eventInJson = (line: string): Found => {
  const match = eventLine.exec(line)
  if (match === null) return { damage: 'it is no event as an export writes it' }
  const string = (group: number): string | null => {
    const json = match[group] ?? 'null'
    if (json === 'null') return null
    return json.includes('\\') ? decoded(json) : json.slice(1, -1)
  }
  return {
    event: {
      organization: string(1) ?? '',
      seq: match[2] === 'null' ? Number.NaN : Number(match[2]),
      at: string(3),
      actor: string(4),
      actorUserId: string(5),
      action: string(6),
      targetType: string(7),
      targetId: string(8),
      reason: string(9),
      ticket: string(10),
      requestId: string(11),
      details: asStored(match[12] ?? ''),
      prevHash: match[13] ?? '',
      hash: match[14] ?? '',
      organizationId: match[15] ?? '',
    },
  }
}

/** A string that is no JSON fits no hash either. */
const decoded = (json: string): string => {
  try {
    return String(JSON.parse(json))
  } catch {
    return json
  }
}

/**
 * Details as the database writes them: it escapes nothing but controls, quotes and backslashes; what an export
 * escapes besides, so that nobody's screen obeys it, is put back. An escaped quotation mark is part of a text to
 * whoever parses it, and put back it would end the text.
 */
const asStored = (json: string): string =>
  json.includes('\\u')
    ? json.replace(/\\(?:u([0-9a-f]{4})|[^u])/g, (as, hex: string | undefined) => {
        const char = String.fromCharCode(Number.parseInt(hex ?? '0', 16))
        return char < ' ' || char === '"' || char === '\\' ? as : char
      })
    : json

/** The columns of a row, and the last, `proof`. */
const textColumns = {
  organization: 0,
  at: 2,
  actor: 3,
  actorUserId: 4,
  action: 5,
  targetType: 6,
  targetId: 7,
  reason: 8,
  ticket: 9,
  requestId: 10,
} as const
const [details, prevHash, hash, organizationId, proof, columns] = [11, 12, 13, 14, 15, 16]

/** Rows of CSV: an event, or the proof in the last column of a row that has nothing else. */
export const csvReader = (
  parse: (text: string) => string[][],
  clean: CleanCell,
  proofOf: (text: string) => Found,
): ((lines: readonly TextLine[]) => Found[]) => {
  const found = (cells: readonly string[] | undefined): Found => {
    if (cells?.length !== columns) return { damage: 'it is no row as an export writes it' }
    return cells.slice(0, proof).every((cell) => cell === '')
      ? proofOf(cells[proof] ?? '')
      : eventInRow(cells, clean)
  }
  return (lines) => {
    const rows = attempt(parse, lines.map((line) => line.text).join('\n'))
    if (rows?.length === lines.length) return rows.map(found)
    // One broken row breaks those behind it: so each for itself.
    return lines.map((line) => found(attempt(parse, line.text)?.[0]))
  }
}

const attempt = (parse: (text: string) => string[][], lines: string): string[][] | null => {
  try {
    return parse(lines)
  } catch {
    return null
  }
}

const eventInRow = (cells: readonly string[], clean: CleanCell): Found => {
  const exact = cells[proof] === '' ? {} : exactOf(cells[proof] ?? '')
  if (exact === null) return { damage: 'its column proof cannot be read' }
  const texts = {} as Record<keyof typeof textColumns, string | null>
  for (const [name, at] of Object.entries(textColumns)) {
    const [cell = '', kept] = [cells[at], exact[name]]
    // What people read has to be what was checked.
    if (kept !== undefined && clean(kept) !== cell)
      return { damage: `its column ${name} is not what its proof says` }
    texts[name as keyof typeof textColumns] = kept ?? (cell === '' ? null : cell)
  }
  const { organization, ...others } = texts
  const event: ExportedEvent = {
    ...others,
    organization: organization ?? '',
    seq: /^-?\d+$/.test(cells[1] ?? '') ? Number(cells[1]) : Number.NaN,
    details: cells[details] === '' ? null : asStored(cells[details] ?? ''),
    prevHash: cells[prevHash] ?? '',
    hash: cells[hash] ?? '',
    organizationId: cells[organizationId] ?? '',
  }
  return { event }
}

/** The texts that their cells could not hold as they are. */
const exactOf = (json: string): Readonly<Record<string, string | undefined>> | null => {
  try {
    const value: unknown = JSON.parse(json)
    const fine =
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(([key, one]) => key in textColumns && typeof one === 'string')
    return fine ? (value as Record<string, string>) : null
  } catch {
    return null
  }
}
