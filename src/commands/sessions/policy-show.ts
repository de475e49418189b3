import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { policyView } from '../../views/policy.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseOrganization } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface PolicyShowOptions extends ReasonOptions {
  readonly org?: string
}

export const registerPolicyShow = (parent: Command, context: Context, run = showPolicy): void => {
  const command = teach(parent.command('show'), {
    examples: [['When do sessions end by themselves', 'meanderctl sessions policy show']],
    ends: endsOfLook,
  })
    .description('Show idle timeout, absolute lifetime and longest support access')
    .option('--org <slug|id>', 'of this organization', parseOrganization)
    .action((options: PolicyShowOptions) => run(options, context))
  reasonOptions(command)
}

export const showPolicy = async (options: PolicyShowOptions, context: Context): Promise<void> => {
  const { policies } = await context.service()
  const organization = options.org ?? context.settings.organization.value ?? null
  const found = await policies.show(organization, purposeOf(options, context))
  const [only] = found
  // A global admin may have been let in by several organizations, or by none.
  if (only && found.length === 1) return context.show.item(policyView, only)
  await context.show.list(policyView, found)
  if (found.length === 0) context.terminal.note('No organization within reach.')
}
