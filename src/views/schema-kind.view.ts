import type { Kind } from './json.schema.ts'
import type { View } from './view.ts'

/** One kind of answer, and who gives it. */
export const schemaKindView: View<Kind> = {
  kind: 'Schema',
  noun: ['kind', 'kinds'],
  columns: [
    { key: 'kind', value: (k) => k.kind, cell: { header: 'kind' } },
    {
      key: 'commands',
      value: (k) => k.by,
      cell: { header: 'printed by', text: (k) => k.by.join(', '), shrink: 2 },
    },
    { key: 'description', value: (k) => k.says, cell: { header: 'what', shrink: 1 } },
  ],
  id: (k) => k.kind,
}
