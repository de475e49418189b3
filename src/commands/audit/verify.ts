import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { NamedFault, Verification } from '../../service/audit/verification.ts'
import type { Witnesses } from '../../service/audit/witnesses.ts'
import { auditFaultView, checkedChainView } from '../../views/audit-verification.view.ts'
import { counted, purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { collectFiles, parseFile } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { type FilterOptions, filterOptions, selectorOf, ticketFilter } from './filters.ts'

interface VerifyOptions extends FilterOptions, ReasonOptions {
  readonly checkpoint?: readonly string[]
  readonly publicKey?: readonly string[]
  readonly evidence?: string
  readonly export?: string
}

type Verified = Verification & { readonly notes: readonly string[] }

/** Of a broken record a person sees so many faults; `ndjson` names every one. */
const shownFaults = 100

export const registerVerify = (parent: Command, context: Context, run = verifyRecord): void => {
  const command = teach(parent.command('verify'), {
    examples: [
      ['The record as it is', 'meanderctl audit verify'],
      [
        'Against a head that was kept elsewhere',
        'meanderctl audit verify --org hlf --checkpoint checkpoints.jsonl --public-key checkpoints.pem.pub',
      ],
      [
        'An export, with no database',
        'meanderctl audit verify --export record.csv --checkpoint checkpoints.jsonl --public-key checkpoints.pem.pub',
      ],
      ['A proof that was written', 'meanderctl audit verify --evidence INC-42.json'],
    ],
    ends: [...endsOfLook, 'NOT_ENDED'],
    unlike: { 'users verify': 'proves that people’s access has ended; it trusts the record' },
    notes:
      'Every link is computed anew, here and not in the database. A tail that was rewritten with all its hashes, or a backup that was restored, is seen against a checkpoint alone. What selects events narrows nothing but the count of those that match: a chain is whole only as a whole.',
  }).description('Check that the record is whole and unaltered: 0 it is, 7 it is not')
  filterOptions(command)
    .option(
      '--checkpoint <file...>',
      'and against these signed heads, kept outside the database',
      collectFiles,
    )
    .option('--public-key <file...>', 'the keys that they are to be signed with', collectFiles)
    .option('--export <file>', 'what audit export wrote, instead of the database: none is asked', parseFile)
    .option('--evidence <file>', 'and that it is the record on which this proof rests', parseFile)
    .action((options: VerifyOptions) => run(options, context))
  reasonOptions(command, ticketFilter)
}

export const verifyRecord = async (options: VerifyOptions, context: Context): Promise<void> => {
  const witnesses = await witnessesOf(options)
  if (witnesses && options.export === undefined && context.settings.database === null) {
    throw new MeanderError('USAGE', 'There is no record to check this against: no database is configured.', {
      hint: 'Give --export F, or set DATABASE_URL or the variables of psql.',
    })
  }
  const progress = context.terminal.progress('Checking')
  const seen = (events: number) => progress.update(events)
  const verification =
    options.export === undefined
      ? await (await context.service()).audit.verify(
          selectorOf(options, context),
          purposeOf(options, context),
          witnesses,
          seen,
        )
      : await verifyFile(options.export, options, context, witnesses, seen)
  try {
    await showVerification(verification, context, () => progress.stop())
  } finally {
    progress.stop()
  }
  for (const note of verification.notes) context.terminal.warn(note)
  const { faults, events, organizations, matching } = verification.summary
  const chains = counted(organizations, 'chain')
  const coverage = new Set(verification.chains.map((chain) => chain.coverage))
  const fine = [...coverage].every((one) => one === 'whole') ? 'whole and unaltered' : 'unaltered'
  context.terminal.note(
    `${counted(events, 'event')} in ${chains}: ${faults === 0 ? fine : counted(faults, 'fault')}.`,
  )
  if (matching !== null) context.terminal.note(`${counted(matching, 'event')} of them match.`)
  if (coverage.has('part'))
    context.terminal.note('What comes before or behind a part of a chain is not in this file.')
  if (coverage.has('parts')) {
    context.terminal.note(
      'Parts that do not follow each other are checked each by itself: what lies between them is not in this file.',
    )
  }
  if (coverage.has('events')) {
    context.terminal.note(
      'A filter chose the events: that none of them was left out cannot be seen in this file.',
    )
  }
  if (faults > 0) context.end('NOT_ENDED')
}

type Seen = (events: number) => void

const verifyFile = async (
  path: string,
  options: VerifyOptions,
  context: Context,
  witnesses: Witnesses | null,
  seen: Seen,
): Promise<Verified> => {
  const { org, reason } = options
  if (org !== undefined || reason !== undefined) {
    throw new MeanderError(
      'USAGE',
      'An export is checked whole, and nobody’s record is read: --org and --reason mean nothing here.',
    )
  }
  const { organization: _, ...filter } = selectorOf(options, context)
  const [{ verifyExport }, { fixed }, { cleanCsvCell }] = await Promise.all([
    import('../../service/audit/verify-export.ts'),
    import('../../service/audit/filter.ts'),
    context.terminal.style(),
  ])
  const now = context.now().toISOString()
  return verifyExport(path, { clean: cleanCsvCell, filter: fixed(filter, now), witnesses, seen })
}

/** What is kept outside and was given; null for the chain alone. */
const witnessesOf = async ({ checkpoint = [], publicKey = [], evidence }: VerifyOptions) => {
  if (checkpoint.length + publicKey.length === 0 && evidence === undefined) return null
  const { readWitnesses } = await import('../../service/audit/witnesses.ts')
  return readWitnesses({ checkpoints: checkpoint, publicKeys: publicKey, evidence: evidence ?? null })
}

/** For a person the chains, then the first faults; else every fault as it is found. */
const showVerification = async (
  verification: Verification,
  context: Context,
  checked: () => void,
): Promise<void> => {
  const { show, terminal } = context
  if (!/^(table|wide)$/.test(show.format)) {
    return show.findings('AuditVerificationResult', auditFaultView, verification.faults, () => ({
      summary: verification.summary,
      chains: verification.chains,
    }))
  }
  const first: NamedFault[] = []
  let more = 0
  for await (const fault of verification.faults) {
    if (first.length < shownFaults) first.push(fault)
    else more += 1
  }
  // The spinner's line is given back before the table takes it.
  checked()
  await show.list(checkedChainView, verification.chains)
  if (first.length > 0) await show.section('Faults', auditFaultView, first)
  if (more > 0)
    terminal.note(`${first.length} faults shown, there are ${more} more: -o ndjson names every one.`)
}
