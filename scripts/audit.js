/**
 * `npm run audit`: what npm's registry knows of holes in any package of the lock file. 0 when there are none but those
 * explained here, 1 when one is to be looked at, 2 when the registry does not tell.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Advisories that do not concern us: id (GHSA-…) → why. */
const explained = {}

const { stdout } = spawnSync('npm', ['audit', '--json'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
  maxBuffer: 2 ** 26,
})
const say = (code, lines) => {
  process.stdout.write(`${lines.join('\n')}\n`)
  process.exitCode = code
}
const report = (() => {
  try {
    return JSON.parse(stdout)
  } catch {
    return {}
  }
})()
if (!report.vulnerabilities) {
  say(2, [`The registry did not tell: ${report.message ?? 'no answer'}`])
} else {
  const found = Object.values(report.vulnerabilities).flatMap(({ via }) =>
    via.filter((one) => typeof one === 'object'),
  )
  const open = found.filter(({ url }) => !(url.split('/').at(-1) in explained))
  say(open.length > 0 ? 1 : 0, [
    ...open.map(({ name, range, severity, title, url }) => `${severity}: ${name} ${range}: ${title} ${url}`),
    `${open.length} to be looked at, ${found.length - open.length} explained`,
  ])
}
