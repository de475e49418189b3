import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Timeline } from '../../service/audit/audit.ts'
import { spanText, timelineStepView, timelineView } from '../../views/timeline.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { type FilterOptions, filterOptions, selectorOf, ticketFilter } from './filters.ts'

type TimelineOptions = FilterOptions & ReasonOptions

export const registerTimeline = (parent: Command, context: Context, run = timeline): void => {
  const command = teach(parent.command('timeline'), {
    examples: [
      ['An incident', 'meanderctl audit timeline --ticket INC-42'],
      ['To print', 'meanderctl audit timeline --ticket INC-42 -o html --quiet > INC-42.html'],
    ],
    ends: endsOfLook,
    notes: 'Events of one command are one step. Moments are given in full, never as "ago".',
    formats: ['table', 'wide', 'json', 'ndjson', 'csv', 'id', 'html'],
  })
    .description('Tell a whole incident in order, with durations; -o html for a page to print')
    .action((options: TimelineOptions) => run(options, context))
  reasonOptions(filterOptions(command), ticketFilter)
}

export const timeline = async (options: TimelineOptions, context: Context): Promise<void> => {
  const selector = selectorOf(options, context)
  const { organization: _, ...narrowing } = selector
  if (Object.keys(narrowing).length === 0) {
    throw new MeanderError('USAGE', 'A timeline is of something: the whole record is too long for one.', {
      hint: 'Give --ticket TEXT, or --since, --until, --actor, --action, --target.',
    })
  }
  const { show, terminal } = context
  const { audit } = await context.service()
  const found = await audit.timeline(selector, purposeOf(options, context))
  if (show.format === 'html') {
    const { timelinePage } = await import('../../views/timeline-page.ts')
    await show.page((surroundings) => timelinePage(found, surroundings))
  } else if (show.format === 'json') await show.item(timelineView, found)
  else await show.list(timelineStepView, found.steps)
  sayWhole(found, context)
  if (found.steps.length === 0) terminal.note('No event matches.')
}

/** What was seen in all, and that it may be less than what happened. */
const sayWhole = (found: Timeline, { terminal }: Context): void => {
  if (found.steps.length > 0) terminal.note(spanText(found))
  const { organization: _, ticket: __, ...others } = found.selector
  const names = Object.keys(others)
  if (names.length === 0) return
  terminal.note(
    `Filtered by ${names.map((name) => `--${name}`).join(', ')}: what else happened is not among it.`,
  )
}
