import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import type { BlocklistMode } from '../../service/schema.ts'
import { version } from '../../version.ts'
import { migrateView } from '../../views/schema-status.view.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface MigrateOptions {
  readonly dryRun?: boolean
  readonly blocklist?: BlocklistMode
}

export const registerMigrate = (parent: Command, context: Context, run = migrate): void => {
  teach(parent.command('migrate'), {
    examples: [
      ['The first time', 'meanderctl db migrate --blocklist redis'],
      ['What would change', 'meanderctl db migrate --dry-run'],
    ],
    ends: [...endsOfLook, 'UNKNOWN'],
  })
    .description('Install the schema, or bring it up to date: all of it or nothing')
    .option('-n, --dry-run', 'do it and roll back')
    .addOption(
      new Option(
        '--blocklist <mode>',
        'record whether the platform reads Redis (first default: redis if one is configured)',
      ).choices(['redis', 'database']),
    )
    .action((options: MigrateOptions) => run(options, context))
}

export const migrate = async (
  { dryRun = false, blocklist }: MigrateOptions,
  context: Context,
): Promise<void> => {
  const { schema } = await context.unchecked()
  const result = await schema.migrate({
    toolVersion: version,
    mode: blocklist,
    defaultMode: context.settings.redis ? 'redis' : 'database',
    dryRun,
  })
  await context.show.item(migrateView, { ...result, dryRun })
  for (const statement of result.missing) {
    context.terminal.warn(`One right is missing, which only a superuser can give: ${statement};`)
  }
}
