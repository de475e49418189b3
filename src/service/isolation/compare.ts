import type { Outcome } from '../../postgres/inspection/attempt.ts'
import type { Names } from '../../postgres/operator-calls.ts'

/** A call with the names that it was made with. */
export interface Told {
  readonly outcome: Outcome
  readonly names: Names
}

/** Every value of an outcome by its place, with the names called by what they are. */
const flat = ({ outcome, names }: Told, anonymous: boolean): Map<string, string> => {
  const leaves = new Map<string, string>()
  const call = (text: string) => (anonymous ? called(text, names) : text)
  const walk = (value: unknown, place: string): void => {
    if (value !== null && typeof value === 'object' && !(value instanceof Date)) {
      const entries = Object.entries(value)
      leaves.set(`${place} of`, String(entries.length))
      for (const [key, inner] of entries) walk(inner, `${place}.${call(key)}`)
    } else leaves.set(place, call(String(value)))
  }
  walk(outcome, '')
  return leaves
}

/** Only whole words: a short slug may be a part of many. */
const called = (text: string, names: Names): string =>
  Object.entries(names).reduce(
    (result, [kind, name]) =>
      result.replace(
        new RegExp(
          `(?<![\\p{L}\\p{N}])${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}(?![\\p{L}\\p{N}])`,
          'gu',
        ),
        `<${kind}>`,
      ),
    text,
  )

const places = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((place) => one.get(place) !== other.get(place))

/**
 * Whether two calls told and wrote the same but for the names; `third` is a second call with names that nobody has,
 * by which one sees what is never the same twice.
 */
export const alike = (one: Told, other: Told, third?: Told): boolean => {
  const volatile = third ? new Set(places(flat(other, true), flat(third, true))) : new Set()
  return [false, true].some((anonymous) =>
    places(flat(one, anonymous), flat(other, anonymous)).every((place) => volatile.has(place)),
  )
}

/** What differs, in words that say nothing of what was told. */
export const difference = ({ outcome: one }: Told, { outcome: other }: Told): string => {
  if (one.failure?.code !== other.failure?.code)
    return `${answerOf(one)} for the foreign, ${answerOf(other)} for one that nobody has`
  if (one.failure) return `another message, both with ${one.failure.code}`
  if (one.rows?.length !== other.rows?.length)
    return `rows: ${one.rows?.length} for the foreign, ${other.rows?.length} for one that nobody has`
  if (one.record?.length !== other.record?.length)
    return `events on record: ${one.record?.length} for the foreign, ${other.record?.length} for one that nobody has`
  return JSON.stringify(one.rows) === JSON.stringify(other.rows)
    ? 'another record'
    : 'other values in the answer'
}

const answerOf = ({ failure }: Outcome): string => (failure ? `SQLSTATE ${failure.code}` : 'an answer')
