import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { checkView } from '../../views/blocklist.view.ts'
import { parseUuid } from '../shared/parsers.ts'

export const registerCheck = (parent: Command, context: Context, run = checkToken): void => {
  parent
    .command('check')
    .description('Check one access token in both stores: 0 blocked, 7 not everywhere, 3 unknown')
    .argument('<jti>', 'the access token', parseUuid)
    .action((jti: string) => run(jti, context))
}

export const checkToken = async (jti: string, context: Context): Promise<void> => {
  const { blocklist } = await context.service()
  const result = await blocklist.check(jti)
  await context.show.item(checkView, result)
  if (!result.blocked) context.end('NOT_ENDED')
}
