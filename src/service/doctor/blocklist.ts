import { blocklistStatus } from '../../postgres/blocklist.ts'
import type { RedisHealth } from '../../redis/blocklist-store.ts'
import type { BlocklistStatus } from '../blocklist/blocklist.ts'
import {
  type Examination,
  finding,
  notChecked,
  ok,
  type Patient,
  unless,
  type Verdict,
  warning,
} from './check.ts'
import { clockVerdict } from './connection.ts'

/** Commands wait ten seconds for a publisher: what is older, nobody carries. */
const patienceMs = 10_000

/** Where the platform looks for blocked tokens, and what it may not find there yet. */
export const blocklist: Examination = {
  expects: {
    'blocklist mode': 'fits the settings',
    'pending blocklist': 'nothing that Redis does not know',
    'blocklist drift': 'Redis has what was published, for as long as the tokens live, and nothing else',
  },
  examine: async (patient) => {
    const status = await patient.blocklist()
    return {
      'blocklist mode': await modeVerdict(status, patient),
      'pending blocklist': pendingVerdict(status, patient.now()),
      'blocklist drift': driftVerdict(status),
    }
  },
}

const modeVerdict = async ({ mode }: BlocklistStatus, patient: Patient): Promise<Verdict> => {
  const configured = patient.setup.redis !== null
  if (mode === 'database') {
    return configured
      ? finding(
          'the platform reads PostgreSQL, so that the Redis of these settings is told nothing',
          'unset REDIS_…, or an administrator runs: meanderctl db migrate --blocklist redis',
        )
      : ok('database')
  }
  if (configured) return ok('redis')
  return (await patient.identity())?.kind === 'publisher'
    ? finding('redis, and this publisher has none to publish to', 'set REDIS_URL')
    : ok('redis, which a publisher tells')
}

const pendingVerdict = ({ pending, oldestPendingAt, live }: BlocklistStatus, now: Date): Verdict => {
  if (pending === 0 || oldestPendingAt === null) return ok(`nothing pending, ${live} blocked`)
  const age = now.getTime() - Date.parse(oldestPendingAt)
  const actual = `${pending} pending, the oldest for ${Math.round(age / 1_000)} s`
  return age > patienceMs
    ? finding(actual, 'meanderctl blocklist sync')
    : warning(actual, 'see in a moment: meanderctl blocklist status')
}

const driftVerdict = ({ mode, drift, redisError }: BlocklistStatus): Verdict => {
  if (mode === 'database') return notChecked('the platform does not read Redis')
  if (!drift) return notChecked(redisError ?? 'no Redis is configured here, or it cannot be asked')
  const { compared, missing, short, endless } = drift
  const apart = Object.entries({ missing, 'ending too early': short, 'never ending': endless })
  const strange = drift.unknown ?? 0
  const found = [...apart, ['unknown to PostgreSQL', strange] as const].flatMap(([what, count]) =>
    count > 0 ? [`${count} ${what}`] : [],
  )
  const fix =
    missing + short + endless > 0
      ? 'meanderctl blocklist rebuild'
      : 'find who else writes under this prefix: meanderctl blocklist status'
  return unless(found, `${compared} compared`, fix)
}

/** The Redis of these settings; it is looked at even where PostgreSQL is away. */
export const redis: Examination = {
  expects: {
    'Redis TLS': 'for a remote Redis',
    'Redis version': 'Redis 7.0 or Valkey, or newer',
    'Redis reachable': 'answers',
    'clock of Redis': 'within 5 s of PostgreSQL',
    'Redis run': 'the one that was filled',
  },
  examine: async (patient) => {
    const names = Object.keys(redis.expects)
    const none = (reason: string) => Object.fromEntries(names.map((name) => [name, notChecked(reason)]))
    if (patient.setup.redis === null) return none('no Redis is configured here')
    const status = await patient.blocklist().catch(() => null)
    if (status?.mode === 'database') return none('the platform does not read Redis')
    const health = status?.redis ?? (await patient.redis())
    if (health === null) return none('no Redis is configured here')
    return {
      'Redis TLS': encryption(patient.setup.redis),
      'Redis version': versionVerdict(health),
      ...Object.fromEntries(
        health.findings.map((one) => [
          `Redis ${one.name}`,
          // An emptied Redis and a new one look alike, but for what PostgreSQL says.
          status === null && one.name.startsWith('canary') ? notChecked(one.actual) : verdictOf(one),
        ]),
      ),
      'clock of Redis':
        status === null || status.clockDifferenceMs === null
          ? notChecked('PostgreSQL and Redis cannot both be asked')
          : clockVerdict(status.clockDifferenceMs, 'the machine of Redis'),
      'Redis run': await runVerdict(health, status, patient),
    }
  },
}

const encryption = ({ places, encrypted }: NonNullable<Patient['setup']['redis']>): Verdict => {
  if (encrypted) return ok('encrypted')
  const far = places.find(({ local }) => !local)
  return far
    ? finding(
        `none for ${far.name}: password and blocklist can be read on the way`,
        'write rediss:// in REDIS_URL, or set REDIS_TLS_CA',
      )
    : ok('none, and none needed on this machine')
}

const verdictOf = (one: RedisHealth['findings'][number]): Verdict => ({
  expected: one.expected,
  ...(one.ok ? ok(one.actual) : finding(one.actual, one.fix)),
})

const versionVerdict = ({ version, findings }: RedisHealth): Verdict => {
  const old = findings.find(({ actual }) => /too old/.test(actual))
  if (old) return finding(old.actual, 'update Redis to 7.0 or newer, or use Valkey')
  return version === 'unknown' ? notChecked('Redis cannot be asked') : ok(version)
}

/** Started anew, or another in its place: what it has now may be less than what it was given. */
const runVerdict = async (
  { runIds }: RedisHealth,
  status: BlocklistStatus | null,
  patient: Patient,
): Promise<Verdict> => {
  if (status === null || runIds.length === 0) return notChecked('PostgreSQL and Redis cannot both be asked')
  const { redisRunIds } = await blocklistStatus(await patient.database())
  if (status.live === status.pending) return ok('nothing was published')
  return runIds.every((id) => redisRunIds.includes(id))
    ? ok('the one that was filled')
    : warning(
        'another: it started anew, or took the place of the one that was filled',
        'meanderctl blocklist sync',
      )
}
