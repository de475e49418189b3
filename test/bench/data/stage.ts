import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { migrate } from '../../../src/postgres/migrate.ts'
import { connectAs, password } from '../../support/as-login.ts'
import { createTemplate, organizations, templateName } from '../../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../../support/postgres.ts'
import { findPostgres } from '../../support/postgres-binaries.ts'
import { type PrivateRedis, startRedis } from '../../support/redis.ts'
import { restore } from './restore.ts'
import { peopleOf, type Scale, seed, seedingSettings } from './seed.ts'

/** What every comparison is measured on. */
/** Somebody of hlf with ten active sessions, who leaves. */
export interface Leaver {
  readonly id: string
  readonly email: string
  readonly sessions: readonly string[]
}

export interface Stage {
  readonly scale: Scale
  readonly people: ReturnType<typeof peopleOf>
  readonly postgres: PrivatePostgres
  readonly redis: PrivateRedis
  /** The server's own: Debian's /usr/bin/psql is a Perl program that looks for it first. */
  readonly psql: string
  /** For files that comparisons write. */
  readonly scratch: string
  /** A connection past the tool, as `postgres` or a login; to a proxy's port where one is given. */
  connect(login: string, options?: { database?: string; port?: number }): Promise<pg.Client>
  /** The next people who have not been asked for yet. */
  leavers(database: string, count: number): Promise<readonly Leaver[]>
  /** Where the tool finds both stores. */
  env(login: string, database?: string): Record<string, string>
}

/** The databases: as large as was asked for, and the same with 10,000 sessions. */
export const large = 'large'
export const small = 'small'
const smallScale: Scale = { sessions: 10_000, events: 1000 }

/** A small server as an administrator would set it up: every commit waits for the disk. */
export const settings = {
  shared_buffers: '2GB',
  effective_cache_size: '8GB',
  work_mem: '16MB',
  maintenance_work_mem: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // It would come at another moment in every run.
  autovacuum: 'off',
  wal_level: 'replica',
  max_wal_senders: '10',
}

interface Seeded extends Scale {
  /** Whatever happened later was a comparison's doing. */
  readonly at: string
}

/**
 * Starts the servers, on the data in `folder` where it has been seeded before.
 * @param folder keeps the data for the next run; null for a temporary one.
 */
export const openStage = async (
  scale: Scale,
  folder: string | null,
  say: (text: string) => void,
): Promise<{ stage: Stage; close(): Promise<void> }> => {
  const note = folder && join(folder, 'seeded.json')
  const seeded: Seeded | null = note && existsSync(note) ? JSON.parse(readFileSync(note, 'utf8')) : null
  if (seeded && (seeded.sessions !== scale.sessions || seeded.events !== scale.events)) {
    throw new Error(
      `${folder} holds ${seeded.sessions} sessions and ${seeded.events} events: ask for as many, or name another folder`,
    )
  }
  if (folder && !seeded && existsSync(join(folder, 'data'))) {
    throw new Error(`${folder} holds data that was not seeded to its end: remove it, or name another folder`)
  }

  const postgres = await startPostgres({
    version: '15',
    tls: true,
    settings: { ...settings, ...(!seeded && seedingSettings) },
    ...(folder && { keepIn: folder }),
  })
  const scratch = mkdtempSync(join(tmpdir(), 'meanderctl-bench-'))
  const beside = join(dirname((await findPostgres('15', scratch)).initdb), 'psql')
  const psql = existsSync(beside) ? beside : 'psql'
  if (!seeded) {
    say(`Seeding ${scale.sessions} sessions and ${scale.events} events`)
    await createTemplate(postgres)
    for (const [database, size] of [
      [small, smallScale],
      [large, scale],
    ] as const) {
      await postgres.createDatabase(database, templateName)
      await seed(postgres, database, psql, size, say)
    }
    await postgres.restart(settings)
  }
  const at =
    seeded?.at ?? (await postgres.query<{ at: string }>('select clock_timestamp()::text as at'))[0]?.at ?? ''
  if (note && !seeded) writeFileSync(note, JSON.stringify({ ...scale, at } satisfies Seeded))

  const seedOf = (database: string) => ({ at, events: (database === small ? smallScale : scale).events })
  for (const database of seeded ? [small, large] : []) {
    say(`${database}: taken up again`)
    const owner = await connectAs(postgres, database, postgres.superuser)
    await migrate(owner, { toolVersion: 'bench', mode: 'redis', defaultMode: 'redis', dryRun: false })
    await owner.close()
    await restore(postgres, database, seedOf(database))
  }
  const redis = await startRedis()
  const gone = new Map<string, number>()
  const stage: Stage = {
    scale,
    people: peopleOf(scale),
    postgres,
    redis,
    psql,
    scratch,
    connect: async (login, { database = large, port = postgres.port } = {}) => {
      const client = new pg.Client({ host: postgres.host, port, user: login, password, database, ssl: false })
      // One that broke says so at its next statement.
      client.on('error', () => {})
      await client.connect()
      return client
    },
    leavers: async (database, count) => {
      const first = gone.get(database) ?? 0
      gone.set(database, first + count)
      const found = await postgres.query<Leaver>(
        `select u.id, u.email, array_agg(s.id) as sessions
         from meander.users u
         join meander.sessions s on s.user_id = u.id and s.revoked_at is null
         where u.organization_id = $1 and u.email = any ($2)
         group by u.id`,
        [organizations.hlf, Array.from({ length: count }, (_, n) => `member${first + n}@hlf.example`)],
        database,
      )
      const most = peopleOf(database === small ? smallScale : scale).leavers
      if (first + count > most) throw new Error(`${database} has but ${most} people who leave`)
      return found
    },
    env: (login, database = large) => ({
      DATABASE_URL: postgres.url(login, database, password),
      REDIS_URL: redis.url,
    }),
  }
  return {
    stage,
    close: async () => {
      if (folder) {
        say('Undoing what was done to the data')
        for (const database of [small, large]) await restore(postgres, database, seedOf(database))
      }
      await Promise.all([postgres.stop(), redis.stop()])
      rmSync(scratch, { recursive: true })
    },
  }
}
