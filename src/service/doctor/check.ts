import { MeanderError } from '../../errors.ts'
import type { Database } from '../../postgres/database.ts'
import type { Identity } from '../../postgres/identity.ts'
import type { RedisHealth } from '../../redis/blocklist-store.ts'
import type { BlocklistStatus } from '../blocklist/blocklist.ts'

export type CheckState = 'ok' | 'warning' | 'finding' | 'not checked'

/** One thing that was looked at. */
export interface Check {
  readonly name: string
  readonly state: CheckState
  readonly expected: string
  readonly actual: string
  /** The command or setting that mends it; null where there is nothing to mend. */
  readonly fix: string | null
}

/** What a look gave; `expected` where it is not the usual. */
export type Verdict = Omit<Check, 'name' | 'expected'> & { readonly expected?: string }

/** What the settings of this run say, secrets masked. */
export interface Setup {
  readonly settings: readonly { readonly name: string; readonly value: string; readonly source: string }[]
  /** null in the embedded store. */
  readonly database: {
    readonly user: string
    readonly hosts: readonly { readonly name: string; readonly local: boolean; readonly tls: string }[]
    /** Whether an authority of one's own was named, without which `require` trusts anybody. */
    readonly authority: boolean
  } | null
  /** null: this login has no Redis. */
  readonly redis: {
    readonly places: readonly { readonly name: string; readonly local: boolean }[]
    readonly encrypted: boolean
  } | null
  /** null: no checkpoints are signed here. */
  readonly signingKeyFile: string | null
  /** Files that hold a secret; the mode in octal. */
  readonly files: readonly {
    readonly name: string
    readonly path: string
    readonly mode: string
    readonly open: boolean
  }[]
}

/** What the checks look at; each fact is fetched once, when it is first asked for. */
export interface Patient {
  readonly setup: Setup
  /** By this machine's clock, as commands see it. */
  readonly now: () => Date
  /** Why nobody could log in; null when somebody could. */
  connectFailure(): Promise<MeanderError | null>
  /** @throws Unmade when there is none. */
  database(): Promise<Database>
  /** null for a login that is nobody here. @throws Unmade */
  identity(): Promise<Identity | null>
  blocklist(): Promise<BlocklistStatus>
  /** null: this login has no Redis. */
  redis(): Promise<RedisHealth | null>
}

/** Checks that share their facts: what each expects, and the looks at them. A name without a verdict was not checked. */
export interface Examination {
  readonly expects: Readonly<Record<string, string>>
  examine(patient: Patient): Promise<Readonly<Record<string, Verdict>>>
}

/** A check cannot be made, for a reason that somebody else has to mend. */
export class Unmade extends Error {}

/** A verdict: as it has to be. */
export const ok = (actual: string, expected?: string): Verdict => ({
  state: 'ok',
  actual,
  fix: null,
  ...(expected === undefined ? {} : { expected }),
})
/** A verdict: no fault yet; doctor still answers 0. */
export const warning = (actual: string, fix: string): Verdict => ({ state: 'warning', actual, fix })
/** A verdict: to be mended; doctor answers 7. */
export const finding = (actual: string, fix: string): Verdict => ({ state: 'finding', actual, fix })
/** A verdict: none, and why there is none. */
export const notChecked = (reason: string): Verdict => ({ state: 'not checked', actual: reason, fix: null })

/** Ok when nothing offends, else a finding that names the first few. */
export const unless = (offenders: readonly string[], good: string, fix: string): Verdict =>
  offenders.length === 0 ? ok(good) : finding(listed(offenders), fix)

const named = 5

/** Names in a sentence: the first, and how many more. */
export const listed = (names: readonly string[]): string =>
  names.length > named
    ? `${names.slice(0, named).join(', ')} and ${names.length - named} more`
    : names.join(', ')

/** Runs the checks in their order; one that cannot be made stops no other. */
export const runAll = async (examinations: readonly Examination[], patient: Patient): Promise<Check[]> => {
  const checks: Check[] = []
  for (const { expects, examine } of examinations) {
    const { verdicts, missing } = await examine(patient).then(
      (made) => ({ verdicts: made, missing: notChecked('nothing to look at') }),
      (error: unknown) => ({ verdicts: {}, missing: unmade(error) }),
    )
    // Of several servers each has a verdict of its own: `Redis reachable (host:port)`.
    const made = Object.keys(verdicts)
    const absent = Object.keys(expects).filter((name) => !made.some((one) => one.startsWith(`${name} (`)))
    const all: Record<string, Verdict> = {
      ...Object.fromEntries(absent.map((name) => [name, missing])),
      ...verdicts,
    }
    for (const [name, { state, actual, fix, expected }] of Object.entries(all))
      checks.push({ name, state, expected: expected ?? expects[name] ?? '', actual, fix })
  }
  return checks
}

/** What cannot be looked at for want of a right is somebody else's to check; what fails is a finding. */
const unmade = (error: unknown): Verdict => {
  if (error instanceof Unmade) return notChecked(error.message)
  if (!(error instanceof MeanderError)) return finding(`unexpected: ${error}`, 'run it again with --debug')
  if (error.code === 'INTERRUPTED') throw error
  if (error.sqlState === '42501') return notChecked(needsAdministrator)
  if (['UNAUTHENTICATED', 'REFUSED', 'NOT_FOUND'].includes(error.code)) return notChecked(error.message)
  return finding(error.message, error.hint ?? 'run it again')
}

/** Why another login is not shown everything. */
export const needsAdministrator = 'needs the administrator'
