/**
 * Bundles src into dist: one file to read for a command that needs nothing more, and one chunk for each
 * `import()`, because start-up is a feature. The library for servers is a build of its own, so that what it
 * shares with the tool does not split the tool's first file.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { lateBuiltins, namedExports } from './plugins.js'

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

const options = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Every chunk lies directly in dist, beside the .sql files: see src/postgres/sql-folder.ts.
  chunkNames: '[name]-[hash]',
  external,
  plugins: [lateBuiltins, namedExports(external)],
  define: {
    // pg asks `typeof Response` whether it runs at Cloudflare; in node the question alone loads all of fetch (30 ms).
    Response: 'undefined',
    BUILD_VERSION: JSON.stringify(JSON.parse(readFileSync(at('package.json'), 'utf8')).version),
    BUILD_COMMIT: JSON.stringify(commit()),
  },
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  write: false,
  logLevel: 'warning',
}

const bundle = (names) =>
  build({
    ...options,
    entryPoints: names.map((name) => `src/${name}.ts`).filter((path) => existsSync(at(path))),
  })

/** What nearly every command loads, in this order. */
const wholeEntries = [
  'src/main.ts',
  'src/program.ts',
  'src/config/settings.ts',
  'src/service/session-management-service.ts',
  'src/postgres/connection.ts',
]

/**
 * Each file that a start reads costs a fiftieth of a start of node. So these take in what they import that no earlier
 * one has, and where that was remains a line that passes its names on to the parts that are loaded late.
 */
const mergeStart = async ({ outputFiles, metafile: { outputs } }) => {
  const code = new Map(outputFiles.map(({ path, text }) => [relative(root, path), text]))
  const sources = new Map(Object.entries(outputs).map(([file, { inputs }]) => [file, inputs]))
  const merged = new Set()
  const wholes = new Set()
  for (const entry of wholeEntries) {
    const whole = Object.keys(outputs).find((file) => outputs[file].entryPoint === entry)
    const files = new Set([whole])
    for (const file of files) {
      for (const { path, kind } of outputs[file].imports) {
        if (kind === 'import-statement' && !merged.has(path)) files.add(path)
      }
    }
    const parts = [...files].map((file, part) => {
      const names = outputs[file].exports.map((name) => ({
        name,
        inside: file === whole ? name : `${name}_${part}`,
      }))
      const list = (from, to) => names.map((entry) => `${entry[from]} as ${entry[to]}`).join(', ')
      return {
        file,
        whole: `export { ${list('name', 'inside')} } from './${basename(file)}'`,
        line: `export { ${list('inside', 'name')} } from './${basename(whole)}'\n`,
      }
    })
    const built = await build({
      ...options,
      stdin: { contents: parts.map(({ whole }) => whole).join('\n'), resolveDir: at('dist') },
      splitting: false,
      plugins: [
        {
          name: 'what was built',
          setup(context) {
            context.onResolve({ filter: /^\.\// }, ({ path, kind }) =>
              kind === 'dynamic-import' || wholes.has(join('dist', path))
                ? { path, external: true }
                : { path, namespace: 'built' },
            )
            context.onLoad({ filter: /.*/, namespace: 'built' }, ({ path }) => ({
              contents: code.get(join('dist', path)),
            }))
          },
        },
      ],
    })
    const inputs = Object.assign({}, ...parts.map(({ file }) => outputs[file].inputs))
    for (const { file, line } of parts) {
      merged.add(file)
      code.set(file, line)
      sources.set(file, {})
    }
    code.set(whole, built.outputFiles[0].text)
    sources.set(whole, inputs)
    wholes.add(whole)
  }
  return { code, sources: Object.fromEntries(sources) }
}

const tool = await mergeStart(await bundle(['main']))
const library = await bundle(['index', 'blocklist'])
const sql = readdirSync(at('src/postgres'), { recursive: true }).filter((path) => path.endsWith('.sql'))
const dist = new Map([
  ...[...tool.code].map(([file, text]) => [at(file), text]),
  ...library.outputFiles.map(({ path, text }) => [path, text]),
  ...sql.map((path) => [at(`dist/${path}`), readFileSync(at(`src/postgres/${path}`))]),
  // Which source ended in which chunk: read by the test that holds what a command loads.
  [at('dist/meta.json'), JSON.stringify(tool.sources)],
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
