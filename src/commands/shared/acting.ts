import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { problemOfText } from '../../service/record-text.ts'
import { parseCount, parseUuid } from './parsers.ts'
import { placeOf } from './place.ts'

/** What every command that reads under a grant may say of itself. */
export interface ReasonOptions {
  readonly reason?: string
  readonly ticket?: string
}

/** What every changing command takes. */
export interface ActOptions extends ReasonOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly maxAffected?: number
  readonly requestId?: string
}

/** Why a command reads or acts, for the record. */
export interface Purpose {
  readonly reason: string
  readonly ticket: string | null
}

const parseReason = (text: string): string => refuseWrong('reason', text)
const parseTicket = (text: string): string => refuseWrong('ticket', text)

/** Not commander's own error, which would say the whole text again. */
const refuseWrong = (what: 'reason' | 'ticket', text: string): string => {
  const problem = problemOfText(what, text)
  if (problem === null) return text
  throw new MeanderError('USAGE', `The ${what} ${problem}.`, {
    hint: `Give --${what} as one line of plain text.`,
  })
}

/** The flags of every command that reads under a grant. */
export const reasonOptions = (
  command: Command,
  ticket = 'the case this belongs to, for the record',
): Command =>
  command
    .option('--reason <text>', 'why, for the record', parseReason)
    .option('--ticket <text>', ticket, parseTicket)

/** The flags of every command that changes something. */
export const actOptions = (command: Command): Command =>
  reasonOptions(command)
    .option('-n, --dry-run', 'show what would happen, change nothing')
    .option('-y, --yes', 'go ahead without being asked')

/** The flags of every command that can be held to a number of things, `what` by name, and runs once under an id. */
export const bulkOptions = (command: Command, what: string): Command =>
  actOptions(command)
    .option('--max-affected <n>', `refuse, changing nothing, when it would be more ${what}`, parseCount)
    .option('--request-id <uuid>', 'run at most once: a repeat returns the first result', parseUuid)

/**
 * Refuses more than `--max-affected` allows, before anything is changed.
 * @param things `3 sessions would be ended`, as it is said of them
 * @throws MeanderError REFUSED
 */
export const refuseTooMany = (
  count: number,
  { maxAffected }: ActOptions,
  things: string,
  narrow = 'Name fewer',
): void => {
  if (maxAffected === undefined || count <= maxAffected) return
  throw new MeanderError('REFUSED', `${things}, --max-affected allows ${maxAffected}: nothing was changed.`, {
    hint: `${narrow}, or raise --max-affected.`,
  })
}

/** The record outlives the people in it, and its arguments name them by id: their addresses and names stay out of it. */
const withoutPeople = (commandLine: string): string =>
  commandLine.replace(/[^\s=,@]+@(?=\S)/g, '…@').replace(/(--search[= ])(?:(?! --?\w).)+/g, '$1…')

/** Why this reads: what was said, else the command itself. */
export const purposeOf = (options: ReasonOptions, context: Context): Purpose => ({
  reason: options.reason ?? withoutPeople(context.commandLine),
  ticket: options.ticket ?? null,
})

/**
 * Refuses, before anything is opened, what would have to ask when nobody can be asked.
 * @throws MeanderError USAGE
 */
export const refuseUnasked = (options: ActOptions, context: Context): void => {
  if (options.dryRun || context.terminal.interactive) return
  if (!options.yes) {
    throw new MeanderError('USAGE', 'This needs a confirmation, and there is no terminal to ask on.', {
      hint: 'Give --yes to go ahead, or --dry-run to see what would happen.',
    })
  }
  if (options.reason === undefined) {
    throw new MeanderError('USAGE', 'A reason is required, and there is no terminal to ask on.', {
      hint: 'Give --reason TEXT; it goes on the record.',
    })
  }
}

/**
 * The purpose of an act: asked for when it was not given; a dry run needs none. Who is `guided`, because of whom or
 * what was asked for too, is asked for the ticket as well: others know the option.
 */
export const askPurpose = async (
  options: ActOptions,
  context: Context,
  { guided = false }: { guided?: boolean } = {},
): Promise<Purpose> => {
  if (options.reason !== undefined || options.dryRun) return purposeOf(options, context)
  const reason = await context.terminal.prompt.text('Reason, for the record:', {
    validate: (text) => {
      if (text.trim() === '') return 'A reason is required.'
      const problem = problemOfText('reason', text)
      return problem === null || `The reason ${problem}.`
    },
  })
  return { reason, ticket: options.ticket ?? (guided ? await askTicket(context) : null) }
}

const askTicket = async (context: Context): Promise<string | null> => {
  const ticket = await context.terminal.prompt.text('Ticket, for the record (leave empty for none):', {
    validate: (text) => {
      const problem = text.trim() === '' ? null : problemOfText('ticket', text)
      return problem === null || `The ticket ${problem}.`
    },
  })
  return ticket.trim() === '' ? null : ticket
}

/** Asks unless `--yes` or a dry run, and says where it will be. @throws MeanderError DECLINED */
export const confirm = async (options: ActOptions, context: Context, question: string): Promise<void> => {
  if (unasked(options, context)) return
  if (!(await context.terminal.prompt.confirm(`${placeOf(context)}: ${question}`))) throw declined()
}

/** More than this is confirmed by typing its number: a yes is typed too easily. */
const typedAbove = 50

/**
 * Asks whether `count` things are to be changed, as `consequence` says in a sentence: many by typing their number, a
 * whole organization by its slug as `word`. Unless `--yes` or a dry run.
 * @throws MeanderError DECLINED
 */
export const confirmAct = async (
  options: ActOptions,
  context: Context,
  {
    consequence,
    count,
    word = null,
  }: { readonly consequence: string; readonly count: number; readonly word?: string | null },
): Promise<void> => {
  const expected = word ?? (count > typedAbove ? String(count) : null)
  if (expected === null) return confirm(options, context, `${consequence} Go on?`)
  if (unasked(options, context)) return
  if (
    !(await context.terminal.prompt.typed(
      `${placeOf(context)}: ${consequence} Type ${expected} to go on:`,
      expected,
    ))
  )
    throw declined()
}

/** True when nobody is asked. What a profile decided stands in no command line, so it is said then as well. */
export const unasked = ({ yes, dryRun }: ActOptions, context: Context): boolean => {
  if (yes && !dryRun && context.settings.profile.value !== null) context.terminal.note(`${placeOf(context)}.`)
  return yes === true || dryRun === true
}

/** What an answer of no comes to. */
export const declined = () => new MeanderError('DECLINED', 'Not confirmed: nothing was changed.')

/** Behind what a dry run came to. */
export const changedNothing = ' Nothing was changed: this was a dry run.'

/** `1 session`, `2 sessions`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`
