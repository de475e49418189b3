/** How PostgreSQL's text becomes a value, by the type's oid; the same for a server and for the embedded store. */

const same = (text: string): string => text

/** `2026-01-31 12:00:00.1+00` of a session in UTC as RFC 3339 with all microseconds; infinity stays a word. */
export const timestamp = (text: string): string => {
  const match = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(text)
  return match ? `${match[1]}T${match[2]}.${(match[3] ?? '').padEnd(6, '0')}Z` : text
}

/** A number where no digit is lost. */
const integer = (text: string): number | string => {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

/** date, time, timestamp without zone and interval stay as the server writes them: a Date would invent a zone. */
export const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  20: integer,
  114: JSON.parse,
  1082: same,
  1083: same,
  1114: same,
  1184: timestamp,
  1186: same,
  3802: JSON.parse,
}

/** Arrays of those above, by the oid of the array. */
export const arrayElements: Readonly<Record<number, number>> = {
  199: 114,
  1016: 20,
  1115: 1114,
  1182: 1082,
  1185: 1184,
  1187: 1186,
  3807: 3802,
}
