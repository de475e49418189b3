import type { MigrateResult, SchemaStatus } from '../service/schema.ts'
import type { View } from './view.ts'

/** A person needs to know that there are many, not which; `-o json` names them all. */
const shortList = (names: readonly string[]): string =>
  names.length > 4
    ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
    : names.join(', ') || 'nothing'

/** What is applied, what is not, and what was changed by hand. */
export const schemaStatusView: View<SchemaStatus> = {
  kind: 'SchemaStatus',
  noun: ['schema', 'schemas'],
  columns: [
    {
      key: 'installed',
      value: (s) => s.installed,
      cell: { header: 'installed', text: (s) => (s.installed ? 'yes' : 'no') },
    },
    { key: 'version', value: (s) => s.version, cell: { header: 'version' } },
    { key: 'toolVersion', value: (s) => s.toolVersion, cell: { header: 'this tool knows' } },
    {
      key: 'applied',
      value: (s) => s.applied,
      cell: {
        header: 'applied',
        text: (s) => s.applied.map(({ name, appliedBy }) => `${name} (by ${appliedBy})`).join(', '),
      },
    },
    {
      key: 'pending',
      value: (s) => s.pending,
      cell: { header: 'pending', text: (s) => shortList(s.pending) },
    },
    {
      key: 'drift',
      value: (s) => s.drift,
      cell: {
        header: 'changed by hand',
        text: (s) =>
          s.drift.map(({ kind, name, change }) => `${kind} ${name} ${change}`).join(', ') || 'nothing',
        tone: ({ drift }) => (drift.length > 0 ? 'bad' : 'plain'),
      },
    },
    {
      key: 'blocklistMode',
      value: (s) => s.blocklistMode,
      cell: { header: 'blocklist', text: (s) => s.blocklistMode ?? '' },
    },
  ],
  id: (s) => String(s.version),
}

/** What a migration applied. */
export const migrateView: View<MigrateResult & { readonly dryRun: boolean }> = {
  kind: 'MigrateResult',
  noun: ['migration', 'migrations'],
  columns: [
    { key: 'dryRun', value: (m) => m.dryRun },
    { key: 'version', value: (m) => m.version, cell: { header: 'version' } },
    {
      key: 'applied',
      value: (m) => m.applied,
      cell: {
        header: 'applied',
        text: (m) => (m.applied.length === 0 ? 'nothing: up to date' : `${m.applied.length} files`),
      },
    },
    { key: 'blocklistMode', value: (m) => m.blocklistMode, cell: { header: 'blocklist' } },
    {
      key: 'missing',
      value: (m) => m.missing,
      cell: { header: 'missing', text: (m) => m.missing.join(', ') || 'nothing' },
    },
  ],
  id: (m) => String(m.version),
}
