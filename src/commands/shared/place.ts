import type { Context } from '../../context.ts'

/** Where an act happens, before it is asked for: the profile, its mark in words, the database and its host. */
export const placeOf = ({ settings: { profile, production, database, found } }: Context): string => {
  const named = profile.value === null ? '' : `Profile ${profile.value}${production ? ' (PRODUCTION)' : ''}`
  if (database?.kind !== 'server') return named === '' ? 'Embedded store' : `${named}, embedded store`
  const hosts = database.hosts.map(({ host, port }) => (port === 5432 ? host : `${host}:${port}`))
  const place = `${database.database} at ${hosts.join(', ')}`
  if (named === '') return place
  const by = found.PGHOST ?? found.PGHOSTADDR ?? found.PGDATABASE
  // Whoever reads the profile's name must not take its database for the one that is meant.
  return by && by.source !== 'profile' ? `${named}, but by ${by.name} ${place}` : `${named}, ${place}`
}
