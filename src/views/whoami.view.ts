import type { WhoAmI } from '../service/identity.ts'
import { timeText } from './time.ts'
import type { View } from './view.ts'

const roleWords: Record<string, string> = {
  org_admin: 'org admin',
  global_admin: 'global admin',
  auditor: 'auditor',
  none: 'none: this user’s role carries no rights here',
}

/** Who this login is. */
export const whoamiView: View<WhoAmI> = {
  kind: 'Identity',
  noun: ['identity', 'identities'],
  columns: [
    { key: 'login', value: (w) => w.login, cell: { header: 'login' } },
    { key: 'kind', value: (w) => w.kind, cell: { header: 'kind' } },
    {
      key: 'role',
      value: (w) => w.role,
      cell: { header: 'role', text: (w) => (w.role ? (roleWords[w.role] ?? w.role) : '') },
    },
    {
      key: 'user',
      value: (w) => w.user,
      cell: { header: 'user', text: (w) => (w.user ? `${w.user.name} <${w.user.email}>` : '') },
    },
    {
      key: 'organizations',
      value: (w) => w.organizations,
      cell: {
        header: 'organizations',
        text: (w, at) =>
          w.organizations
            .map(({ slug, through, until }) =>
              through === 'own' ? `${slug} (own)` : `${slug} (grant, until ${timeText(until, at)})`,
            )
            .join(', ') || 'none',
      },
    },
    {
      key: 'commands',
      value: (w) => w.commands,
      cell: { header: 'may run', text: (w) => w.commands.join(', ') },
    },
    { key: 'database', value: (w) => w.database, cell: { header: 'database' } },
    { key: 'tls', value: (w) => w.tls, cell: { header: 'tls', text: (w) => w.tls ?? 'none' } },
    { key: 'blocklistMode', value: (w) => w.blocklistMode, cell: { header: 'blocklist' } },
    { key: 'schemaVersion', value: (w) => w.schemaVersion, cell: { header: 'schema' } },
  ],
  id: (w) => w.login,
}
