import type { Identity } from '../postgres/identity.ts'

type Who = 'org_admin' | 'global_admin' | 'auditor' | 'administrator' | 'publisher' | 'own'

/**
 * Who may run what, for `whoami`: the database decides each call anew, this only says it beforehand. `own` is any
 * operator, for the own sessions.
 */
const permissions: readonly { readonly command: string; readonly who: readonly Who[] }[] = [
  { command: 'sessions list', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'sessions list --mine', who: ['own'] },
  { command: 'sessions show', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'sessions revoke', who: ['org_admin', 'global_admin'] },
  { command: 'sessions revoke --mine', who: ['own'] },
  { command: 'sessions stats', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'sessions stats --mine', who: ['own'] },
  { command: 'sessions watch', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'sessions watch --mine', who: ['own'] },
  { command: 'sessions sweep', who: ['org_admin', 'global_admin', 'administrator'] },
  { command: 'sessions policy show', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'sessions policy set', who: ['org_admin'] },
  { command: 'users list', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'users show', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'users sign-out', who: ['org_admin', 'global_admin', 'administrator'] },
  { command: 'users offboard', who: ['org_admin', 'global_admin', 'administrator'] },
  { command: 'users reinstate', who: ['org_admin'] },
  { command: 'users verify', who: ['org_admin', 'global_admin', 'auditor', 'administrator'] },
  { command: 'grants list', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'grants show', who: ['org_admin', 'global_admin', 'auditor'] },
  { command: 'grants create', who: ['org_admin'] },
  { command: 'grants revoke', who: ['org_admin', 'global_admin'] },
  { command: 'apply', who: ['org_admin', 'global_admin'] },
  { command: 'audit list', who: ['org_admin', 'global_admin', 'auditor', 'administrator'] },
  { command: 'audit timeline', who: ['org_admin', 'global_admin', 'auditor', 'administrator'] },
  { command: 'audit checkpoint', who: ['org_admin', 'global_admin', 'auditor', 'administrator'] },
  { command: 'audit verify', who: ['org_admin', 'global_admin', 'auditor', 'administrator'] },
  { command: 'audit export', who: ['org_admin', 'global_admin', 'auditor', 'administrator'] },
  { command: 'trace', who: ['org_admin', 'global_admin', 'auditor'] },
  {
    command: 'blocklist status',
    who: ['org_admin', 'global_admin', 'auditor', 'administrator', 'publisher'],
  },
  { command: 'blocklist check', who: ['org_admin', 'global_admin', 'auditor', 'administrator', 'publisher'] },
  { command: 'blocklist sync', who: ['org_admin', 'global_admin', 'administrator', 'publisher'] },
  { command: 'blocklist sync --follow', who: ['administrator', 'publisher'] },
  { command: 'blocklist rebuild', who: ['org_admin', 'global_admin', 'administrator', 'publisher'] },
  { command: 'operators list', who: ['administrator'] },
  { command: 'operators add', who: ['administrator'] },
  { command: 'operators enable', who: ['administrator'] },
  { command: 'operators disable', who: ['administrator'] },
  { command: 'operators remove', who: ['administrator'] },
  { command: 'db migrate', who: ['administrator'] },
  { command: 'db status', who: ['administrator'] },
  { command: 'doctor', who: ['own', 'administrator', 'publisher'] },
  { command: 'doctor isolation', who: ['own'] },
]

/** The commands that this login may run now; a global admin's only while a grant is live. */
export const commandsOf = (identity: Identity): string[] => {
  const is = new Set<string>(identity.kind === 'operator' ? ['own'] : [identity.kind])
  if (identity.role && identity.organizations.length > 0) is.add(identity.role)
  return permissions.filter(({ who }) => who.some((one) => is.has(one))).map(({ command }) => command)
}
