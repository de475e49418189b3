/**
 * Bundles src into dist: one file to read for a command that needs nothing more, and one chunk for each
 * `import()`, because start-up is a feature. The library for servers is a build of its own, so that what it
 * shares with the tool does not split the tool's first file.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path) => `${root}${path}`

// PGlite carries its own WebAssembly and is optional; pg-native is pg's optional C binding.
const external = ['@electric-sql/pglite', 'pg-native']

/** The commit, or '' outside a clone (a tarball, a container without git). */
const commit = () => {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return ''
  }
}

/** commander loads child_process (2 ms) at every start for subcommands that are files; nobody here calls it. */
const lateChildProcess = {
  name: 'late child_process',
  setup(context) {
    context.onResolve({ filter: /^(node:)?child_process$/ }, ({ importer, path }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'late' } : undefined,
    )
    context.onLoad({ filter: /.*/, namespace: 'late' }, () => ({
      contents: "exports.spawn = (...args) => process.getBuiltinModule('node:child_process').spawn(...args)",
    }))
  },
}

/**
 * `const { parse } = await import('dotenv')` works in node for CommonJS packages, but a bundle of one has only a
 * default export: what the tests saw would not be what is shipped. So it gets the names that node sees.
 */
const namedExports = {
  name: 'named exports',
  setup(context) {
    context.onResolve({ filter: /^[^.]/ }, ({ kind, path, importer }) =>
      kind === 'dynamic-import' &&
      !importer.includes('/node_modules/') &&
      !external.some((name) => `${path}/`.startsWith(`${name}/`)) &&
      !path.startsWith('node:')
        ? { path, namespace: 'named' }
        : undefined,
    )
    context.onLoad({ filter: /.*/, namespace: 'named' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => /^[\w$]+$/.test(name))
      return { contents: `export { ${names.join(', ')} } from '${path}'`, resolveDir: root }
    })
  },
}

const bundle = (names) =>
  build({
    absWorkingDir: root,
    entryPoints: names.map((name) => `src/${name}.ts`).filter((path) => existsSync(at(path))),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Every chunk lies directly in dist, beside the .sql files: see src/postgres/sql-folder.ts.
    chunkNames: '[name]-[hash]',
    external,
    // CommonJS dependencies (commander, pg, ioredis, cli-table3) call require() for what node has built in, and
    // for nothing else: a require that reads no file costs no start-up.
    banner: { js: 'const require = process.getBuiltinModule;' },
    plugins: [lateChildProcess, namedExports],
    define: {
      BUILD_VERSION: JSON.stringify(JSON.parse(readFileSync(at('package.json'), 'utf8')).version),
      BUILD_COMMIT: JSON.stringify(commit()),
    },
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    write: false,
    logLevel: 'warning',
  })

const tool = await bundle(['main'])
const library = await bundle(['index', 'blocklist'])
const sql = readdirSync(at('src/postgres'), { recursive: true }).filter((path) => path.endsWith('.sql'))
const dist = new Map([
  ...[...tool.outputFiles, ...library.outputFiles].map(({ path, contents }) => [path, contents]),
  ...sql.map((path) => [at(`dist/${path}`), readFileSync(at(`src/postgres/${path}`))]),
  // Which source ended in which chunk: read by the test that holds what a command loads.
  [at('dist/meta.json'), JSON.stringify({ ...tool.metafile.outputs, ...library.metafile.outputs })],
])
// What did not change is left alone and the rest replaced at once, so that whoever runs the tool now never finds half
// of it; main.js comes after the chunks that it asks for.
for (const [path, contents] of [...dist].reverse()) {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(contents))) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.${process.pid}`, contents)
  renameSync(`${path}.${process.pid}`, path)
}
for (const entry of readdirSync(at('dist'), { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  if (entry.isFile() && !dist.has(path) && !/\.\d+$/.test(path)) rmSync(path, { force: true })
}
