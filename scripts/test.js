/**
 * `npm test`: everything against PostgreSQL 15, then what depends on the server's version against the newest
 * that ships as a package. Ends with one line that counts both. Arguments go to vitest: `npm test -- sessions`.
 *
 * Files with a failure are run once more, alone: a machine that was too busy for a deadline is no fault of the
 * code. What fails again has failed; what passes then is named as flaky, so that it is seen and mended.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const filters = process.argv.slice(2)
const scratch = mkdtempSync(join(tmpdir(), 'meanderctl-test-'))
/** More failing files than this are no bad luck: a second run would only take time. */
const mostRepeated = 5
/** What no version of the server changes: the store in this process, Redis, files, what is asked, how answers look. */
const sameEverywhere = [
  'apply*',
  'asking*',
  'audit/{checkpoint,events,export,list,not-recorded,reasons,timeline,verify-export,witnesses}*',
  'bad-input*',
  'blocklist/**',
  'completion*',
  'doctor/isolation*',
  'embedded/**',
  'library/**',
  'near-organization*',
  'redis/**',
  'schema*',
  'sessions/{list-pages,revoke-*}*',
  'users/file*',
]

const execute = (postgres, projects, args, turn = 'first') => {
  const file = join(scratch, `${postgres}-${turn}.json`)
  const { status } = spawnSync(
    process.execPath,
    [
      vitest,
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    ],
    { stdio: 'inherit', env: { ...process.env, MEANDERCTL_TEST_POSTGRES: postgres } },
  )
  return read(file, status)
}

/** What a run did: counts, and the failures by file. `null` beside a file: it failed outside its tests. */
const read = (file, status) => {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    const failures = report.testResults
      .filter((result) => result.status === 'failed')
      .flatMap(({ name, assertionResults }) => {
        const failed = assertionResults.filter((assertion) => assertion.status === 'failed')
        const path = relative(root, name)
        return failed.length > 0
          ? failed.map(({ fullName }) => ({ path, fullName }))
          : [{ path, fullName: null }]
      })
    return {
      passed: report.numPassedTests,
      skipped: report.numPendingTests + report.numTodoTests,
      failures,
      // A run that fails outside its files (an unhandled error) is a failure too.
      broken: status !== 0 && failures.length === 0,
    }
  } catch {
    return { passed: 0, skipped: 0, failures: [], broken: true }
  }
}

const label = ({ path, fullName }) => (fullName === null ? path : `${path} > ${fullName}`)

const run = (postgres, projects, excluded) => {
  process.stdout.write(`\nPostgreSQL ${postgres}: ${projects.join(', ')}\n`)
  const wanted = filters.length > 0 ? ['--passWithNoTests', ...filters] : []
  const first = execute(postgres, projects, [...excluded, ...wanted])
  const files = [...new Set(first.failures.map(({ path }) => path))]
  if (first.broken || files.length === 0 || files.length > mostRepeated) {
    return { ...first, flaky: [] }
  }
  process.stdout.write(`\nOnce more, alone: ${files.join(', ')}\n`)
  const second = execute(postgres, projects, ['--maxWorkers=1', ...files], 'again')
  const again = new Set(second.failures.map(label))
  const failedFiles = new Set(
    second.failures.filter(({ fullName }) => fullName === null).map(({ path }) => path),
  )
  const flaky = first.failures.filter(
    (failure) => !again.has(label(failure)) && !failedFiles.has(failure.path),
  )
  return {
    ...first,
    passed: first.passed + flaky.filter(({ fullName }) => fullName !== null).length,
    failures: [
      ...new Map(
        [...first.failures, ...second.failures].map((failure) => [label(failure), failure]),
      ).values(),
    ].filter((failure) => !flaky.includes(failure)),
    broken: second.broken,
    flaky,
  }
}

const runs = [
  run('15', ['unit', 'postgres', 'system'], []),
  run(
    'embedded',
    ['postgres'],
    sameEverywhere.map((files) => `--exclude=test/integration/${files}`),
  ),
]
rmSync(scratch, { recursive: true })

const lines = (title, failures) => failures.map((failure) => `${title}: ${label(failure)}\n`).join('')
process.stdout.write(
  `\n${lines(
    'flaky',
    runs.flatMap(({ flaky }) => flaky),
  )}`,
)
process.stdout.write(
  lines(
    'failed',
    runs.flatMap(({ failures }) => failures),
  ),
)

const sum = (count) => runs.reduce((total, result) => total + count(result), 0)
const passed = sum((result) => result.passed)
const failed = sum(({ failures, broken }) => failures.length + (broken ? 1 : 0))
const skipped = sum((result) => result.skipped)
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
