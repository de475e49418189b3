import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { blocklistEntryView } from '../../views/blocklist.view.ts'
import { parseUuid } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

export const registerCheck = (parent: Command, context: Context, run = checkToken): void => {
  teach(parent.command('check'), {
    examples: [
      ['Is this token refused by now', 'meanderctl blocklist check 0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e'],
    ],
    ends: [...endsOfLook, 'NOT_ENDED'],
    unlike: {
      'blocklist status': 'compares the stores as a whole',
      'users verify': 'checks every token of a person',
    },
  })
    .description('Check one access token in both stores: 0 blocked, 7 not everywhere, 3 unknown')
    .argument('<jti>', 'the access token', parseUuid)
    .action((jti: string) => run(jti, context))
}

export const checkToken = async (jti: string, context: Context): Promise<void> => {
  const { blocklist } = await context.service()
  const result = await blocklist.check(jti)
  await context.show.item(blocklistEntryView, result)
  if (!result.blocked) context.end('NOT_ENDED')
}
