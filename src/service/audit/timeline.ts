import type { AuditEvent, AuditSelector } from '../../postgres/audit.ts'

/** Events that one command of one operator left behind, one after the other. */
export interface TimelineStep {
  readonly organization: string
  readonly startedAt: string
  readonly endedAt: string
  /** From the end of the step before to the start of this one; null for the first. */
  readonly sincePreviousSeconds: number | null
  readonly sinceStartSeconds: number
  readonly actor: string
  readonly actorUserId: string | null
  readonly action: string
  /** What an intent was for. */
  readonly function: string | null
  readonly events: number
  readonly fromSeq: number
  readonly toSeq: number
  readonly targetType: string
  readonly targetIds: readonly string[]
  readonly reason: string | null
  readonly ticket: string | null
  readonly requestId: string | null
  /** The numbers and the lengths of the lists in the events' details, added up. */
  readonly sums: Readonly<Record<string, number>>
}

/** A whole incident in order, across commands, operators and organizations. */
export interface Timeline {
  readonly selector: AuditSelector
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly durationSeconds: number
  readonly events: number
  readonly organizations: readonly string[]
  readonly operators: readonly string[]
  /** The newest event of each organization among these: `audit verify` finds the same hash there. */
  readonly heads: readonly { readonly organization: string; readonly seq: number; readonly hash: string }[]
  readonly steps: readonly TimelineStep[]
}

/** A command that pauses for longer than this between two events has stopped and begun again. */
const pauseSeconds = 60

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.round(Date.parse(to) - Date.parse(from)) / 1000)

const functionOf = ({ details }: AuditEvent): string | null =>
  typeof details.function === 'string' ? details.function : null

/** What all events of one command have in common. */
const commandOf = (event: AuditEvent): string => {
  const { organization, actor, action, targetType, reason, ticket, requestId } = event
  return JSON.stringify([
    ...[organization, actor, action, functionOf(event), targetType, reason, ticket, requestId],
  ])
}

const add = (sums: Record<string, number>, details: AuditEvent['details']): void => {
  for (const [key, value] of Object.entries(details)) {
    const amount = Array.isArray(value) ? value.length : typeof value === 'number' ? value : null
    if (amount !== null) sums[key] = (sums[key] ?? 0) + amount
  }
}

interface Gathered {
  readonly command: string
  /** Of the events gathered so far. */
  first: AuditEvent
  readonly last: AuditEvent
  readonly targetIds: string[]
  readonly sums: Record<string, number>
}

/** Gathers events, which come newest first, into steps in the order in which they happened. */
export const timelineOf = async (
  selector: AuditSelector,
  newestFirst: AsyncIterable<AuditEvent>,
): Promise<Timeline> => {
  const gathered: Gathered[] = []
  const heads = new Map<string, { organization: string; seq: number; hash: string }>()
  for await (const event of newestFirst) {
    const { organization, seq, hash } = event
    if (!heads.has(organization)) heads.set(organization, { organization, seq, hash })
    const command = commandOf(event)
    let step = gathered.at(-1)
    if (step?.command !== command || secondsBetween(event.at, step.first.at) > pauseSeconds) {
      step = { command, first: event, last: event, targetIds: [], sums: {} }
      gathered.push(step)
    }
    step.first = event
    step.targetIds.push(event.targetId)
    add(step.sums, event.details)
  }
  gathered.reverse()
  const [start, end] = [gathered[0]?.first, gathered.at(-1)?.last]
  const steps = gathered.map(({ first, last, targetIds, sums }, index): TimelineStep => {
    const { organization, actor, actorUserId, action, targetType, reason, ticket, requestId } = first
    const before = gathered[index - 1]?.last
    return {
      organization,
      startedAt: first.at,
      endedAt: last.at,
      sincePreviousSeconds: before ? secondsBetween(before.at, first.at) : null,
      sinceStartSeconds: secondsBetween(start?.at ?? first.at, first.at),
      actor,
      actorUserId,
      action,
      function: functionOf(first),
      events: targetIds.length,
      fromSeq: first.seq,
      toSeq: last.seq,
      targetType,
      targetIds: targetIds.reverse(),
      reason,
      ticket,
      requestId,
      sums,
    }
  })
  return {
    selector,
    startedAt: start?.at ?? null,
    endedAt: end?.at ?? null,
    durationSeconds: start && end ? secondsBetween(start.at, end.at) : 0,
    events: steps.reduce((sum, { events }) => sum + events, 0),
    organizations: [...new Set(steps.map(({ organization }) => organization))].sort(),
    operators: [...new Set(steps.map(({ actor }) => actor))].sort(),
    heads: [...heads.values()].sort((one, other) => (one.organization < other.organization ? -1 : 1)),
    steps,
  }
}
