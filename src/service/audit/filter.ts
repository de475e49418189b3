import type { AuditSelector } from '../../postgres/audit.ts'
import { microseconds } from '../cursor.ts'
import type { ExportedEvent } from './exported-event.ts'

/** Which events are meant, whoever's they are; the moments are moments, not durations. */
export type EventFilter = Omit<AuditSelector, 'organization'>

/** The same filter with durations ago as the moments that they are at `now`: so they mean one moment on every page. */
export const fixed = (filter: EventFilter, now: string): EventFilter =>
  Object.fromEntries(
    Object.entries(filter).map(([key, value]) => [
      key,
      key === 'since' || key === 'until' ? momentOf(value, now) : value,
    ]),
  )

const momentOf = (value: string, now: string): string => {
  const seconds = /^PT(\d+)S$/.exec(value)?.[1]
  return seconds === undefined ? value : new Date(Date.parse(now) - Number(seconds) * 1000).toISOString()
}

/** Whether a filter chooses this event, as the database decides it; `at` in microseconds since 1970. */
export const chooses = (
  filter: EventFilter,
  event: Pick<ExportedEvent, 'actor' | 'action' | 'targetId' | 'ticket'>,
  at: number,
): boolean =>
  (filter.since === undefined || at >= Number(microseconds(filter.since))) &&
  (filter.until === undefined || at < Number(microseconds(filter.until))) &&
  (filter.actor === undefined || event.actor === filter.actor) &&
  (filter.action === undefined || event.action === filter.action) &&
  (filter.target === undefined || event.targetId === filter.target) &&
  (filter.ticket === undefined || event.ticket === filter.ticket)
