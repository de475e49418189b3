import { readServer, type ServerFacts } from '../../postgres/inspection/roles.ts'
import { type Examination, finding, notChecked, ok, type Patient, type Verdict, warning } from './check.ts'

/** The way to PostgreSQL, and what it is. */
export const connection: Examination = {
  expects: {
    connection: 'somebody answers and lets the login in',
    pooler: 'nothing in between that shares sessions',
    TLS: 'verified for a remote server',
  },
  examine: async (patient) => {
    const failure = await patient.connectFailure()
    if (failure) {
      const { message, hint } = failure
      const between = /pooler|in between/.test(message)
      return {
        connection: finding(message, hint ?? 'see the message'),
        ...(between
          ? {
              pooler: finding(message, hint ?? 'connect to PostgreSQL itself'),
            }
          : { pooler: notChecked('PostgreSQL cannot be reached') }),
        TLS: encryption(patient, null) ?? notChecked('PostgreSQL cannot be reached'),
      }
    }
    const db = await patient.database()
    const tls = await db.tls()
    return {
      connection: ok(db.label),
      pooler: ok(db.embedded ? 'none: the store is in this process' : 'none that shares sessions'),
      TLS: encryption(patient, tls) ?? ok(tls ?? 'none, and none needed on this machine'),
    }
  },
}

/** What is wrong with the way; null where nothing is. */
const encryption = ({ setup: { database } }: Patient, tls: string | null): Verdict | null => {
  const remote = database?.hosts.filter(({ local }) => !local) ?? []
  const bare = remote.find((host) => host.tls === 'disable')
  if (bare) {
    return finding(
      `none for ${bare.name}: password and answers can be read on the way`,
      'set PGSSLMODE=verify-full',
    )
  }
  if (database?.authority || !remote.some((host) => host.tls === 'require')) return null
  return warning(
    `${tls ?? 'asked for'}, and any server is believed`,
    'set PGSSLMODE=verify-full and PGSSLROOTCERT',
  )
}

/** Of each major version the newest release that mends security holes: those of November 2026. */
const floors: Readonly<Record<number, number>> = { 15: 20, 16: 16, 17: 12, 18: 6 }

const versionVerdict = ({ versionNumber, version }: ServerFacts): Verdict => {
  const [major, minor] = [Math.floor(versionNumber / 10_000), versionNumber % 10_000]
  const floor = floors[major]
  if (floor === undefined) {
    return warning(version, 'look for a newer meanderctl: this one was tried on PostgreSQL 15 to 18')
  }
  return minor >= floor
    ? ok(version)
    : finding(`${version}, with known security holes`, `update PostgreSQL to ${major}.${floor} or newer`)
}

/** What was answered must not go with the server: a COMMIT waits for the one that would take over. */
const standbysVerdict = ({ followers, synchronousStandbys }: ServerFacts): Verdict => {
  if (synchronousStandbys !== '') return ok(`synchronous: ${synchronousStandbys}`)
  if (followers === 0) return ok('none')
  return warning(
    `${followers}, none of them synchronous: a failover may undo what was answered in its last moments`,
    'set synchronous_standby_names (docs/scaling.md)',
  )
}

/** The server, as every login sees it. */
export const server: Examination = {
  expects: {
    session_user: 'the login that was asked for',
    'PostgreSQL version': Object.entries(floors)
      .map(([major, minor]) => `${major}.${minor}`)
      .join(', ')
      .concat(' or newer'),
    writable: 'takes changes',
    standbys: 'one is synchronous, where there are any',
    'prepared transactions': 'max_prepared_transactions = 0',
    'replication role': 'origin, so that guards fire',
    'clock of this machine': 'within 5 s of PostgreSQL',
  },
  examine: async (patient) => {
    const db = await patient.database()
    const before = patient.now().getTime()
    const facts = await readServer(db)
    const after = patient.now().getTime()
    // A slow answer says nothing of the clock: only what lies before the question or after the answer counts.
    const clock = facts.clock / 1_000
    const offset = Math.round(clock < before ? before - clock : clock > after ? after - clock : 0)
    const asked = patient.setup.database?.user ?? facts.login
    return {
      session_user:
        facts.login === asked
          ? ok(facts.login)
          : finding(`${facts.login}, not ${asked}`, 'connect to PostgreSQL itself'),
      'PostgreSQL version': db.embedded
        ? ok(`${facts.version}, embedded`, 'what the store brings')
        : versionVerdict(facts),
      writable: facts.readOnly
        ? finding(
            facts.standby ? 'a standby: it can only be looked at' : 'read-only: it can only be looked at',
            'name the primary, or set PGTARGETSESSIONATTRS=read-write; see default_transaction_read_only',
          )
        : ok('yes'),
      standbys: standbysVerdict(facts),
      'prepared transactions':
        facts.preparedTransactions === 0
          ? ok('0')
          : finding(
              `${facts.preparedTransactions}: a prepared transaction holds its locks, and revocations, for ever`,
              'alter system set max_prepared_transactions = 0, and restart PostgreSQL',
            ),
      'replication role':
        facts.replicationRole === 'origin'
          ? ok('origin')
          : finding(`${facts.replicationRole}: no guard fires`, 'reset session_replication_role'),
      'clock of this machine': clockVerdict(offset, 'this machine'),
    }
  },
}

/** How far clocks may be apart: sessions and tokens live by PostgreSQL's. */
const clockLimitMs = 5_000

/** `offset` is that clock minus PostgreSQL's, in milliseconds. */
export const clockVerdict = (offset: number, whose: string): Verdict => {
  if (Math.abs(offset) <= clockLimitMs) return ok(`${Math.abs(offset)} ms apart`)
  const seconds = Math.round(Math.abs(offset) / 1_000)
  return finding(`${seconds} s ${offset > 0 ? 'ahead' : 'behind'}`, `set the clock of ${whose}: NTP`)
}
