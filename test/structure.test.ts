import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/**
 * The house's arrows and owners. A command travels main → program → commands → service → postgres, redis, and
 * back through views and terminal; whoever imports against that is named here as `file -> import`.
 */

/** Room by room: what it may import; `types` with `import type` alone. Its own files it may always import. */
const rooms: Record<string, { readonly may: readonly string[]; readonly types?: readonly string[] }> = {
  'main.ts': {
    may: ['program.ts', 'context.ts', 'errors.ts', 'version.ts', 'terminal/'],
    types: ['config/', 'views/'],
  },
  'program.ts': { may: ['commands/', 'errors.ts', 'version.ts', 'nearest.ts'], types: ['context.ts'] },
  'context.ts': {
    may: [
      'config/',
      'service/',
      'postgres/',
      'redis/',
      'embedded/',
      'views/',
      'terminal/',
      'show.ts',
      'errors.ts',
      'version.ts',
    ],
  },
  'show.ts': { may: ['views/', 'errors.ts', 'version.ts'], types: ['config/', 'terminal/'] },
  'commands/': {
    may: ['service/', 'views/', 'errors.ts', 'version.ts', 'nearest.ts'],
    types: ['context.ts'],
  },
  'service/': { may: ['postgres/', 'redis/', 'errors.ts'] },
  'postgres/': { may: ['errors.ts'], types: ['config/'] },
  'redis/': { may: ['errors.ts'], types: ['config/'] },
  'embedded/': { may: ['postgres/', 'config/', 'errors.ts'] },
  'config/': { may: ['errors.ts', 'nearest.ts'] },
  'views/': { may: ['errors.ts'], types: ['service/', 'postgres/', 'redis/', 'config/'] },
  'terminal/': { may: ['errors.ts'] },
  'errors.ts': { may: [] },
  'version.ts': { may: [] },
  'nearest.ts': { may: [] },
  'index.ts': { may: ['service/', 'postgres/', 'redis/', 'config/', 'errors.ts', 'blocklist.ts'] },
  'blocklist.ts': { may: ['redis/', 'config/', 'errors.ts'] },
}

/** Libraries that one room has to itself, with their types. */
const owners: Record<string, readonly string[]> = {
  commander: ['program.ts', 'commands/'],
  pg: ['postgres/'],
  ioredis: ['redis/'],
  '@electric-sql/pglite': ['embedded/'],
  'cli-table3': ['views/'],
  chalk: ['terminal/'],
  ora: ['terminal/'],
  '@inquirer/prompts': ['terminal/'],
  execa: [],
  vitest: [],
}

/** Words that one room has to itself. */
const words: readonly { readonly word: RegExp; readonly said: string; readonly room: string | null }[] = [
  { word: /\bprocess\.env\b/, said: 'process.env', room: 'config/' },
  { word: /\bprocess\.(stdin|stdout|stderr)\b/, said: 'process streams', room: 'terminal/' },
  { word: /\bprocess\.exitCode\b/, said: 'process.exitCode', room: null },
  { word: /\bprocess\.exit\(/, said: 'process.exit()', room: null },
  { word: /from '(node:)?process'/, said: 'process by another name', room: null },
]

/** The package's faces, the only files that pass on what others export. */
const faces = ['index.ts', 'blocklist.ts']
const testRooms = [
  'unit',
  'integration',
  'e2e',
  'sql',
  'faults',
  'hostile',
  'bench',
  'golden',
  'support',
  'structure.test.ts',
]

interface Import {
  readonly what: string
  readonly type: boolean
}

const withoutComments = (text: string): string =>
  text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/.*$/gm, '$1')

const importsOf = (text: string): Import[] => [
  ...[...text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[\w*{][^'";]*?\sfrom\s+)?'([^']+)'/gm)].map(
    ([, type, what]) => ({ what: what ?? '', type: type !== undefined }),
  ),
  ...[...text.matchAll(/(typeof\s+)?\bimport\(([^)]*)\)/g)].map(([, type, what = '']) => ({
    what: /^\s*'([^']+)'\s*$/.exec(what)?.[1] ?? `import(${what})`,
    type: type !== undefined,
  })),
]

/** `service/` for what lies in a folder of src, the file's own name for what lies beside them. */
const roomOf = (file: string): string => /^[^/]+\/?/.exec(file)?.[0] ?? ''
const packageOf = (what: string): string => what.split('/', what.startsWith('@') ? 2 : 1).join('/')

/** Everything that `files` (path below src → text) has against the plan of the house. */
const violations = (files: ReadonlyMap<string, string>): string[] => {
  const found: string[] = []
  const arrows = new Map<string, string[]>()
  for (const [file, source] of files) {
    const text = withoutComments(source)
    const room = roomOf(file)
    const plan = rooms[room]
    if (plan === undefined) {
      found.push(`${file} is in no known room`)
      continue
    }
    for (const { word, said, room: owner } of words) {
      if (word.test(text) && room !== owner) found.push(`${file} -> ${said}`)
    }
    if (
      /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s/m.test(text) &&
      !faces.includes(file)
    )
      found.push(`${file} is a barrel`)
    for (const { what, type } of importsOf(text)) {
      const violation = `${file} -> ${what}`
      if (!what.startsWith('.')) {
        if (what.startsWith('import(') || owners[packageOf(what)]?.includes(room) === false)
          found.push(violation)
        continue
      }
      const target = normalize(join(dirname(file), what))
      arrows.set(file, [...(arrows.get(file) ?? []), target])
      const [to, noun] = [roomOf(target), target.split('/')[1]]
      // A schema is a type that is there at run time.
      const isType = type || [file, target].every((name) => name.endsWith('.schema.ts'))
      const allowed = to === room || plan.may.includes(to) || (isType && plan.types?.includes(to) === true)
      const otherNoun =
        room === 'commands/' &&
        to === 'commands/' &&
        target.split('/').length > 2 &&
        noun !== 'shared' &&
        noun !== file.split('/')[1]
      if (!files.has(target) || !allowed || otherNoun) found.push(violation)
    }
  }
  return [...found, ...cyclesOf(arrows)]
}

const cyclesOf = (arrows: ReadonlyMap<string, readonly string[]>): string[] => {
  const done = new Set<string>()
  const found: string[] = []
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push(`cycle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`)
    if (done.has(file) || path.includes(file)) return
    for (const target of arrows.get(file) ?? []) walk(target, [...path, file])
    done.add(file)
  }
  for (const file of arrows.keys()) walk(file, [])
  return found
}

const src = fileURLToPath(new URL('../src/', import.meta.url))
const sources = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => [file, readFileSync(join(src, file), 'utf8')]),
)

describe('the house', () => {
  it('keeps its arrows and owners', () => {
    expect(violations(sources)).toEqual([])
  })

  it('has every folder that the plan names', () => {
    const found = new Set([...sources.keys()].map(roomOf))
    expect(Object.keys(rooms).filter((room) => room.endsWith('/') && !found.has(room))).toEqual([])
  })

  it('has no room in test that nobody runs', () => {
    expect(testRooms).toEqual(expect.arrayContaining(readdirSync(new URL('.', import.meta.url))))
  })
})

describe('the plan bites', () => {
  const tree = {
    'errors.ts': '',
    'postgres/a.ts': '',
    'redis/a.ts': '',
    'service/a.ts': '',
    'context.ts': '',
    'commands/users/a.ts': '',
    'commands/shared/a.ts': '',
  }
  it.each([
    ['postgres/b.ts', "import { a } from '../redis/a.ts'", 'postgres/b.ts -> ../redis/a.ts'],
    [
      'commands/users/b.ts',
      "import {\n  a,\n} from '../../postgres/a.ts'",
      'commands/users/b.ts -> ../../postgres/a.ts',
    ],
    [
      'commands/sessions/b.ts',
      "import { a } from '../users/a.ts'",
      'commands/sessions/b.ts -> ../users/a.ts',
    ],
    ['commands/shared/b.ts', "import { a } from '../users/a.ts'", 'commands/shared/b.ts -> ../users/a.ts'],
    [
      'commands/users/b.ts',
      "import { a } from '../../context.ts'",
      'commands/users/b.ts -> ../../context.ts',
    ],
    [
      'service/b.ts',
      "const a = await import('../commands/users/a.ts')",
      'service/b.ts -> ../commands/users/a.ts',
    ],
    [
      'service/b.ts',
      "import type { a } from '../commands/users/a.ts'",
      'service/b.ts -> ../commands/users/a.ts',
    ],
    ['views/b.ts', "import { a } from '../service/a.ts'", 'views/b.ts -> ../service/a.ts'],
    ['views/b.schema.ts', "import { a } from '../service/a.ts'", 'views/b.schema.ts -> ../service/a.ts'],
    ['service/b.ts', "import pg from 'pg'", 'service/b.ts -> pg'],
    [
      'service/b.ts',
      "const { input } = await import('@inquirer/prompts')",
      'service/b.ts -> @inquirer/prompts',
    ],
    ['service/b.ts', "import '../errors.js'", 'service/b.ts -> ../errors.js'],
    ['service/b.ts', 'const a = await import(name)', 'service/b.ts -> import(name)'],
    ['service/b.ts', 'const a = process.env.A', 'service/b.ts -> process.env'],
    ['service/b.ts', 'process.stderr.write(a)', 'service/b.ts -> process streams'],
    ['main.ts', 'process.exitCode = 1', 'main.ts -> process.exitCode'],
    ['main.ts', 'process.exit(1)', 'main.ts -> process.exit()'],
    ['config/b.ts', "import { env } from 'node:process'", 'config/b.ts -> process by another name'],
    ['service/b.ts', "export { a } from './a.ts'", 'service/b.ts is a barrel'],
    ['service/b.ts', "export * from './a.ts'", 'service/b.ts is a barrel'],
    ['utils/b.ts', '', 'utils/b.ts is in no known room'],
    ['helpers.ts', '', 'helpers.ts is in no known room'],
    ['views.ts', '', 'views.ts is in no known room'],
    ['service/b.ts', "import { b } from './b.ts'", 'cycle: service/b.ts -> service/b.ts'],
  ])('%s: %s', (file, text, violation) => {
    expect(violations(new Map(Object.entries({ ...tree, [file]: text })))).toContain(violation)
  })

  it('lets through what the plan allows', () => {
    const files = {
      ...tree,
      'commands/users/b.ts':
        "import type { Context } from '../../context.ts'\nimport { a } from './a.ts'\nimport { b } from '../shared/a.ts'\n// import '../../redis/a.ts'",
      'service/b.ts':
        "import { a } from '../postgres/a.ts'\nimport { b } from '../redis/a.ts'\nimport { z } from 'zod'",
      'service/b.schema.ts': '',
      'views/b.schema.ts': "import { b } from '../service/b.schema.ts'",
    }
    expect(violations(new Map(Object.entries(files)))).toEqual([])
  })
})
