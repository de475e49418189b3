/**
 * Bundles src into dist: one file to read for a command that needs nothing more, and one chunk for each
 * `import()`, because start-up is a feature. The library for servers is a build of its own, so that what it
 * shares with the tool does not split the tool's first file.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path) => `${root}${path}`

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
    // PGlite carries its own WebAssembly and is optional; pg-native is pg's optional C binding.
    external: ['@electric-sql/pglite', 'pg-native'],
    // CommonJS dependencies (commander, pg, ioredis, cli-table3) call require() for what node has built in.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    define: {
      BUILD_VERSION: JSON.stringify(JSON.parse(readFileSync(at('package.json'), 'utf8')).version),
      BUILD_COMMIT: JSON.stringify(commit()),
    },
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    logLevel: 'warning',
  })

rmSync(at('dist'), { recursive: true, force: true })
const tool = await bundle(['main'])
const library = await bundle(['index', 'blocklist'])
cpSync(at('src/postgres'), at('dist'), {
  recursive: true,
  filter: (path) => path.endsWith('.sql') || statSync(path).isDirectory(),
})
// Which source ended in which chunk: read by the test that holds what a command loads.
writeFileSync(at('dist/meta.json'), JSON.stringify({ ...tool.metafile.outputs, ...library.metafile.outputs }))
