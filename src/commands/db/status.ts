import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { schemaStatusView } from '../../views/schema-status.view.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

export const registerStatus = (parent: Command, context: Context, run = showStatus): void => {
  teach(parent.command('status'), {
    examples: [['Is the schema the tool’s', 'meanderctl db status']],
    ends: endsOfLook,
    unlike: { doctor: 'also looks at roles, Redis, clocks and files' },
  })
    .description('Show which schema is installed, what is pending, and what was changed by hand')
    .action(() => run(context))
}

export const showStatus = async (context: Context): Promise<void> => {
  const { schema } = await context.unchecked()
  const status = await schema.status()
  await context.show.item(schemaStatusView, status)
  const { terminal } = context
  if (status.version > status.toolVersion)
    terminal.warn('The schema is newer than this meanderctl: install a newer one.')
  else if (status.pending.length > 0) terminal.warn('Bring it up to date: meanderctl db migrate')
  if (status.drift.length > 0) terminal.warn('Something was changed by hand: see who may, and put it back.')
}
