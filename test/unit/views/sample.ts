import { createStyle } from '../../../src/terminal/style.ts'
import type { PaintOptions } from '../../../src/views/paint/options.ts'
import { timeText } from '../../../src/views/time.ts'
import type { View } from '../../../src/views/view.ts'

export interface Phone {
  readonly id: string
  readonly owner: string | null
  readonly sessions: number
  readonly seenAt: string | null
  readonly state: 'active' | 'revoked'
  readonly agent: string
  readonly tags: readonly string[]
}

/** A view with a column of every sort. */
export const phoneView: View<Phone> = {
  kind: 'Phone',
  noun: ['phone', 'phones'],
  id: ({ id }) => id,
  columns: [
    { key: 'id', value: ({ id }) => id, cell: { header: 'id' } },
    { key: 'owner', value: ({ owner }) => owner, cell: { header: 'owner', shrink: 1 } },
    { key: 'sessions', value: ({ sessions }) => sessions, cell: { header: 'sessions', align: 'right' } },
    {
      key: 'seenAt',
      value: ({ seenAt }) => seenAt,
      cell: { header: 'last seen', text: ({ seenAt }, at) => timeText(seenAt, at) },
    },
    {
      key: 'state',
      value: ({ state }) => state,
      cell: { header: 'state', tone: ({ state }) => (state === 'active' ? 'good' : 'bad') },
    },
    { key: 'agent', value: ({ agent }) => agent, cell: { header: 'user agent', shrink: 2 } },
    { key: 'tags', value: ({ tags }) => tags, cell: { header: 'tags', wide: true } },
    { key: 'secretless', value: () => undefined },
  ],
}

export const phones: readonly Phone[] = [
  {
    id: '11111111',
    owner: 'Åse Ødegård <ase@hlf.example>',
    sessions: 2,
    seenAt: '2025-03-01T11:57:00Z',
    state: 'active',
    agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)',
    tags: ['work'],
  },
  {
    id: '22222222',
    owner: '=漢字 शांति\u202e',
    sessions: 11,
    seenAt: null,
    state: 'revoked',
    agent: 'curl/8.5.0\r',
    tags: [],
  },
  {
    id: '33333333',
    owner: null,
    sessions: 0,
    seenAt: '2025-03-01T14:30:00Z',
    state: 'active',
    agent: '',
    tags: [],
  },
]

const now = new Date('2025-03-01T12:00:00Z')

/** What a pipe gets; `over` turns it into something else. */
export const options = async (
  over: Partial<PaintOptions> & { colour?: boolean } = {},
): Promise<PaintOptions> => ({
  format: 'table',
  now,
  decorated: false,
  width: 80,
  style: await createStyle(over.colour ?? false),
  ...over,
})

export const textOf = async (chunks: AsyncIterable<string>): Promise<string> => {
  let text = ''
  for await (const chunk of chunks) text += chunk
  return text
}
