import type { DescribedProfile } from '../config/profile-book.ts'
import type { Column, View } from './view.ts'

/** What a profile itself may hold, in the order of its fields. */
export const heldKeys: readonly string[] = [
  'databaseUrl',
  'passwordCommand',
  'sslRootCert',
  'sslCert',
  'sslKey',
  'redisUrl',
  'redisClusterNodes',
  'redisSentinels',
  'redisSentinelName',
  'redisUsername',
  'redisTlsCa',
  'redisTlsCert',
  'redisTlsKey',
  'redisPrefix',
  'signingKeyFile',
  'output',
]

/** In words: what a command here uses, and what it would use elsewhere. */
const useOf = ({ current, default: usual }: DescribedProfile): string =>
  current ? (usual ? 'current' : 'current here') : usual ? 'default elsewhere' : ''

/** A named set of settings. */
export const profileView: View<DescribedProfile> = {
  kind: 'Profile',
  noun: ['profile', 'profiles'],
  columns: [
    { key: 'name', value: (p) => p.name, cell: { header: 'profile' } },
    { key: 'current', value: (p) => p.current, cell: { header: 'in use', text: useOf } },
    { key: 'default', value: (p) => p.default },
    {
      key: 'production',
      value: (p) => p.production,
      cell: {
        header: 'production',
        text: ({ production }) => (production ? 'PRODUCTION' : 'no'),
        tone: ({ production }) => (production ? 'bad' : 'plain'),
      },
    },
    { key: 'database', value: (p) => p.database, cell: { header: 'database', shrink: 1 } },
    {
      key: 'organization',
      value: (p) => p.values.organization ?? null,
      cell: { header: 'organization' },
    },
    ...heldKeys.map((key): Column<DescribedProfile> => ({ key, value: ({ values }) => values[key] ?? null })),
    { key: 'problem', value: (p) => p.problem, cell: { header: 'problem', shrink: 2, tone: () => 'bad' } },
    { key: 'settings', value: (p) => p.settings },
  ],
  id: (p) => p.name,
}

/** The same for a person: what it says, a line each, without what it leaves open. */
export const profileSheet = (profile: DescribedProfile): View<DescribedProfile> => ({
  ...profileView,
  columns: profileView.columns.filter(
    ({ key, value }) =>
      !['default', 'settings'].includes(key) && (key === 'current' || value(profile) !== null),
  ),
})
