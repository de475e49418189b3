import { type Command, Option } from 'commander'
import type { Context } from '../context.ts'
import type { Trace } from '../service/trace.ts'
import {
  neighbourView,
  tracedAccessTokenView,
  tracedGrantView,
  tracedRefreshTokenView,
  tracedSessionView,
  tracedUserView,
  traceHeadView,
  traceView,
  usableSessionView,
} from '../views/trace.view.ts'
import { counted, purposeOf, type ReasonOptions, reasonOptions } from './shared/acting.ts'
import { parseDuration, parseOrganization, parseText } from './shared/parsers.ts'
import { endsOfLook, teach } from './shared/teaching.ts'

interface TraceOptions extends ReasonOptions {
  readonly org?: string
  readonly window: string
}

const usualWindow = 'PT86400S'

export const registerTrace = (command: Command, context: Context, run = trace): void => {
  teach(command, {
    examples: [
      ['An address', 'meanderctl trace 203.0.113.9 --ticket INC-42'],
      [
        'End what it names',
        'meanderctl trace 203.0.113.9 -o id | meanderctl sessions revoke --from - --reason "stolen token" --ticket INC-42 --max-affected 10 --yes',
      ],
    ],
    ends: endsOfLook,
    unlike: { 'sessions list --ip': 'shows what came from an address, and nothing connected to it' },
    notes: `What the fact is taken for is recognised, and said. Sessions that are still active are found whatever their age; ended ones when they were used within the window.

-o id gives the usable sessions of the people whom the fact names. Sessions of others who share an address or a device are shown, and not among them.`,
  })
    .argument(
      '<fact>',
      'address, CIDR, user agent, device, session, refresh token, jti, user or e-mail',
      parseText,
    )
    .option('--org <slug|id>', 'in this organization', parseOrganization)
    .addOption(
      new Option('--window <duration>', 'how far apart in time is still together')
        .argParser(parseDuration)
        .default(usualWindow, '1d'),
    )
    .action((fact: string, options: TraceOptions) => run(fact, options, context))
  reasonOptions(command)
}

export const trace = async (fact: string, options: TraceOptions, context: Context): Promise<void> => {
  const { trace: tracing } = await context.service()
  const organization = options.org ?? context.settings.organization.value
  const found = await tracing.find(
    { fact: fact.trim(), window: options.window, organization },
    purposeOf(options, context),
  )
  const { show, terminal } = context
  if (show.format === 'id') {
    if (found.usableSessions.length === 0) terminal.note('Nothing of this is usable any more.')
    return show.list(usableSessionView, found.usableSessions)
  }
  if (show.format !== 'table' && show.format !== 'wide') return show.item(traceView, found)
  await showSections(found, options, context)
}

/** A word as a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

const showSections = async (
  found: Trace,
  { org, window }: TraceOptions,
  { show, terminal }: Context,
): Promise<void> => {
  const related = (relation: string) => found.sessions.filter((session) => session.relation === relation)
  const [matches, siblings, neighbours] = [related('match'), related('sibling'), related('neighbour')]
  await show.item(traceHeadView, found)
  await show.section('Users', tracedUserView, found.users)
  await show.section('Sessions', tracedSessionView, matches)
  await show.section('Other sessions of the same users', tracedSessionView, siblings)
  await show.section('Sessions of others, by what they share', neighbourView, neighbours)
  await show.section('Refresh chain', tracedRefreshTokenView, found.chain)
  await show.section('Live access tokens', tracedAccessTokenView, found.accessTokens)
  await show.section('Support access grants', tracedGrantView, found.grants)
  const { counts, usableSessions } = found
  const all = counts.matches + counts.siblings + counts.neighbours
  if (found.sessions.length < all) {
    terminal.note(`${found.sessions.length} of ${all} sessions shown; -o id names every usable one.`)
  }
  if (usableSessions.length > 0) {
    const narrowed = [
      ...(org === undefined ? [] : [`--org ${quoted(org)}`]),
      ...(window === usualWindow ? [] : [`--window ${window.replace(/^PT(\d+)S$/, '$1s')}`]),
    ]
    const again = ['meanderctl trace', quoted(found.fact), ...narrowed, '-o id'].join(' ')
    terminal.note(
      `${counted(usableSessions.length, 'session')} still usable. To end them: ${again} | meanderctl sessions revoke --from -`,
    )
  }
}
