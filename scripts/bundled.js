import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Packages of which something is in the bundle, by name. @param files paths of bundled sources, as esbuild tells them */
export const bundledPackages = (root, files) => {
  const folders = new Set(
    files.map((file) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean),
  )
  return [...folders]
    .map((path) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
      return { path, name, version, license }
    })
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
}

/** A package's licence in its own words: a file, or what its README says under that heading. @throws Error without either */
const wordsOf = (folder, name) => {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)(\.|$)/i.test(file))
  const read = (file) => readFileSync(join(folder, file), 'utf8').trim()
  if (files.length > 0) return files.map(read).join('\n\n')
  const readme = join(folder, 'README.md')
  const said = existsSync(readme) && /^#+ licen[cs]e\s+([\s\S]*copyright[\s\S]*)/im.exec(read('README.md'))
  if (!said) throw new Error(`${name} says nowhere under which licence it may be passed on`)
  return said[1].trim()
}

/** What the licences of the bundled packages ask for: their names and words, passed on with the package. */
export const notices = (root, packages) =>
  [
    'Parts of these packages are in the bundled files beside this one; each under its own licence.',
    ...packages.map(
      ({ path, name, version, license }) =>
        `${name} ${version} (${license})\n\n${wordsOf(join(root, path), name)}`,
    ),
  ].join(`\n\n${'-'.repeat(80)}\n\n`)
