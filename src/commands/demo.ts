import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { MeanderError } from '../errors.ts'
import { auditEventView } from '../views/audit-event.view.ts'
import { revokedSessionView } from '../views/revocation.view.ts'
import { sessionView } from '../views/session.view.ts'
import { teach } from './shared/teaching.ts'

export const registerDemo = (command: Command, context: Context, run = demo): void => {
  teach(command, {
    examples: [
      ['From a lost phone to its record', 'meanderctl demo'],
      ['Once more, from the beginning', 'meanderctl demo --reset'],
    ],
    ends: ['NOT_ENDED'],
    formats: ['table', 'wide'],
  })
    .option('--reset', 'throw the store away and start over')
    .action((options: { reset?: boolean }) => run(options, context))
}

const owner = 'ingrid.solberg@hlf.example'
const purpose = { reason: 'Lost phone, reported by its owner', ticket: 'DEMO-1' }

/** The main job from beginning to end, on a store of its own. */
export const demo = async ({ reset = false }: { reset?: boolean }, context: Context): Promise<void> => {
  const { show, terminal } = context
  if (show.format !== 'table' && show.format !== 'wide') {
    throw new MeanderError('USAGE', 'The demo is for reading: it has no other output form.', {
      hint: 'For programs: meanderctl --profile demo sessions list -o json',
    })
  }
  const say = (...lines: string[]) => terminal.write(lines.map((line) => `${line}\n`))
  const progress = terminal.progress('Opening the demo’s store; the first time takes some seconds')
  const { made, folder, service, phone } = await context.openDemo({ reset })
  progress.stop()
  const told = async () => {
    const [refresh, api] = [await phone.refresh(), await phone.callApi()]
    await say(
      `  refresh      ${refresh.accepted ? 'accepted' : 'REFUSED'}: ${refresh.message}`,
      `  access token ${api.accepted ? 'accepted' : 'REFUSED'}: ${api.message}`,
    )
    return !refresh.accepted && !api.accepted
  }

  await say(
    `${made ? 'Made' : 'Opened'} a store with three organizations and their people:`,
    folder,
    'You are kari, org admin of hlf. Ingrid Solberg calls: her phone is gone.',
    '',
    'The phone, in somebody else’s hands:',
  )
  await told()

  await say('', `$ meanderctl sessions list --user ${owner}`)
  const query = { selector: { user: owner }, scope: 'reach', sort: 'last-activity', cursor: null } as const
  const { items } = await service.sessions.list(query, purpose, 50)
  await show.list(sessionView, items)

  await say(
    '',
    `$ meanderctl sessions revoke ${phone.sessionId} \\`,
    `    --reason "${purpose.reason}" --ticket ${purpose.ticket}`,
  )
  const { result } = await service.sessions.revoke({
    ids: [phone.sessionId],
    scope: 'reach',
    organizations: null,
    purpose,
    dryRun: false,
    request: null,
  })
  await show.list(revokedSessionView, result.items)

  await say('', 'The same phone, a moment later:')
  const ended = await told()

  await say('', `$ meanderctl audit list --target ${phone.sessionId}`)
  const record = await service.audit.list(
    { selector: { target: phone.sessionId }, cursor: null },
    purpose,
    10,
  )
  await show.list(auditEventView, record.items)

  await say(
    '',
    ended ? 'Ended: now, completely, on the record.' : 'Something is still usable: this must not be.',
    'Go on by yourself, as kari: meanderctl --profile demo sessions list',
    'In a clone of the source, meanderctl is: node bin/meanderctl.js',
    'Start over: meanderctl demo --reset',
    'Your own database: set DATABASE_URL, then meanderctl db migrate',
  )
  if (!ended) context.end('NOT_ENDED')
}
