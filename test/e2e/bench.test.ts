import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const program = ['--import', './scripts/typescript.js', 'test/bench/bench.ts']
const bench = (...args: string[]) =>
  execa(process.execPath, [...program, ...args], { cwd: root, reject: false, env: { NODE_OPTIONS: '' } })

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'meanderctl-bench-test-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Measured {
  readonly comparison: string
  readonly error?: string
  readonly figures: readonly {
    readonly what: string
    readonly median: number
    readonly met: boolean | null
  }[]
}

/** No threshold: how long anything takes is the machine's business here. */
it('measures everything on little data, and says what it found', { timeout: 240_000 }, async () => {
  const file = join(folder, 'run.json')
  // The peer comes from the network.
  const { exitCode, stdout, stderr } = await bench(
    ...['--sessions', '10000', '--rounds', '1', '--skip', 'better-auth', '--json', file],
  )
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
  const { measured }: { measured: Measured[] } = JSON.parse(readFileSync(file, 'utf8'))
  const { stdout: help } = await bench('--help')
  const listed = help.slice(help.indexOf('Comparisons:')).match(/(?<=^ {2})[a-z-]+/gm)
  expect([...measured.map(({ comparison }) => comparison), 'better-auth']).toEqual(listed)
  for (const { comparison, figures } of measured) {
    expect(figures.length, comparison).toBeGreaterThan(0)
    for (const { what, median } of figures) {
      expect(median, what).toBeGreaterThan(0)
      expect(median, what).toBeLessThan(Number.POSITIVE_INFINITY)
      expect(stdout).toContain(what)
    }
  }
})

it('refuses what it does not know', async () => {
  const { exitCode, stderr } = await bench('nothing-of-the-kind')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('there is no comparison nothing-of-the-kind')
})
