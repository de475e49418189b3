import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/** docs/security.md names a test for every line: each is there under that name. */

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const page = readFileSync(at('docs/security.md'), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (---|tries to)/.test(line))
const testsIn = (text: string): [title: string, file: string][] =>
  [...text.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[^)]+\.test\.ts)\)/g)].map(([, title = '', file = '']) => [
    title,
    file,
  ])

it('proves every line with tests that are there', () => {
  expect(rows.length).toBeGreaterThan(35)
  expect(rows.filter((row) => row.split(' | ').length !== 4)).toEqual([])
  expect(rows.filter((row) => testsIn(row).length === 0)).toEqual([])
  const missing = testsIn(page).filter(
    ([title, file]) =>
      !existsSync(at(file)) ||
      !["'", '`'].some((quote) => readFileSync(at(file), 'utf8').includes(quote + title)),
  )
  expect(missing).toEqual([])
})

it('links to pages that are there', () => {
  const pages = readdirSync(at('docs'))
  for (const [, name] of page.matchAll(/\]\(([\w-]+\.md)\)/g)) expect(pages).toContain(name)
  expect(existsSync(at('test/golden/rights.txt'))).toBe(true)
})
