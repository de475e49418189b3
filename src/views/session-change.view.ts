import type { SessionChange } from '../service/sessions/watch.ts'
import { sessionView } from './session.view.ts'
import { timeText } from './time.ts'
import { shortUserAgent } from './user-agent.ts'
import type { Column, Tone, View } from './view.ts'

const words: Record<SessionChange['event'], string> = {
  login: 'login',
  refresh: 'refreshed',
  revoked: 'revoked',
  expired: 'expired',
}

const tone = ({ event }: SessionChange): Tone =>
  event === 'login' ? 'good' : event === 'revoked' ? 'bad' : event === 'expired' ? 'warn' : 'dim'

const causeText = ({ event, revokedBy, revokeReason }: SessionChange): string =>
  event === 'revoked' ? `by ${revokedBy ?? ''}: ${revokeReason ?? ''}` : ''

const deviceText = ({ deviceName, deviceType, userAgent }: SessionChange): string =>
  deviceName ?? (userAgent === null ? (deviceType ?? '') : shortUserAgent(userAgent))

const own: readonly Column<SessionChange>[] = [
  { key: 'event', value: (c) => c.event, cell: { header: 'event', text: (c) => words[c.event], tone } },
  { key: 'at', value: (c) => c.at, cell: { header: 'when', text: (c, at) => timeText(c.at, at) } },
  { key: 'refreshTokenId', value: (c) => c.refreshTokenId },
]
const shown: readonly string[] = ['id', 'userEmail', 'deviceName', 'ip']

/** What became of a session: the event, then the session's fields. */
export const sessionChangeView: View<SessionChange> = {
  kind: 'SessionChange',
  noun: ['event', 'events'],
  columns: [
    ...own,
    ...sessionView.columns.map(({ key, value, cell }): Column<SessionChange> => {
      if (cell === undefined || !shown.includes(key)) return { key, value }
      const { wide: _, ...narrow } = cell
      return { key, value, cell: { ...narrow, shrink: key === 'id' ? 0 : 1 } }
    }),
  ],
  id: (c) => c.id,
}

/** The same for a screen, with the cause of an end. */
export const watchedView: View<SessionChange> = {
  ...sessionChangeView,
  columns: [
    ...sessionChangeView.columns,
    { key: 'cause', value: causeText, cell: { header: 'cause', shrink: 3 } },
  ],
}

/** One event as one line, for a pipe and for a screen reader. */
export const changeLine = (change: SessionChange): string =>
  [
    change.at,
    words[change.event].padEnd(9),
    change.userEmail ?? change.userId,
    deviceText(change) || '-',
    change.ip ?? '-',
    change.id,
    causeText(change),
  ]
    .join('  ')
    .trimEnd()
