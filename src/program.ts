import { Command, CommanderError, Option } from 'commander'
import { registerList as registerAuditList } from './commands/audit/list.ts'
import { registerCheck } from './commands/blocklist/check.ts'
import { registerStatus as registerBlocklistStatus } from './commands/blocklist/status.ts'
import { registerSync } from './commands/blocklist/sync.ts'
import { registerMigrate } from './commands/db/migrate.ts'
import { registerStatus as registerDbStatus } from './commands/db/status.ts'
import { registerAdd } from './commands/operators/add.ts'
import { registerEnable } from './commands/operators/enable.ts'
import { registerEnd } from './commands/operators/end.ts'
import { registerList as registerOperatorsList } from './commands/operators/list.ts'
import { parseMilliseconds, parseNames, parseText } from './commands/parsers.ts'
import { registerList as registerSessionsList } from './commands/sessions/list.ts'
import { registerRevoke } from './commands/sessions/revoke.ts'
import { registerShow } from './commands/sessions/show.ts'
import { registerAct } from './commands/users/act.ts'
import { registerList as registerUsersList } from './commands/users/list.ts'
import { registerShow as registerUsersShow } from './commands/users/show.ts'
import { registerVerify } from './commands/users/verify.ts'
import { registerWhoami } from './commands/whoami.ts'
import type { OwnedContext } from './context.ts'
import { version } from './version.ts'

/** The command tree, in the order in which --help shows it. `print` gets help and version. */
export const createProgram = (context: OwnedContext, print: (text: string) => void): Command => {
  const program = new Command('meanderctl')
    .description('End access on the Meander platform: now, completely, on the record.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('-o, --output <format>', 'table, wide, json, ndjson, csv or id', parseText)
    .option('--columns <names>', 'these columns only, in this order (table, wide, csv)', parseNames)
    .option('--profile <name>', 'settings by this name', parseText)
    .option('--env-file <file>', 'read variables from this file', parseText)
    .option('--timeout <duration>', 'longest time of one statement', parseMilliseconds)
    .addOption(new Option('--color <when>', 'colour').choices(['auto', 'always', 'never']))
    .option('--no-color', 'the same as --color never')
    .option('--no-pager', 'never page long lists')
    .option('--no-input', 'never ask')
    .option('-q, --quiet', 'no notes and no progress')
    .option('--debug', 'show where a failure came from')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', () => context.configure(globalFlags(program)))

  const sessions = noun(program, 'sessions', 'Logins: list, show, revoke')
  registerSessionsList(sessions, context)
  registerShow(sessions, context)
  registerRevoke(sessions, context)

  const users = noun(program, 'users', 'People: list, show, sign out, off-board, reinstate, verify')
  registerUsersList(users, context)
  registerUsersShow(users, context)
  registerAct(users, 'sign_out', context)
  registerAct(users, 'offboard', context)
  registerAct(users, 'reinstate', context)
  registerVerify(users, context)

  const audit = noun(program, 'audit', 'The record')
  registerAuditList(audit, context)

  const blocklist = noun(program, 'blocklist', 'Blocked access tokens, in PostgreSQL and Redis')
  registerBlocklistStatus(blocklist, context)
  registerCheck(blocklist, context)
  registerSync(blocklist, context)

  const operators = noun(program, 'operators', 'Which logins may operate (administrator)')
  registerOperatorsList(operators, context)
  registerAdd(operators, context)
  registerEnable(operators, context)
  registerEnd(operators, 'disable', context)
  registerEnd(operators, 'remove', context)

  const db = noun(program, 'db', 'The schema (administrator)')
  registerMigrate(db, context)
  registerDbStatus(db, context)

  registerWhoami(program, context)
  return program
}

const noun = (program: Command, name: string, description: string): Command =>
  program.command(name).description(description)

/** What was typed; a default of commander's `--no-…` options is left out, so that environment and profile count. */
const globalFlags = (program: Command): object => {
  const values = program.opts()
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => program.getOptionValueSource(name) !== 'default'),
  )
}

export const isCommanderError = (error: unknown): error is CommanderError => error instanceof CommanderError

/** Whether commander stopped to print help or a version, lacked a verb, or met a misuse. */
export const helpOf = ({ code }: CommanderError): 'shown' | 'missing verb' | 'misuse' => {
  if (['commander.helpDisplayed', 'commander.version'].includes(code)) return 'shown'
  return code === 'commander.help' ? 'missing verb' : 'misuse'
}
