/**
 * `npm run --silent sbom > meanderctl.cdx.json`: what the package is made of, as CycloneDX. It installs next to nothing,
 * so the list is what was bundled and what may be installed beside it; tools of development are in neither.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundledPackages } from './bundled.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path) => JSON.parse(readFileSync(`${root}${path}`, 'utf8'))

const parts = Object.values(read('dist/meta.json')).concat(
  Object.values(read('dist/meta-library.json')).map(({ inputs }) => inputs),
)
const shipped = new Set(
  bundledPackages(
    root,
    parts.flatMap((inputs) => Object.keys(inputs)),
  ).map(({ name, version }) => `${name}@${version}`),
)
const sbom = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  }),
)
const { name, optionalDependencies } = read('package.json')
const components = sbom.components.filter(
  ({ group, name, version }) =>
    shipped.has(`${group ? `${group}/` : ''}${name}@${version}`) ||
    (group ? `${group}/${name}` : name) in optionalDependencies,
)
const known = new Set([...components, sbom.metadata.component].map((component) => component['bom-ref']))
// npm calls the package as the folder that it is in.
sbom.metadata.component.name = name
process.stdout.write(
  `${JSON.stringify(
    {
      ...sbom,
      components,
      dependencies: sbom.dependencies
        .filter(({ ref }) => known.has(ref))
        .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => known.has(one)) })),
    },
    null,
    2,
  )}\n`,
)
