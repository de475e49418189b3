import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { SessionStats } from '../../service/sessions/sessions.ts'
import { barsOf, barView, metricsOf, sessionStatsView, statsGroupView } from '../../views/stats.view.ts'
import { purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseFile } from '../shared/parsers.ts'
import { type SelectorOptions, selectionOf, selectorOptions } from '../shared/selectors.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { beginFile } from '../shared/whole-file.ts'

interface StatsOptions extends SelectorOptions, ReasonOptions {
  readonly outputFile?: string
}

export const registerStats = (parent: Command, context: Context, run = sessionStats): void => {
  const command = teach(parent.command('stats'), {
    examples: [
      ['How many are left', 'meanderctl sessions stats --created-before 2026-03-01T12:00:00Z -o csv'],
      ['For a dashboard', 'meanderctl sessions stats -o prometheus --output-file meander.prom'],
    ],
    ends: endsOfLook,
    notes:
      'Active, expired and revoked in the last 24 h are counted whatever --state says; kind, device type, age and idle are those of the sessions in that state, as sessions list with the same selectors shows them. A file can be read by whoever the umask lets.',
    formats: ['table', 'wide', 'json', 'ndjson', 'csv', 'prometheus'],
  })
    .description('Count sessions by state, kind, device type, age, idle; -o prometheus for a dashboard')
    .option(
      '--output-file <file>',
      'with -o prometheus: write it there, whole or not at all, for a textfile collector',
      parseFile,
    )
    .action((options: StatsOptions) => run(options, context))
  reasonOptions(selectorOptions(command))
}

export const sessionStats = async (options: StatsOptions, context: Context): Promise<void> => {
  const { format } = context.show
  if (format === 'id') {
    throw new MeanderError('USAGE', '-o id has nothing to name: statistics have no ids.', {
      hint: 'Use -o table|wide|json|ndjson|csv|prometheus.',
    })
  }
  if (options.outputFile !== undefined && format !== 'prometheus') {
    throw new MeanderError('USAGE', '--output-file is for -o prometheus.', {
      hint: 'Give -o prometheus, or send the output into a file.',
    })
  }
  const selection = selectionOf(options, context)
  const file =
    options.outputFile === undefined ? null : await beginFile(options.outputFile, 'file', 'everybody')
  try {
    const { sessions } = await context.service()
    const stats = await sessions.stats(selection, purposeOf(options, context))
    if (format !== 'prometheus') return await showStats(stats, context)
    const text = await context.show.metrics(metricsOf(stats))
    if (!file) return await context.terminal.write([text])
    await file.write(text)
    await file.finish()
  } finally {
    await file?.discard()
  }
}

const showStats = async (stats: SessionStats, context: Context): Promise<void> => {
  const { show, terminal, settings } = context
  const lines = show.format === 'csv' || show.format === 'ndjson' || settings.columns.value !== null
  if (lines) return show.list(statsGroupView, stats.groups)
  if (show.format === 'json') return show.item(sessionStatsView, stats)
  await show.item(totalsView, stats)
  const width = terminal.decorated && !terminal.accessible ? terminal.width : null
  for (const { heading, bars } of barsOf(stats)) await show.section(heading, barView(bars, width), bars)
}

/** The groups have tables of their own. */
const totalsView = {
  ...sessionStatsView,
  columns: sessionStatsView.columns.filter(({ key }) => key !== 'groups'),
}
