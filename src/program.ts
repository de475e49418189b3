import { Command, CommanderError, Help, Option } from 'commander'
import {
  parseFile,
  parseFormat,
  parseMilliseconds,
  parseNames,
  parseProfile,
} from './commands/shared/parsers.ts'
import { teachingOf } from './commands/shared/teaching.ts'
import { pathOf } from './commands/shared/tree.ts'
import type { OwnedContext } from './context.ts'
import { MeanderError } from './errors.ts'
import { versionAnswer } from './version.ts'

interface Entry {
  readonly name: string
  readonly summary: string
  load(): Promise<(command: Command, context: OwnedContext) => void>
}

/** The command tree, in the order in which --help shows it. What is behind a name is loaded when the name is typed. */
const entries: readonly Entry[] = [
  {
    name: 'sessions',
    summary: 'Logins: list, show, revoke, stats, sweep; when they end by themselves',
    load: async () => (await import('./commands/sessions/sessions.ts')).registerSessions,
  },
  {
    name: 'users',
    summary: 'People: list, show, sign out, off-board, reinstate, verify',
    load: async () => (await import('./commands/users/users.ts')).registerUsers,
  },
  {
    name: 'grants',
    summary: 'Support access: list, show, create, revoke',
    load: async () => (await import('./commands/grants/grants.ts')).registerGrants,
  },
  {
    name: 'apply',
    summary: 'Do exactly what a plan of sessions revoke or users offboard froze',
    load: async () => (await import('./commands/apply.ts')).registerApply,
  },
  {
    name: 'audit',
    summary: 'The record',
    load: async () => (await import('./commands/audit/audit.ts')).registerAudit,
  },
  {
    name: 'trace',
    summary: 'From one fact (address, device, token, user) to everything connected, and what is still usable',
    load: async () => (await import('./commands/trace.ts')).registerTrace,
  },
  {
    name: 'blocklist',
    summary: 'Blocked access tokens, in PostgreSQL and Redis',
    load: async () => (await import('./commands/blocklist/blocklist.ts')).registerBlocklist,
  },
  {
    name: 'operators',
    summary: 'Which logins may operate (administrator)',
    load: async () => (await import('./commands/operators/operators.ts')).registerOperators,
  },
  {
    name: 'db',
    summary: 'The schema (administrator)',
    load: async () => (await import('./commands/db/db.ts')).registerDb,
  },
  {
    name: 'profile',
    summary: 'Which database, Redis and organization, by name: list, show, use, add, remove',
    load: async () => (await import('./commands/profile/profile.ts')).registerProfile,
  },
  {
    name: 'whoami',
    summary: 'Show who this login is, what it reaches and why, and which commands it may run',
    load: async () => (await import('./commands/whoami.ts')).registerWhoami,
  },
  {
    name: 'doctor',
    summary: 'Check connection, schema, roles, blocklist, Redis, clocks and files: 0 healthy, 7 a finding',
    load: async () => (await import('./commands/doctor/doctor.ts')).registerDoctor,
  },
  {
    name: 'demo',
    summary: 'Try it on this machine: make a store with people and sessions, and end a lost phone’s access',
    load: async () => (await import('./commands/demo.ts')).registerDemo,
  },
  {
    name: 'completion',
    summary: 'Print what makes a shell complete commands, options and names (bash, zsh, fish)',
    load: async () => (await import('./commands/completion/completion.ts')).registerCompletion,
  },
  {
    name: 'schema',
    summary: 'Print the JSON Schema of what a command prints as JSON',
    load: async () => (await import('./commands/schema.ts')).registerSchema,
  },
  {
    name: 'help',
    summary: 'Help for a command, or on exit-codes, output, selectors, environment',
    load: async () => (await import('./commands/help/help.ts')).registerHelp,
  },
]

/** Every name, for whoever wants the whole tree. */
export const commandNames: readonly string[] = entries.map(({ name }) => name)

/** The program that understands `argv`. `print` gets help and version. */
export const createProgram = async (
  argv: readonly string[],
  context: OwnedContext,
  print: (text: string) => void,
): Promise<Command> => {
  const program = new Command('meanderctl')
    .description('End access on the Meander platform: now, completely, on the record.')
    .version(versionAnswer(false).trimEnd(), '-V, --version', 'print version, commit and schema')
    .helpOption('-h, --help', 'print help')
    .option('-o, --output <format>', 'table, wide, json, ndjson, csv or id', parseFormat)
    .option('--columns <names>', 'these columns only, in this order (table, wide, csv)', parseNames)
    .option('--profile <name>', 'settings by this name', parseProfile)
    .option('--env-file <file>', 'read variables from this file', parseFile)
    .option('--timeout <duration>', 'longest time of one statement', parseMilliseconds)
    .addOption(new Option('--color <when>', 'colour').choices(['auto', 'always', 'never']))
    .option('--no-color', 'the same as --color never')
    .option('--no-pager', 'never page long lists')
    .option('--no-input', 'never ask')
    .option('-q, --quiet', 'no notes and no progress')
    .option('--debug', 'show where a failure came from')
    .configureHelp(narrowHelp)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => {} })
    .helpCommand(false)
    .hook('preAction', async (_, action) => {
      const noun = nounOf(program, action)
      if (!withoutSettings.includes(noun))
        await context.configure(globalFlags(program), noun, teachingOf(action)?.formats)
    })

  const whole = argv[0] === 'help' && argv.includes('--json')
  for (const { name, summary, load } of entries) {
    const command = program.command(name).description(summary)
    if (whole || argv.includes(name)) (await load())(command, context)
  }
  if (argv.some((word) => word === 'help' || helpFlag.test(word)))
    (await import('./commands/help/page.ts')).addPages(program)
  return program
}

/** What may stand where somebody is typing, for the script of a shell; `given` is what that hands over. */
export const completionOf = async (
  shell: string,
  given: readonly string[],
  context: OwnedContext,
): Promise<string> => {
  const { completionFor, wordsFor } = await import('./commands/completion/complete.ts')
  const program = await createProgram(wordsFor(shell, given), context, () => {})
  return completionFor(shell, given, program, context)
}

/** Narrower than this, a term and its meaning stand on lines of their own. */
const narrow = 60

const narrowHelp: Partial<Help> = {
  minWidthToWrap: 20,
  formatItem(this: Help, term, termWidth, description, helper) {
    const width = helper.helpWidth ?? narrow
    if (width >= narrow || description === '')
      return Help.prototype.formatItem.call(this, term, termWidth, description, helper)
    const [start, indent] = ['  ', '      ']
    return `${start}${term}\n${indent}${this.boxWrap(description, width - indent.length).replaceAll('\n', `\n${indent}`)}`
  },
  styleUsage(this: Help, usage) {
    const indent = 'Usage: '.length
    return this.boxWrap(usage, (this.helpWidth ?? narrow) - indent).replaceAll(
      '\n',
      `\n${' '.repeat(indent)}`,
    )
  },
}

/** Commands that a broken setting must not keep anybody from. */
const withoutSettings = ['completion', 'help']

/** `--help`, `-h`, and `-h` among other short flags. */
const helpFlag = /^(--help|-[a-zA-Z]*h)$/

/** `sessions` for `sessions list`, `whoami` for itself. */
const nounOf = (program: Command, action: Command): string =>
  action.parent === program || action.parent === null ? action.name() : action.parent.name()

/** What was typed; a default of commander's `--no-…` options is left out, so that environment and profile count. */
const globalFlags = (program: Command): object => {
  const values = program.opts()
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => program.getOptionValueSource(name) !== 'default'),
  )
}

export const isCommanderError = (error: unknown): error is CommanderError => error instanceof CommanderError

/** Whether commander stopped to print help or a version, lacked a verb, or met a misuse. */
export const helpOf = ({ code, exitCode }: CommanderError): 'shown' | 'missing verb' | 'misuse' => {
  if (['commander.helpDisplayed', 'commander.version'].includes(code)) return 'shown'
  if (code !== 'commander.help') return 'misuse'
  // `help` was asked for, a noun without its verb was not.
  return exitCode === 0 ? 'shown' : 'missing verb'
}

/** What was wrong with the words of `argv`, what was probably meant, and where the help of that verb is. */
export const misuseOf = async (
  { message }: CommanderError,
  program: Command,
  argv: readonly string[],
): Promise<MeanderError> => {
  const within = commandIn(argv, program)
  const near = await nearChoice(message)
  const text = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/s, '. Did you mean $1?')
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`
  return new MeanderError('USAGE', near === null ? sentence : `${sentence} Did you mean ${near}?`, {
    hint: `See ${`meanderctl ${pathOf(within)}`.trimEnd()} --help.`,
  })
}

/** The command that `argv` leads to. */
const commandIn = (argv: readonly string[], program: Command): Command =>
  argv.reduce((found, word) => found.commands.find((command) => command.name() === word) ?? found, program)

/**
 * The same failure; where an organization was not found, with the one within reach that was probably meant. It depends
 * on what was typed and on the own reach alone, so that a foreign name is told as one that nobody has.
 */
export const withNearOrganization = async (
  error: unknown,
  program: Command,
  argv: readonly string[],
  context: OwnedContext,
): Promise<unknown> => {
  const unknown = error instanceof MeanderError && error.code === 'NOT_FOUND'
  if (!unknown || !/\bno such organization\b/.test(error.message)) return error
  try {
    const named: string = commandIn(argv, program).opts().org ?? context.settings.organization.value ?? ''
    const { organizations } = await (await context.unchecked()).identity.whoami()
    const { nearest } = await import('./nearest.ts')
    const slugs = new Set(organizations.map(({ slug }) => slug))
    const [near, ...others] = [...slugs].filter((slug) => nearest(named, [slug]) !== null)
    if (near === undefined || others.length > 0) return error
    const { code, message, details, sqlState, cause } = error
    return new MeanderError(code, message, {
      hint: `Did you mean ${near}?`,
      details,
      cause,
      ...(sqlState && { sqlState }),
    })
  } catch {
    return error
  }
}

/** Commander names the choices of an option, and guesses only commands and options. */
const nearChoice = async (message: string): Promise<string | null> => {
  const [, typed, choices] = /argument '(.*)' is invalid\. Allowed choices are (.*)\.$/.exec(message) ?? []
  if (typed === undefined || choices === undefined) return null
  return (await import('./nearest.ts')).nearest(typed, choices.split(', '))
}
