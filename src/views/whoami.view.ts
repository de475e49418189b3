import type { WhoAmI } from '../service/identity.ts'
import { timeText } from './time.ts'
import type { View } from './view.ts'

const roleWords: Record<string, string> = {
  org_admin: 'org admin',
  global_admin: 'global admin',
  auditor: 'auditor',
  none: 'none: this user’s role carries no rights here',
}

/** `sessions list, show; users list`: the noun once. A form of a command that anybody may run follows from it. */
const grouped = (commands: readonly string[]): string => {
  const nouns = new Map<string, string[]>()
  for (const command of commands) {
    const [noun = '', ...verb] = command.split(' ')
    if (verb.at(-1) === '--mine' && commands.includes(command.replace(' --mine', ''))) continue
    nouns.set(noun, [...(nouns.get(noun) ?? []), verb.join(' ')])
  }
  return [...nouns]
    .map(([noun, [first = '', ...more]]) =>
      [`${noun} ${first}`.trim(), ...more.map((verb) => (first === '' ? `${noun} ${verb}` : verb))].join(
        ', ',
      ),
    )
    .join('; ')
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
              through === 'own'
                ? `${slug} (own)`
                : `${slug} (grant, ${at.relative ? 'ends' : 'until'} ${timeText(until, at)})`,
            )
            .join(', ') || 'none',
      },
    },
    {
      key: 'commands',
      value: (w) => w.commands,
      cell: { header: 'may run', text: (w) => grouped(w.commands) },
    },
    { key: 'database', value: (w) => w.database, cell: { header: 'database' } },
    { key: 'tls', value: (w) => w.tls, cell: { header: 'tls', text: (w) => w.tls ?? 'none' } },
    { key: 'blocklistMode', value: (w) => w.blocklistMode, cell: { header: 'blocklist' } },
    { key: 'schemaVersion', value: (w) => w.schemaVersion, cell: { header: 'schema' } },
  ],
  id: (w) => w.login,
}
