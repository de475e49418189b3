import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import { createTemplate } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { readPage, runbooks } from '../support/runbook.ts'
import { followRunbook } from './follow-runbook.ts'
import { worlds } from './runbook-worlds.ts'

/**
 * The pages of docs/runbooks, each in a world of its own: every command of every block runs in bash with the built
 * tool, as the login of its prompt, and must show and exit as the page says; then real clients tell who is locked out.
 */

const pages = readdirSync(runbooks).filter((name) => name !== 'README.md')
/** Its own, since pages make logins. */
let server: PrivatePostgres

beforeAll(async () => {
  server = await startPostgres()
  await createTemplate(server)
})
afterAll(() => server?.stop())

it.each(pages)('%s is what happens', { timeout: 60_000 }, async (file) => {
  const { blocks } = readPage(file)
  expect(blocks).toBeGreaterThan(0)
  const world = worlds[file]
  if (!world) throw new Error(`${file} has no world to happen in`)
  const scene = await world(server)
  try {
    const followed = await followRunbook(file, scene)
    expect(followed.asSeen).toBe(followed.asWritten)
    expect(followed.blocks).toBe(blocks)
    expect(followed.meanwhile).toEqual(Object.keys(scene.meanwhile ?? {}))
    await scene.afterwards()
  } finally {
    await scene.strike()
  }
})

test('every page is found, from the overview and from the README', () => {
  const [overview, readme] = ['README.md', '../../README.md'].map((path) =>
    readFileSync(join(runbooks, path), 'utf8'),
  )
  expect(pages.filter((page) => !overview?.includes(`(${page})`))).toEqual([])
  expect(pages.filter((page) => !readme?.includes(`(docs/runbooks/${page})`))).toEqual([])
  expect(Object.keys(worlds).sort()).toEqual(pages.sort())
})
