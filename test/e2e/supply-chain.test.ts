import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'

/** What is in the package of other people's work is named in it, with their licence, and can be asked about. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')

/** By the sources that esbuild says are in the bundles. */
const bundled = (): Map<string, string> => {
  const files = [
    ...Object.values<object>(JSON.parse(read('dist/meta.json'))),
    ...Object.values<{ inputs: object }>(JSON.parse(read('dist/meta-library.json'))).map(
      ({ inputs }) => inputs,
    ),
  ].flatMap((inputs) => Object.keys(inputs))
  const packages = new Map<string, string>()
  for (const file of files.filter((name) => name.includes('node_modules/'))) {
    const [, folder = ''] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? []
    const { name, version } = JSON.parse(read(`${folder}/package.json`))
    packages.set(`${name} ${version}`, folder)
  }
  return packages
}

it('names every bundled package with its licence in the words of its holders', () => {
  const sections = read('dist/THIRD-PARTY-NOTICES.txt')
    .split(/\n\n-{80}\n\n/)
    .slice(1)
  const titles = sections.map((section) => section.replace(/ \([\s\S]*$/, ''))
  expect(titles).toEqual([...bundled().keys()].sort())
  for (const section of sections) {
    expect(section).toMatch(/^\S+ \S+ \((MIT|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0)\)\n\n/)
    expect(section, section.slice(0, 200)).toMatch(/copyright/i)
    expect(section, section.slice(0, 200)).toMatch(
      /Permission is hereby granted|Permission to use, copy, modify|Redistribution and use|Apache License/,
    )
  }
})

it('lists what it is made of, as CycloneDX, each with version, licence and hash', async () => {
  const { stdout } = await execa(process.execPath, ['scripts/sbom.js'], { cwd: root })
  const sbom = JSON.parse(stdout)
  expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'meanderctl' } } })
  const components: { name: string; version: string; hashes: unknown[]; licenses: unknown[] }[] =
    sbom.components
  const names = components.map(({ name, version }) => `${name} ${version}`)
  const beside = names.filter((name) => !bundled().has(name))
  expect(beside).toEqual([expect.stringMatching(/^@electric-sql\/pglite /)])
  expect(names.length).toBe(bundled().size + 1)
  for (const one of components) {
    expect(one, one.name).toMatchObject({ purl: expect.stringMatching(/^pkg:npm\//), version: one.version })
    expect([one.hashes?.length, one.licenses?.length], one.name).toEqual([1, 1])
  }
})

describe('known holes', () => {
  const audit = async (answer: object | null) => {
    const server = createServer(({ method }, response) => {
      response.writeHead(answer ? 200 : 405, { 'content-type': 'application/json' })
      // Asked for: the package itself, for what mends it. Told: what is known of all of them.
      response.end(JSON.stringify(method === 'GET' ? { name: 'commander', versions: {} } : (answer ?? {})))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const ran = await execa(process.execPath, ['scripts/audit.js'], {
      cwd: root,
      reject: false,
      env: { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_fetch_retries: '0' },
    })
    server.close()
    return [ran.exitCode, ran.stdout]
  }

  it('are none, one that nobody explained, or not to be learnt', async () => {
    expect(await audit({})).toEqual([0, '0 to be looked at, 0 explained'])
    const hole = {
      id: 1,
      url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
      title: 'reads what it should not',
      severity: 'high',
      vulnerable_versions: '*',
    }
    const [code, said] = await audit({ commander: [hole] })
    expect([code, said]).toEqual([
      1,
      'high: commander *: reads what it should not https://github.com/advisories/GHSA-aaaa-bbbb-cccc\n1 to be looked at, 0 explained',
    ])
    expect(await audit(null)).toEqual([2, expect.stringMatching(/^The registry did not tell: 405/)])
  })
})
