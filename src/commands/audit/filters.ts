import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import type { AuditSelector } from '../../service/audit/audit.ts'
import { parseOrganization, parseText, parseTime } from '../shared/parsers.ts'
import { wanting } from '../shared/wanted.ts'

/** What `--ticket`, one of the reason options, is on the commands that read the record. */
export const ticketFilter = 'of this case; a look under a grant is recorded with it'

const parseAction = wanting<string>(async () => {
  const { auditActions } = await import('../../service/audit/actions.ts')
  return auditActions.map(({ action, says }) => [action, says])
}, parseText)

/** Which events are meant: the same on every command that reads the record, with `--ticket`. */
export interface FilterOptions {
  readonly org?: string
  readonly since?: string
  readonly until?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly ticket?: string
}

/** The flags of every command that reads the record. */
export const filterOptions = (command: Command): Command =>
  command
    .option('--org <slug|id>', 'of this organization', parseOrganization)
    .option('--since <time>', 'from this moment on', parseTime)
    .option('--until <time>', 'before this moment', parseTime)
    .option('--actor <login>', 'by this login', parseText)
    .option('--action <action>', 'this action, such as session.revoked', parseAction)
    .option('--target <id>', 'about this session, user, operator or organization', parseText)

/** What options and MEANDERCTL_ORG select. */
export const selectorOf = (options: FilterOptions, context: Context): AuditSelector => {
  const { org, since, until, actor, action, target, ticket } = options
  const organization = org ?? context.settings.organization.value
  const given = { organization, since, until, actor, action, target, ticket }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value != null))
}
