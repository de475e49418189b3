import type { AuditAction, Store } from './action.ts'
import { auditActions, unrecorded } from './actions.ts'

/** What a command may change, and what it leaves on the record. */
export interface Effects {
  /** Tables of the schema, `redis` last. */
  readonly changes: readonly Store[]
  /** Actions on the record when it is done. */
  readonly recorded: readonly string[]
  /** Actions on the record when it is refused. */
  readonly refused: readonly string[]
  /** A global admin's look or act is on the record before anything is seen. */
  readonly intent: boolean
}

const isRefusal = ({ action }: AuditAction): boolean => action.endsWith('_refused')
const isIntent = ({ action }: AuditAction): boolean => action === 'intent.recorded'

/**
 * The effects of a command by its name (`sessions revoke`), from the one definition of what can be on the record.
 * @param remembers whether it takes a request id, whose first result is kept
 */
export const effectsOf = (command: string, remembers = false): Effects => {
  const written = auditActions.filter(({ by }) => by.includes(command))
  const changes = new Set<Store>([
    ...written.filter((action) => !isIntent(action)).flatMap((action) => action.changes),
    ...(unrecorded[command]?.changes ?? []),
    ...(remembers ? (['requests'] as const) : []),
    ...(written.some((action) => !isIntent(action)) ? (['audit_log'] as const) : []),
  ])
  const names = (chosen: readonly AuditAction[]) => chosen.map(({ action }) => action)
  return {
    changes: [
      ...[...changes].filter((store) => store !== 'redis'),
      ...(changes.has('redis') ? (['redis'] as const) : []),
    ],
    recorded: names(written.filter((action) => !isRefusal(action) && !isIntent(action))),
    refused: names(written.filter(isRefusal)),
    intent: written.some(isIntent),
  }
}
