import { expect, it } from 'vitest'
import { paintCopied } from '../../../src/views/paint/copied.ts'
import type { View } from '../../../src/views/view.ts'
import { options } from './sample.ts'

interface Note {
  readonly id: string
  readonly text: string | null
}

const view = {
  kind: 'Note',
  columns: [
    { key: 'id', value: ({ id }: Note) => id },
    { key: 'text', value: ({ text }: Note) => text },
  ],
} as unknown as View<Note>

const decode = (line: string): Note => {
  const [id = '', text = ''] = line.split('\t')
  return { id, text: text === '\\N' ? null : text }
}

/** Plain lines between ones that grow several times as long, so that no guess of a page's length is right. */
it('gives every line of a page once and in order, however much longer they become', async () => {
  const texts = Array.from({ length: 500 }, (_, n) =>
    n % 3 === 0 ? '\u202e'.repeat(200) : n % 7 === 0 ? '\\N' : 'plain',
  )
  const { style } = await options({})
  const pages = (async function* () {
    for (const some of [texts.slice(0, 300), texts.slice(300), []]) {
      yield { bytes: Buffer.from(some.map((text, n) => `${n}\t${text}\n`).join('')), decode }
    }
  })()
  const painted: Buffer[] = []
  for await (const page of paintCopied(view, pages, style)) painted.push(page)
  const found = Buffer.concat(painted)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).text)
  expect(found).toHaveLength(texts.length)
  expect(found.map((text) => text ?? '\\N')).toEqual(texts)
})
