import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { parseCount } from './parsers.ts'

export interface ListingOptions {
  readonly limit?: number
  readonly cursor?: string
  readonly all?: boolean
}

const usualLimit = 50

/** The flags of every list: how much of it, and from where on. */
export const listingOptions = (command: Command): Command =>
  command
    .option(
      '--limit <n>',
      `at most so many (default ${usualLimit} for table, wide and json, else all)`,
      parseCount,
    )
    .option('--cursor <cursor>', 'go on where the page before ended')
    .option('--all', 'everything, however much')

/** How many are to be shown: null is everything. @throws MeanderError USAGE for `--all` with `--limit`. */
export const limitOf = ({ limit, all }: ListingOptions, context: Context): number | null => {
  if (all && limit !== undefined) {
    throw new MeanderError('USAGE', '--all and --limit contradict each other.', { hint: 'Give one of them.' })
  }
  const streams = ['id', 'ndjson', 'csv'].includes(context.show.format)
  return limit ?? (all || streams ? null : usualLimit)
}

/** Says on stderr that a list was cut and how to go on. */
export const sayCut = (context: Context, shown: number, nextCursor: string | null): void => {
  if (nextCursor === null) return
  context.terminal.note(
    `${shown} shown, there are more: --all shows everything, --cursor ${nextCursor} the next ones.`,
  )
}
