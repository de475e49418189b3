import { functionName, readMigrations, readPresentFiles, readSql } from '../schema-files.ts'

/** What the tool's own SQL files make, read from these files: the measure by which `doctor` looks at a database. */
export interface Manifest {
  /** By name. */
  readonly functions: ReadonlyMap<string, FunctionPlan>
  /** By name: the whole definition, as `plain` writes it. */
  readonly triggers: ReadonlyMap<string, string>
  /** By `table.policy`: command, role and conditions, as `plain` writes them. */
  readonly policies: ReadonlyMap<string, string>
  /** `table role PRIVILEGE` or `table.column role PRIVILEGE`. */
  readonly tableRights: ReadonlySet<string>
  /** The roles that may use the schema. */
  readonly schemaUsers: readonly string[]
  /** Every role of ours. */
  readonly roles: readonly string[]
}

export interface FunctionPlan {
  readonly owner: string
  readonly body: string
  /** Whether it runs with its owner's rights. */
  readonly definer: boolean
  /** In lower case, sorted: `lock_timeout=5s`. */
  readonly settings: readonly string[]
  readonly grantees: readonly string[]
}

/** SQL as both we and PostgreSQL write it: without the brackets, casts and names of columns that it adds, rows compared column by column. */
export const plain = (sql: string): string =>
  sql
    .toLowerCase()
    .replace(/::(text|name)\b/g, '')
    .replace(/\(\) as \w+/g, '()')
    .replace(/\(([^()]*)\)\s+is distinct from\s+\(([^()]*)\)/g, (_, left: string, right: string) =>
      left
        .split(',')
        .map((one, at) => `${one} is distinct from ${right.split(',')[at]}`)
        .join(' or '),
    )
    .replace(/[\s()]+/g, ' ')
    .trim()

/** The definition of a trigger, whoever wrote it; PostgreSQL names its events in an order of its own. */
export const plainTrigger = (definition: string): string =>
  plain(definition)
    .replace(/^create /, '')
    .replace(/(?<=(?:before|after) ).*?(?= on meander)/, (events) => events.split(' or ').sort().join(' or '))

/** @throws Error for a file that cannot be understood: then a test fails, not a database. */
export const readManifest = async (): Promise<Manifest> => {
  const files = await readPresentFiles()
  const [migrations, access, roles] = await Promise.all([
    readMigrations(),
    readSql('access.sql'),
    readSql('roles.sql'),
  ])
  const accessText = withoutComments(access.text)
  const functions = files.filter(({ path }) => path.startsWith('functions/'))
  const views = files.filter(({ path }) => path.startsWith('views/'))
  const all = [...migrations, ...functions].map(({ text }) => withoutComments(text)).join('\n')
  return {
    functions: new Map(functions.map(({ path, text }) => [functionName(path), planOf(path, text)])),
    triggers: triggersIn(all),
    policies: new Map(
      [...accessText.matchAll(/^create policy (\w+) on meander\.(\w+)([^;]*);/gm)].map(
        ([, name, table, rest = '']) => [`${table}.${name}`, policyOf(rest)],
      ),
    ),
    tableRights: new Set(
      [accessText, ...views.map(({ text }) => withoutComments(text))].flatMap((text) => [...rightsIn(text)]),
    ),
    schemaUsers: listIn(/^grant usage on schema meander to ([^;]+);/m.exec(accessText)?.[1]),
    roles: [...new Set(roles.text.match(/(?<=')meander_\w+(?=')/g))],
  }
}

/** What is there at the end of all these statements. */
const triggersIn = (text: string): Map<string, string> => {
  const triggers = new Map<string, string>()
  for (const [, dropped, definition = '', name = ''] of text.matchAll(
    /^(?:drop trigger (?:if exists )?(\w+)|create (?:or replace )?(trigger (\w+)\s[^;]*));?/gm,
  )) {
    if (dropped) triggers.delete(dropped)
    else triggers.set(name, plainTrigger(definition))
  }
  return triggers
}

const withoutComments = (text: string): string => text.replace(/--.*$/gm, '')
const listIn = (text = ''): string[] => text.split(',').map((one) => one.trim())

const planOf = (path: string, text: string): FunctionPlan => {
  const found = (pattern: RegExp): string => {
    const match = pattern.exec(text)?.[1]
    if (match === undefined) throw new Error(`${path} does not say ${pattern}`)
    return match
  }
  const name = functionName(path)
  const head = text.slice(0, text.indexOf('$$'))
  return {
    owner: found(new RegExp(`^alter function meander\\.${name} owner to (\\w+);`, 'm')),
    body: found(/\bas \$\$([\s\S]*?)\$\$;/),
    definer: /\bsecurity definer\b/.test(head),
    settings: [...head.matchAll(/^set (\w+) = '?(.*?)'?$/gm)]
      .map(([, key, value]) => `${key}=${value}`.toLowerCase())
      .sort(),
    grantees: [...text.matchAll(new RegExp(`^grant execute on function meander\\.${name} to ([^;]+);`, 'gm'))]
      .flatMap(([, roles]) => listIn(roles))
      .sort(),
  }
}

/** ` for select to role using (…) with check (…)` */
const policyOf = (text: string): string => {
  const [, command = 'all', roles = '', using, check] =
    /^\s+(?:for (\w+) )?to (\w+)(?: using ([\s\S]*?))?(?:\s*with check ([\s\S]*))?$/.exec(text) ?? []
  return describePolicy({ command, roles: [roles], using: using ?? null, check: check ?? null })
}

/** One text for a policy, whoever wrote it. */
export const describePolicy = (policy: {
  readonly command: string
  readonly roles: readonly string[]
  readonly using: string | null
  readonly check: string | null
}): string =>
  [
    policy.command.toLowerCase(),
    policy.roles.join(','),
    plain(policy.using ?? 'none'),
    plain(policy.check ?? 'none'),
  ].join(' | ')

/** Each `grant … on meander.a, meander.b to …` as single rights. */
function* rightsIn(text: string): Generator<string> {
  for (const [, rights = '', tables, roles] of text.matchAll(
    /^grant ((?:(?!\bon\b)[^;])*)\son (meander\.[^;]*?)\s+to ([^;]+);/gm,
  )) {
    for (const [, right = '', columns] of rights.trim().matchAll(/(\w+)(?: \(([^)]*)\))?(?:,|$)/g)) {
      for (const table of listIn(tables)) {
        for (const role of listIn(roles)) {
          const name = table.replace(/^meander\./, '')
          const places = columns === undefined ? [name] : listIn(columns).map((column) => `${name}.${column}`)
          for (const place of places) yield `${place} ${role} ${right.toUpperCase()}`
        }
      }
    }
  }
}
