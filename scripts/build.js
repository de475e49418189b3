/**
 * Bundles src into dist: one file to read for a command that needs nothing more, and one chunk for each
 * `import()`, because start-up is a feature. The library for servers is a build of its own, so that what it
 * shares with the tool does not split the tool's first file.
 */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundledPackages, notices } from './bundled.js'
import { lateBuiltins, namedExports, without } from './plugins.js'

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

/** The schema that this version brings, as `whoami` and `db status` count it. */
const newestMigration = () =>
  Math.max(...readdirSync(at('src/postgres/migrations')).map((name) => Number.parseInt(name, 10) || 0))

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
  plugins: [lateBuiltins, without('@inquirer/external-editor'), namedExports(external)],
  define: {
    // pg asks `typeof Response` whether it runs at Cloudflare; in node the question alone loads all of fetch (30 ms).
    Response: 'undefined',
    BUILD_VERSION: JSON.stringify(JSON.parse(readFileSync(at('package.json'), 'utf8')).version),
    BUILD_COMMIT: JSON.stringify(commit()),
    BUILD_SCHEMA: JSON.stringify(newestMigration()),
  },
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  write: false,
  logLevel: 'warning',
}

const bundle = (names, more) =>
  build({ ...options, ...more, entryPoints: names.map((name) => `src/${name}.ts`) })

/** What nearly every command loads, in this order. */
const wholeEntries = [
  'src/main.ts',
  'src/program.ts',
  'src/config/settings.ts',
  'src/terminal/create-terminal.ts',
  'src/postgres/connection.ts',
  'src/service/session-management-service.ts',
]

/** What commands share goes with the part that loads them, up to this many bytes a file: to read it costs less than to look for it. */
const littleBytes = 6000

/**
 * Each file that a start reads costs a fiftieth of a start of node, and splitting leaves many small ones. So the parts
 * above take in what they import that no earlier one has, and every part has what is built in for itself.
 */
const mergeParts = async ({ outputFiles, metafile: { outputs } }) => {
  const code = new Map(outputFiles.map(({ path, text }) => [relative(root, path), text]))
  const sources = new Map(Object.entries(outputs).map(([file, { inputs }]) => [file, inputs]))
  /** `contents` with the files in it that `takesIn` says; the others stay files of their own. */
  const merge = async (contents, takesIn) => {
    const { outputFiles } = await build({
      ...options,
      stdin: { contents, resolveDir: at('dist') },
      splitting: false,
      plugins: [
        {
          name: 'what was built',
          setup(context) {
            context.onResolve({ filter: /^\.\// }, ({ path, kind }) =>
              kind !== 'dynamic-import' && takesIn(join('dist', path))
                ? { path, namespace: 'built' }
                : { path, external: true },
            )
            context.onLoad({ filter: /.*/, namespace: 'built' }, ({ path }) => ({
              contents: code.get(join('dist', path)),
            }))
          },
        },
      ],
    })
    return outputFiles[0].text
  }

  const isBuiltIn = (file) => Object.keys(outputs[file].inputs).every((name) => name.startsWith('built-in:'))
  const staticImports = (file) =>
    outputs[file].imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path)
  /** Every file that comes with this one. */
  const closureOf = (file) => {
    const files = new Set([file])
    for (const one of files) for (const path of staticImports(one)) files.add(path)
    return files
  }
  const wholeOf = (entry) => Object.keys(outputs).find((file) => outputs[file].entryPoint === entry)
  const [, program, ...later] = wholeEntries.map(wholeOf)
  const there = closureOf(program)
  const notYet = new Set(later.flatMap((file) => [...closureOf(file)]))
  const nouns = outputs[program].imports
    .filter(({ kind }) => kind === 'dynamic-import')
    .map(({ path }) => closureOf(path))
  const isLittle = (file) =>
    there.has(file) ||
    isBuiltIn(file) ||
    (!notYet.has(file) && !outputs[file].entryPoint && outputs[file].bytes <= littleBytes)
  const littleShared = Object.keys(outputs).filter(
    (file) =>
      !isBuiltIn(file) &&
      nouns.filter((files) => files.has(file)).length > 1 &&
      [...closureOf(file)].every(isLittle),
  )

  const wholes = new Set()
  /** Files that only pass on the names of what was taken in. */
  const passing = new Set()
  for (const entry of wholeEntries) {
    const whole = wholeOf(entry)
    const files = new Set([whole, ...(whole === program ? littleShared : [])])
    for (const file of files) {
      for (const path of staticImports(file))
        if (!isBuiltIn(path) && !wholes.has(path) && !passing.has(path)) files.add(path)
    }
    const parts = [...files].map((file, part) => {
      const names = outputs[file].exports.map((name) => ({
        name,
        inside: file === whole ? name : `${name}_${part}`,
      }))
      const list = (from, to) => names.map((entry) => `${entry[from]} as ${entry[to]}`).join(', ')
      return {
        file,
        exported: `export { ${list('name', 'inside')} } from './${basename(file)}'`,
        passedOn: `export { ${list('inside', 'name')} } from './${basename(whole)}'\n`,
      }
    })
    const text = await merge(parts.map(({ exported }) => exported).join('\n'), (file) => !wholes.has(file))
    const inputs = Object.assign({}, ...parts.map(({ file }) => outputs[file].inputs))
    for (const { file, passedOn } of parts) {
      code.set(file, passedOn)
      sources.set(file, {})
      passing.add(file)
    }
    code.set(whole, text)
    sources.set(whole, inputs)
    passing.delete(whole)
    wholes.add(whole)
  }

  const small = new Set([...code.keys()].filter((file) => passing.has(file) || isBuiltIn(file)))
  // What is asked for by its own name has to stay.
  const kept = [...code.keys()].filter((file) => !small.has(file) || outputs[file].entryPoint)
  const rest = kept.filter((file) => !wholes.has(file))
  const texts = await Promise.all(rest.map((file) => merge(code.get(file), (path) => small.has(path))))
  for (const [index, file] of rest.entries()) code.set(file, texts[index])
  for (const file of small) if (!kept.includes(file)) code.delete(file)
  return { code, sources: Object.fromEntries([...sources].filter(([file]) => code.has(file))) }
}

/** The types of the package's faces, and of what these name: path below dist → text. */
const declarations = (faces) => {
  const folder = mkdtempSync(join(tmpdir(), 'meanderctl-types-'))
  try {
    const tsc = at('node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [tsc, '-p', at('tsconfig.types.json'), '--outDir', folder], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const found = new Map()
    const read = (file) => {
      if (found.has(file)) return
      const text = readFileSync(join(folder, file), 'utf8')
      found.set(file, text)
      for (const [, name] of text.matchAll(/(?:from|import\() ?'(\.[^']+)\.[jt]s'/g))
        read(join(dirname(file), `${name}.d.ts`))
    }
    for (const face of faces) read(`${face}.d.ts`)
    return new Map([...found].map(([file, text]) => [`types/${file}`, text]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const faces = ['index', 'blocklist']
const tool = await mergeParts(await bundle(['main']))
const library = await bundle(faces, { minifyIdentifiers: true, keepNames: true })
const bundled = bundledPackages(
  root,
  [
    ...Object.values(tool.sources),
    ...Object.values(library.metafile.outputs).map(({ inputs }) => inputs),
  ].flatMap((inputs) => Object.keys(inputs)),
)
const sql = readdirSync(at('src/postgres'), { recursive: true }).filter((path) => path.endsWith('.sql'))
const dist = new Map([
  ...[...tool.code].map(([file, text]) => [at(file), text]),
  ...library.outputFiles.map(({ path, text }) => [path, text]),
  ...sql.map((path) => [at(`dist/${path}`), readFileSync(at(`src/postgres/${path}`))]),
  ...[...declarations(faces)].map(([file, text]) => [at(`dist/${file}`), text]),
  [at('dist/THIRD-PARTY-NOTICES.txt'), notices(root, bundled)],
  // Which source ended in which chunk: read by the tests that hold what a command loads, and a server.
  [at('dist/meta.json'), JSON.stringify(tool.sources)],
  [at('dist/meta-library.json'), JSON.stringify(library.metafile.outputs)],
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
// The one help that everybody sees first, so that it costs no more than a start: `help` asks the command tree.
writeFileSync(at('dist/help.txt'), execFileSync(process.execPath, [at('bin/meanderctl.js'), 'help']))
