import { readManifest } from '../../postgres/inspection/manifest.ts'
import {
  readFunctions,
  readInvalid,
  readPolicies,
  readRules,
  readSchemaRights,
  readTableRights,
  readTables,
  readTriggers,
} from '../../postgres/inspection/objects.ts'
import { type Examination, type Patient, Unmade, unless } from './check.ts'

/** What the schema is made of, held against the files that this tool brings. */

const migrate = 'an administrator runs: meanderctl db migrate'
/** After an upgrade without a new migration only the books, which the administrator alone reads, tell which it is. */
const byHand = (what: string) =>
  `where an administrator’s db status has files pending, an older release left this: meanderctl db migrate; else see who did it, take it back (${what}), then migrate`
const asBrought = 'as this tool brings them'

/** @throws Unmade where there is no schema of ours. */
const schemaOf = async (patient: Patient) => {
  const db = await patient.database()
  if ((await readTables(db)).length === 0) throw new Unmade('the schema is not installed')
  return { db, manifest: await readManifest() }
}

/** Names that only one side has, or that both have with another value. */
const differences = (found: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>): string[] => [
  ...[...wanted].flatMap(([name, value]) => {
    const now = found.get(name)
    return now === undefined ? [`${name} is missing`] : now === value ? [] : [`${name} is altered`]
  }),
  ...[...found.keys()].filter((name) => !wanted.has(name)).map((name) => `${name} was added`),
]

const missingOrAdded = (found: readonly string[], wanted: Iterable<string>): string[] =>
  differences(new Map(found.map((one) => [one, ''])), new Map([...wanted].map((one) => [one, ''])))

/** The search path is a check of its own. */
const withoutPath = (settings: readonly string[]): string =>
  settings
    .map((setting) => setting.toLowerCase())
    .filter((setting) => !setting.startsWith('search_path='))
    .sort()
    .join(', ')

/** Whether the functions are those that this tool brought, and whose they are. */
export const functions: Examination = {
  expects: {
    functions: asBrought,
    'function owners': 'the roles that this tool names, and no superuser',
    'function rights': 'EXECUTE for the roles that this tool names, not for everybody',
    'search paths': 'pinned to pg_catalog, pg_temp wherever the owner’s rights count',
  },
  examine: async (patient) => {
    const { db, manifest } = await schemaOf(patient)
    const found = await readFunctions(db)
    const known = found.flatMap((one) => {
      const plan = manifest.functions.get(one.name)
      return plan ? [{ ...one, plan }] : []
    })
    const seen = new Set<string>()
    const altered = [
      ...found.flatMap(({ name }) =>
        !manifest.functions.has(name)
          ? [`${name} was added`]
          : seen.size === seen.add(name).size
            ? [`${name} is there twice`]
            : [],
      ),
      ...[...manifest.functions.keys()].filter((name) => !seen.has(name)).map((name) => `${name} is missing`),
      ...known
        .filter(
          ({ body, definer, settings, plan }) =>
            body !== plan.body ||
            definer !== plan.definer ||
            withoutPath(settings) !== withoutPath(plan.settings),
        )
        .map(({ name }) => `${name} is altered`),
    ]
    return {
      functions: unless(altered, `${found.length} functions`, byHand('drop function … for what was added')),
      'function owners': unless(
        found
          .filter(({ name, owner }) => owner !== (manifest.functions.get(name)?.owner ?? 'meander_functions'))
          .map(({ name, owner }) => `${name} of ${owner}`),
        'as named',
        migrate,
      ),
      'function rights': unless(
        found.flatMap(({ name, grantees }) => {
          const wanted = manifest.functions.get(name)?.grantees ?? []
          return missingOrAdded([...new Set(grantees)], wanted).map(
            (what) => `${name}: EXECUTE of ${what.replace(' was added', ' is too much')}`,
          )
        }),
        'as named',
        migrate,
      ),
      'search paths': unless(
        found
          .filter(({ definer, settings }) => definer && !settings.includes('search_path=pg_catalog, pg_temp'))
          .map(({ name }) => name),
        'pinned',
        migrate,
      ),
    }
  },
}

/** Whether tables, views and policies let through what they should, and nothing else. */
export const tables: Examination = {
  expects: {
    'row level security': 'enabled and forced on every table, owned by meander_owner',
    views: 'see with the rights of whoever asks',
    policies: asBrought,
    'table rights': 'those that this tool names; none for everybody or for operators',
    'schema rights': 'USAGE for our roles, CREATE for nobody but meander_owner',
    indexes: 'valid, and constraints checked',
  },
  examine: async (patient) => {
    const { db, manifest } = await schemaOf(patient)
    const all = await readTables(db)
    const own = all.filter(({ view }) => !view)
    return {
      'row level security': unless(
        own.flatMap(({ name, owner, enabled, forced }) => [
          ...(enabled ? [] : [`not enabled on ${name}`]),
          ...(forced ? [] : [`not forced on ${name}`]),
          ...(owner === 'meander_owner' ? [] : [`${name} belongs to ${owner}`]),
        ]),
        `enabled and forced on ${own.length} tables`,
        migrate,
      ),
      views: unless(
        all.filter(({ view, invoker }) => view && !invoker).map(({ name }) => name),
        'with their reader’s rights',
        migrate,
      ),
      policies: unless(
        differences(await readPolicies(db), manifest.policies),
        `${manifest.policies.size} policies`,
        migrate,
      ),
      'table rights': unless(
        missingOrAdded(await readTableRights(db), manifest.tableRights).map((what) =>
          what.replace(' was added', ' is too much'),
        ),
        'as named',
        migrate,
      ),
      'schema rights': unless(
        missingOrAdded(await readSchemaRights(db), [
          'meander_owner OWNER',
          ...manifest.schemaUsers.map((role) => `${role} USAGE`),
        ]).map((what) => what.replace(' was added', ' is too much')),
        'as named',
        byHand('revoke … on schema meander from …'),
      ),
      indexes: unless(
        await readInvalid(db),
        'valid',
        'reindex index …, or alter table … validate constraint …',
      ),
    }
  },
}

/** Whether the triggers that refuse are there and fire, and nothing rewrites what is asked. */
export const guards: Examination = {
  expects: { guards: 'every trigger there, as brought, and firing', 'rewriting rules': 'none' },
  examine: async (patient) => {
    const { db, manifest } = await schemaOf(patient)
    const triggers = await readTriggers(db)
    const own = triggers.filter(({ internal }) => !internal)
    const silent = triggers.filter(({ fires }) => !fires)
    return {
      guards: unless(
        [
          ...differences(new Map(own.map(({ name, definition }) => [name, definition])), manifest.triggers),
          ...silent.map(({ name, table, internal }) =>
            internal ? `a foreign key of ${table} is switched off` : `${name} is switched off`,
          ),
        ],
        `${own.length} triggers`,
        byHand('alter table … enable trigger all, drop trigger … for what was added'),
      ),
      'rewriting rules': unless(await readRules(db), 'none', 'drop rule … on meander.…'),
    }
  },
}
