import * as z from 'zod'
import type { MigrateResult, SchemaStatus } from '../service/schema.ts'
import { blocklistMode } from './blocklist-outcome.schema.ts'
import { count, type Kind, moment, oneOf, text, thing } from './json.schema.ts'

const status = z.strictObject({
  installed: z.boolean(),
  version: count('the newest applied migration; 0 before the first'),
  toolVersion: count('the newest migration that this tool knows'),
  applied: z.array(
    z.strictObject({
      version: count('its number'),
      name: text('its file'),
      appliedAt: moment('when'),
      appliedBy: text('the login'),
    }),
  ),
  pending: z.array(z.string()).describe('files that db migrate would apply'),
  drift: z.array(
    z.strictObject({
      kind: text('of the object'),
      name: text('of the object'),
      change: oneOf<SchemaStatus['drift'][number]['change']>(
        { altered: true, added: true, missing: true },
        'against what the last migration left',
      ),
    }),
  ),
  blocklistMode: blocklistMode.nullable(),
}) satisfies z.ZodType<SchemaStatus>

const migrated = z.strictObject({
  dryRun: z.boolean().describe('nothing was changed'),
  version: count('the newest applied migration'),
  applied: z.array(z.string()).describe('files that were applied'),
  blocklistMode,
  missing: z.array(z.string()).describe('what only a superuser can grant'),
}) satisfies z.ZodType<MigrateResult>

export const kinds: readonly Kind[] = [
  thing(
    { kind: 'SchemaStatus', says: 'The schema in the database, and what is pending', by: ['db status'] },
    status,
  ),
  thing({ kind: 'MigrateResult', says: 'What a migration applied', by: ['db migrate'] }, migrated),
]
