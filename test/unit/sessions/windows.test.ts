import fc from 'fast-check'
import { expect, it } from 'vitest'
import { walk } from '../../../src/service/pages.ts'
import { windowed } from '../../../src/service/sessions/windows.ts'

interface Row {
  readonly at: number
  readonly id: string
}
const newestFirst = (one: Row, other: Row): number => other.at - one.at || (one.id < other.id ? -1 : 1)

/** Many at one moment, some close together, long times with none. */
const rows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 0, 1, 2, 50, 10_000, 5_000_000)), {
    maxLength: 120,
  })
  .map((gaps) => {
    let at = 1_700_000_000_000_000
    return gaps.map(([digit, gap], n): Row => {
      at -= gap
      return { at, id: `${digit}${String(n).padStart(5, '0')}` }
    })
  })
  .map((made) => made.sort(newestFirst))

const readAll = async (all: readonly Row[], size: number) => {
  const calls: { floor: number | null; found: number }[] = []
  const fetch = windowed<Row>(
    async (after, limit, floor) => {
      const from = after === null ? null : { at: Number(after.at), id: after.id }
      const page = all
        .filter((row) => from === null || newestFirst(from, row) < 0)
        .filter((row) => floor === null || row.at >= Number(floor))
        .slice(0, limit)
      calls.push({ floor: floor === null ? null : Number(floor), found: page.length })
      return page
    },
    (page) => ({
      sessions: page.length,
      ends: () => {
        const [first, last] = [page[0], page.at(-1)]
        if (page.length < size || !first || !last) throw new Error('asked of a page that is not full')
        return { first: { at: String(first.at), id: first.id }, last: { at: String(last.at), id: last.id } }
      },
    }),
  )
  const found: Row[] = []
  const pages = walk(
    (after: { at: string; id: string } | null) => fetch(after, size),
    null,
    Number.POSITIVE_INFINITY,
  )
  for await (const row of pages) found.push(row)
  return { found, calls }
}

it('none is lost and none doubled, in order, whatever lies between them', async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 20 }), async (all, size) => {
      const { found, calls } = await readAll(all, size)
      expect(found).toEqual(all)
      expect(calls.length).toBeLessThanOrEqual(6 + 3 * all.length)
    }),
    { numRuns: 500 },
  )
})

it('where sessions come evenly, each page but the first has a floor, and is nearly full', async () => {
  const all = Array.from({ length: 1000 }, (_, n) => ({
    at: 1_700_000_000_000_000 - n * 1000,
    id: String(n),
  }))
  const { calls } = await readAll(all, 50)
  const windows = calls.slice(1, -3)
  expect(windows.length).toBeGreaterThan(15)
  for (const { floor, found } of windows) {
    expect(floor).not.toBeNull()
    expect(found).toBeGreaterThan(40)
  }
  expect(calls.length).toBeLessThan(30)
})
