import type { Timeline, TimelineStep } from '../service/audit/audit.ts'
import { durationText } from './time.ts'
import type { View } from './view.ts'

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

/** `2026-01-31 12:00:05`: in UTC, and to the second. */
export const clockText = (moment: string): string => moment.slice(0, 19).replace('T', ' ')

/** What was done: the action, or the call that an intent was for. */
export const actionText = ({ action, function: called }: TimelineStep): string =>
  called === null ? action : `${action} ${called}`

/** `12 sessions`, `user 0190…`. */
export const targetText = ({ targetType, targetIds }: TimelineStep): string =>
  targetIds.length === 1 ? `${targetType} ${targetIds[0]}` : counted(targetIds.length, targetType)

/** `accessTokensBlocked 3` as `access tokens blocked 3`: what the events say of themselves, added up. */
export const sumsText = ({ sums }: TimelineStep): string =>
  Object.entries(sums)
    .map(([name, amount]) => `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${amount}`)
    .join(', ')

/** `5 events in 3 steps by gro, kari, from … to … (UTC): 3 min 12 s.` */
export const spanText = ({
  events,
  steps,
  operators,
  startedAt,
  endedAt,
  durationSeconds,
}: Timeline): string =>
  `${counted(events, 'event')} in ${counted(steps.length, 'step')} by ${operators.join(', ')}, from ${clockText(startedAt ?? '')} to ${clockText(endedAt ?? '')} (UTC): ${durationText(durationSeconds)}.`

/** One step of a timeline: moments in full, because it is read long afterwards. */
export const timelineStepView: View<TimelineStep> = {
  kind: 'TimelineStep',
  noun: ['step', 'steps'],
  columns: [
    {
      key: 'startedAt',
      value: (s) => s.startedAt,
      cell: { header: 'when (UTC)', text: (s) => clockText(s.startedAt) },
    },
    {
      key: 'endedAt',
      value: (s) => s.endedAt,
      cell: { header: 'until', text: (s) => clockText(s.endedAt), wide: true },
    },
    {
      key: 'sincePreviousSeconds',
      value: (s) => s.sincePreviousSeconds,
      cell: {
        header: 'after',
        text: (s) => (s.sincePreviousSeconds === null ? '' : durationText(s.sincePreviousSeconds)),
        align: 'right',
      },
    },
    {
      key: 'sinceStartSeconds',
      value: (s) => s.sinceStartSeconds,
      cell: { header: 'in all', text: (s) => durationText(s.sinceStartSeconds), align: 'right' },
    },
    { key: 'organization', value: (s) => s.organization, cell: { header: 'organization', wide: true } },
    { key: 'actor', value: (s) => s.actor, cell: { header: 'actor', shrink: 3 } },
    { key: 'actorUserId', value: (s) => s.actorUserId },
    {
      key: 'action',
      value: (s) => s.action,
      cell: {
        header: 'action',
        text: actionText,
        tone: ({ action }) => (action.endsWith('_refused') ? 'bad' : 'plain'),
      },
    },
    { key: 'function', value: (s) => s.function },
    { key: 'events', value: (s) => s.events },
    { key: 'fromSeq', value: (s) => s.fromSeq },
    { key: 'toSeq', value: (s) => s.toSeq },
    { key: 'targetType', value: (s) => s.targetType },
    {
      key: 'targetIds',
      value: (s) => s.targetIds,
      cell: { header: 'target', text: targetText, shrink: 2 },
    },
    {
      key: 'reason',
      value: (s) => s.reason,
      cell: { header: 'reason', text: (s) => s.reason ?? '', shrink: 1 },
    },
    {
      key: 'ticket',
      value: (s) => s.ticket,
      cell: { header: 'ticket', text: (s) => s.ticket ?? '', wide: true },
    },
    { key: 'requestId', value: (s) => s.requestId },
    { key: 'sums', value: (s) => s.sums, cell: { header: 'in numbers', text: sumsText, wide: true } },
  ],
  id: (s) => `${s.organization}/${s.fromSeq}`,
}

/** The timeline as one thing, for programs. */
export const timelineView: View<Timeline> = {
  kind: 'Timeline',
  noun: ['timeline', 'timelines'],
  columns: [
    { key: 'selector', value: (t) => t.selector },
    { key: 'startedAt', value: (t) => t.startedAt },
    { key: 'endedAt', value: (t) => t.endedAt },
    { key: 'durationSeconds', value: (t) => t.durationSeconds },
    { key: 'events', value: (t) => t.events },
    { key: 'organizations', value: (t) => t.organizations },
    { key: 'operators', value: (t) => t.operators },
    { key: 'heads', value: (t) => t.heads },
    { key: 'steps', value: (t) => t.steps },
  ],
  id: (t) => t.selector.ticket ?? '',
}
