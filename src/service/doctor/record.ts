import { listAuditEvents } from '../../postgres/audit.ts'
import { type LastCheckpoint, lastCheckpoints } from '../../postgres/checkpoints.ts'
import type { Database } from '../../postgres/database.ts'
import { signingKeyState } from '../audit/signing-key.ts'
import {
  type Examination,
  finding,
  listed,
  notChecked,
  ok,
  type Patient,
  unless,
  type Verdict,
  warning,
} from './check.ts'

/** A chain that somebody cut short is whole to look at: only what was written down elsewhere tells. */
const checkpointDays = 7
const dayMs = 86_400_000

/** The record, as far as it shows without being verified link by link. */
export const record: Examination = {
  expects: {
    'audit heads': 'each where its record ends',
    'last checkpoint': `not older than ${checkpointDays} days`,
    'signing key': 'usable, and for its owner’s eyes alone',
  },
  examine: async (patient) => ({
    ...(await recordOf(patient)),
    'signing key': await signingKey(patient.setup.signingKeyFile),
  }),
}

const recordOf = async (patient: Patient): Promise<Record<string, Verdict>> => {
  const failure = await patient.connectFailure()
  if (failure) return all(notChecked('PostgreSQL cannot be reached'))
  const identity = await patient.identity()
  const own = identity?.organizations.some(({ through }) => through === 'own')
  // What a global admin reads goes on the organizations' record: a look at the health of things is no reason to.
  if (identity?.kind !== 'administrator' && !own)
    return all(notChecked('needs the organization’s own operator or the administrator'))
  const db = await patient.database()
  const records = await lastCheckpoints(db)
  return {
    'audit heads': await heads(db, records),
    'last checkpoint': checkpoints(records, patient.now()),
  }
}

const all = (verdict: Verdict): Record<string, Verdict> => ({
  'audit heads': verdict,
  'last checkpoint': verdict,
})

const counted = (records: number): string => `${records} record${records === 1 ? '' : 's'}`

/** The record goes on while it is looked at: what differs is looked at once more. */
const heads = async (db: Database, records: readonly LastCheckpoint[]): Promise<Verdict> => {
  const apart: string[] = []
  for (const { organization, headSeq } of records) {
    const ends = await endOf(db, organization)
    if (ends === headSeq) continue
    const head = (await lastCheckpoints(db)).find((one) => one.organization === organization)?.headSeq
    if (ends < headSeq || ends > (head ?? 0))
      apart.push(`${organization} ends at ${ends}, its head says ${headSeq}`)
  }
  return unless(apart, counted(records.length), 'meanderctl audit verify')
}

const endOf = async (db: Database, organization: string): Promise<number> => {
  const [last] = await listAuditEvents(db, { selector: { organization }, after: null, limit: 1 })
  return last?.seq ?? 0
}

/** Where nothing happened since, an old checkpoint is as good as a new one. */
const checkpoints = (records: readonly LastCheckpoint[], now: Date): Verdict => {
  const late = records.flatMap(({ organization, seq, at, headSeq }) => {
    if (headSeq === 0) return []
    if (at === null) return [`${organization}: never`]
    const days = Math.floor((now.getTime() - Date.parse(at)) / dayMs)
    return days >= checkpointDays && headSeq !== seq ? [`${organization}: ${days} days ago`] : []
  })
  return late.length === 0
    ? ok(counted(records.length))
    : warning(listed(late), 'meanderctl audit checkpoint, and keep what it prints outside the database')
}

const signingKey = async (path: string | null): Promise<Verdict> => {
  const { state, problem, hint, keyId } = await signingKeyState(path)
  if (state === 'not set') return notChecked('none is set here')
  return state === 'usable'
    ? ok(keyId ?? 'usable')
    : finding(problem ?? 'unusable', hint ?? 'set MEANDERCTL_SIGNING_KEY_FILE')
}
