import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { SessionSelector, SessionSort } from '../../service/sessions/sessions.ts'
import {
  parseDuration,
  parseGrant,
  parseNetwork,
  parseOrganization,
  parseText,
  parseTime,
  parseUser,
} from './parsers.ts'

/** Which sessions are meant: the same on every command that names sessions. */
export interface SelectorOptions {
  readonly org?: string
  readonly user?: string
  readonly mine?: boolean
  readonly kind?: 'mobile' | 'portal'
  readonly device?: string
  readonly userAgent?: string
  readonly ip?: string
  readonly grant?: string
  readonly state?: 'active' | 'expired' | 'revoked' | 'any'
  readonly idleFor?: string
  readonly activeWithin?: string
  readonly createdBefore?: string
  readonly createdAfter?: string
  readonly sort?: SessionSort
}

/** @param usualState the state that is meant where none is named. */
export const selectorOptions = (command: Command, usualState = 'active'): Command =>
  command
    .option('--org <slug|id>', 'of this organization', parseOrganization)
    .option('--user <email|id>', 'of this user', parseUser)
    .option('--mine', 'my own, whatever my role')
    .addOption(new Option('--kind <kind>', 'of this kind').choices(['mobile', 'portal']))
    .option('--device <text>', 'whose device type or name contains this', parseText)
    .option('--user-agent <text>', 'whose user agent contains this', parseText)
    .option('--ip <address|cidr>', 'from this address or network', parseNetwork)
    .option('--grant <id>', 'opened under this support access grant', parseGrant)
    .addOption(
      new Option('--state <state>', `in this state (default ${usualState})`).choices([
        'active',
        'expired',
        'revoked',
        'any',
      ]),
    )
    .option('--idle-for <duration>', 'without activity for longer than this', parseDuration)
    .option('--active-within <duration>', 'with activity within this', parseDuration)
    .option('--created-before <time>', 'created before this', parseTime)
    .option('--created-after <time>', 'created after this', parseTime)

/** The flag of every list of sessions. */
export const sortOption = (command: Command): Command =>
  command.addOption(
    new Option(
      '--sort <order>',
      'newest first by (default last-activity for active sessions, else created)',
    ).choices(['last-activity', 'created']),
  )

/** Which sessions a command is about, and in which order. */
export interface Selection {
  readonly selector: SessionSelector
  readonly scope: 'reach' | 'own'
  readonly sort: SessionSort
  /** What the person narrowed by: empty is nothing, and never "all". `state` and `sort` alone narrow nothing. */
  readonly narrowedBy: readonly string[]
}

/** The selection that options and MEANDERCTL_ORG make. @throws MeanderError USAGE for what cannot go together. */
export const selectionOf = (options: SelectorOptions, context: Context): Selection => {
  const { mine, org, sort, state, ...others } = options
  if (mine && options.user !== undefined) {
    throw new MeanderError('USAGE', '--mine and --user contradict each other.', { hint: 'Give one of them.' })
  }
  const narrowing = Object.fromEntries(
    selectorKeys.flatMap((key) => (others[key] === undefined ? [] : [[key, others[key]]])),
  )
  // Where one usually works does not narrow the own sessions: those of the staff are in no tenant.
  const organization = org ?? (mine ? undefined : (context.settings.organization.value ?? undefined))
  return {
    selector: {
      ...narrowing,
      ...(organization === undefined ? {} : { organization }),
      ...(state === undefined ? {} : { state }),
    },
    scope: mine ? 'own' : 'reach',
    // Only active sessions have an index by activity: the others would be sorted whole for one page.
    sort: sort ?? (state === undefined || state === 'active' ? 'last-activity' : 'created'),
    narrowedBy: [...Object.keys(narrowing), ...(mine ? ['mine'] : []), ...(org === undefined ? [] : ['org'])],
  }
}

const selectorKeys = [
  'user',
  'kind',
  'device',
  'userAgent',
  'ip',
  'grant',
  'idleFor',
  'activeWithin',
  'createdBefore',
  'createdAfter',
] as const
