import type { CallableFunction } from '../../postgres/inspection/attempt.ts'
import type { Arguments, Names } from '../../postgres/operator-calls.ts'

const ids = ['session', 'user', 'grant', 'jti', 'organization', 'request'] as const
const words = ['slug', 'email', 'login', 'ticket', ...ids] as const

/**
 * Calls of a function that this tool does not know, by the names and types of its arguments: each id in each place
 * that could take one. None where nothing could.
 */
export const guessedCalls = (
  { argumentNames, argumentTypes }: CallableFunction,
  names: Names,
): Arguments[] => {
  const places = argumentTypes.map((type, at) => ({ name: argumentNames[at] ?? '', type }))
  if (places.some(({ name }) => name === '')) return []
  const plain = Object.fromEntries(places.map(({ name, type }) => [name, harmless(name, type)]))
  return places.flatMap(({ name, type }) =>
    kindsFor(name, type).map((kind) => ({
      ...plain,
      [name]: type.endsWith('[]')
        ? [names[kind]]
        : type === 'jsonb'
          ? JSON.stringify({ [kind]: names[kind] })
          : names[kind],
    })),
  )
}

const kindsFor = (name: string, type: string): readonly (keyof Names)[] => {
  const base = type.replace(/\[\]$/, '')
  const all = base === 'uuid' ? ids : base === 'text' || base === 'jsonb' ? words : []
  const meant = all.filter((kind) => name.includes(kind))
  return meant.length > 0 ? meant : all
}

const harmless = (name: string, type: string): unknown => {
  if (/limit|count|size/.test(name)) return 100
  if (/reason/.test(name) && type === 'text') return 'why not'
  if (/reason/.test(name) && type === 'text[]') return ['why not']
  return null
}
