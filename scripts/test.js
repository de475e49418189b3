/**
 * `npm test`: everything against PostgreSQL 15, then what depends on the server's version against the newest
 * that ships as a package. Ends with one line that counts both. Arguments go to vitest: `npm test -- sessions`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const filters = process.argv.slice(2)
const scratch = mkdtempSync(join(tmpdir(), 'meanderctl-test-'))

const run = (postgres, projects) => {
  process.stdout.write(`\nPostgreSQL ${postgres}: ${projects.join(', ')}\n`)
  const file = join(scratch, `${postgres}.json`)
  const { status } = spawnSync(
    process.execPath,
    [
      vitest,
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...(filters.length > 0 ? ['--passWithNoTests', ...filters] : []),
    ],
    { stdio: 'inherit', env: { ...process.env, MEANDERCTL_TEST_POSTGRES: postgres } },
  )
  const counts = count(file)
  // A run that fails outside its tests (a file that cannot be read, an unhandled error) is a failure too.
  return status === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 }
}

const count = (file) => {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    const broken = report.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
    )
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

const runs = [run('15', ['unit', 'postgres', 'system']), run('embedded', ['postgres'])]
rmSync(scratch, { recursive: true })

const sum = (key) => runs.reduce((total, counts) => total + counts[key], 0)
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''
process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}\n`)
process.exitCode = sum('failed') > 0 || sum('passed') === 0 ? 1 : 0
