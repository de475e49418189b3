import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { type ExportFormat, exportFormats, paintExport } from '../../views/audit-export.ts'
import { counted, purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseCount } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { type FilterOptions, filterOptions, selectorOf, ticketFilter } from './filters.ts'

interface ExportOptions extends FilterOptions, ReasonOptions {
  readonly after?: number
  readonly limit?: number
}

export const registerExport = (parent: Command, context: Context, run = exportRecord): void => {
  const command = teach(parent.command('export'), {
    examples: [
      ['For an auditor', 'meanderctl audit export -o csv --quiet > record.csv'],
      ['Go on where the last one ended', 'meanderctl audit export --after 120000 >> record.ndjson'],
    ],
    ends: endsOfLook,
    notes:
      'One event a line (-o ndjson, csv or json), and the proof at the end. Keep the file as it was written: what was laid out anew can no longer be checked. Several, each going on where the one before ended, are checked as one when joined.',
    formats: ['ndjson', 'csv', 'json'],
  }).description(
    'Write the record out, oldest first, with the proof that verify --export checks without a database',
  )
  filterOptions(command)
    .option('--after <seq>', 'go on behind the event with this number', parseCount)
    .option('--limit <n>', 'at most so many (default all)', parseCount)
    .action((options: ExportOptions) => run(options, context))
  reasonOptions(command, ticketFilter)
}

export const exportRecord = async (options: ExportOptions, context: Context): Promise<void> => {
  const { terminal } = context
  const format = formatOf(context)
  const { audit } = await context.service()
  const part = { after: options.after ?? null, limit: options.limit ?? null }
  const { pages, proof } = await audit.export(selectorOf(options, context), part, purposeOf(options, context))
  const progress = terminal.progress('Exporting')
  let count = 0
  let last: { organization: string; seq: number } | undefined
  async function* followed() {
    for await (const page of pages) {
      yield page
      count += page.events.length
      last = { organization: page.organization, seq: page.events.at(-1)?.seq ?? 0 }
      progress.update(count)
    }
  }
  try {
    await terminal.write(paintExport(format, followed(), proof, await terminal.style()))
  } catch (error) {
    if (last) {
      const { organization: org, seq } = last
      terminal.warn(
        `Event ${seq} of ${org} and those before it are written: go on with --org ${org} --after ${seq}`,
      )
    }
    throw error
  } finally {
    progress.stop()
  }
  terminal.note(`${counted(count, 'event')} exported.`)
}

/** `ndjson` unless another form was asked for; what a profile sets for lists is no export. */
const formatOf = ({ settings: { output, columns } }: Context): ExportFormat => {
  if (columns.value !== null) {
    throw new MeanderError(
      'USAGE',
      'An export has every column: without one of them nothing could be checked.',
    )
  }
  const format = exportFormats.find((known) => known === output.value)
  if (format !== undefined || output.source !== 'flag') return format ?? 'ndjson'
  throw new MeanderError('USAGE', `There is no export as ${output.value}.`, {
    hint: `Use -o ${exportFormats.join('|')}.`,
  })
}
