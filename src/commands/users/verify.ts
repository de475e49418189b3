import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { SigningKey } from '../../service/audit/signing-key.ts'
import type { Purpose } from '../../service/on-record.ts'
import { type CheckedRows, checkRows, type UserRow, type UserRows } from '../../service/users/rows.ts'
import type { AuditHead, Users } from '../../service/users/users.ts'
import type { Proof } from '../../service/users/verification.ts'
import { proofView } from '../../views/proof.view.ts'
import { counted, purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { askUser, mayAsk } from '../shared/asking.ts'
import { collectUsers, parseFile, parseMilliseconds } from '../shared/parsers.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'
import { beginFile, type WholeFile } from '../shared/whole-file.ts'
import { beginReport, type Report, type ReportRow } from './report.ts'
import { isBare, largestBatch, openTargets, type TargetOptions, targetOptions, wrongRows } from './targets.ts'

interface VerifyOptions extends TargetOptions, ReasonOptions {
  readonly offboarded?: boolean
  readonly evidence?: string
  readonly wait?: number
}

/** What one look at everybody found. */
interface Verification {
  readonly summary: { users: number; ended: number; notEnded: number; notFound: number }
  /** Those that are shown: of a long list a person sees whose access has not ended. */
  readonly items: readonly Proof[]
  /** null where the users are of several organizations. */
  readonly auditHead: AuditHead | null
}

export const registerVerify = (parent: Command, context: Context, run = verifyUsers): void => {
  const command = teach(parent.command('verify'), {
    examples: [
      ['Somebody who left', 'meanderctl users verify ada@hlf.example --offboarded --evidence HR-7.json'],
      ['Everybody in a list', 'meanderctl users verify --file season.csv --offboarded --evidence HR-40.json'],
      ['As soon as Redis knows', 'meanderctl users verify mari@hlf.example --wait 2s'],
    ],
    ends: [...endsOfLook, 'PARTIAL', 'NOT_ENDED'],
    unlike: {
      'audit verify': 'proves that the record is whole, and nothing of anybody’s access',
      'blocklist check': 'looks for one access token',
    },
    notes: 'Changes nothing: what is left is ended by users sign-out or users offboard.',
  })
    .description('Prove from both stores that access has ended: 0 it has, 7 something is left')
    .argument('[user...]', 'users, by e-mail or id; asked for at a terminal', collectUsers)
    .option('--offboarded', 'also: account deactivated, no live grant')
    .option('--evidence <file>', 'write the proof as JSON', parseFile)
    .option('--wait <duration>', 'ask again for as long, until access has ended', parseMilliseconds)
    .action((names: string[], options: VerifyOptions) => run(names, options, context))
  reasonOptions(targetOptions(command))
}

export const verifyUsers = async (
  names: readonly string[],
  options: VerifyOptions,
  context: Context,
): Promise<void> => {
  const guided = isBare(names, options) && mayAsk({}, context)
  const source = await openTargets(guided ? [await askWhom(options, context)] : names, options, context)
  const files: { discard(): Promise<void> }[] = []
  const begun = <F extends { discard(): Promise<void> } | null>(file: F): F => {
    if (file) files.push(file)
    return file
  }
  try {
    const evidence = begun(
      options.evidence === undefined ? null : await beginFile(options.evidence, 'evidence'),
    )
    const key = evidence && (await signingKeyOf(context))
    const report = begun(await beginReport(options.report, context))
    const purpose = purposeOf(options, context)
    const { users } = await context.service()
    const organization = options.org ?? context.settings.organization.value
    const checked = await checkRows(source, users, { act: 'verify', organization, purpose })
    const wrong = wrongRows(checked, options)
    if (wrong) {
      if (report) await reportNothingSeen(report, source, checked, purpose)
      throw wrong
    }
    const all = checked.total <= shownRows || evidence !== null || !/^(table|wide)$/.test(context.show.format)
    const look = (into: Report | null) =>
      verifyAll(users, source, checked, { options, purpose, signal: context.signal, report: into, all })
    const until = performance.now() + (options.wait ?? 0)
    while (performance.now() < until && (await look(null)).summary.notEnded > 0) await sleep(500)
    const verification = await look(report)
    await report?.finish()
    if (evidence) await writeEvidence(evidence, verification, key, context)
    await showVerification(verification, context)
  } finally {
    for (const file of files) await file.discard()
    await source.close()
  }
}

const askWhom = async (options: VerifyOptions, context: Context): Promise<string> => {
  const organization = options.org ?? context.settings.organization.value
  const within = organization === null ? {} : { organization }
  const question = 'Prove of which user that access has ended?'
  return askUser(
    question,
    await context.service(),
    { ...within, purpose: purposeOf(options, context) },
    context,
  )
}

const shownRows = 50

interface Look {
  readonly options: VerifyOptions
  readonly purpose: Purpose
  readonly signal: AbortSignal
  readonly report: Report | null
  /** Every proof is kept, not only those of access that has not ended. */
  readonly all: boolean
}

/** One look at everybody, a batch at a time, each row with what was found into the report. */
const verifyAll = async (
  users: Users,
  source: UserRows,
  checked: CheckedRows,
  { options, purpose, signal, report, all }: Look,
): Promise<Verification> => {
  const summary = { users: 0, ended: 0, notEnded: 0, notFound: 0 }
  const items: Proof[] = []
  const heads = new Map<string | null, AuditHead | null>()
  const lookAt = async (rows: readonly UserRow[]) => {
    signal.throwIfAborted()
    const ids = rows.filter(({ row }) => !checked.problemOf(row)).map(({ row }) => checked.userOf(row))
    const found = ids.length > 0 ? await users.verify(ids, purpose, options.offboarded ?? false) : null
    if (found) heads.set(found.auditHead?.organization ?? null, found.auditHead)
    let next = 0
    for (const row of rows) {
      const problem = checked.problemOf(row.row)
      const proof = problem ? null : found?.proofs[next++]
      if (proof === undefined) throw outOfReach(row)
      summary[proof === null ? 'notFound' : proof.ended ? 'ended' : 'notEnded'] += 1
      if (proof) summary.users += 1
      if (proof && (all || !proof.ended)) items.push(proof)
      await report?.add(reportRow(row, purpose, problem ?? outcomeOf(proof), proof))
    }
  }
  const size = Math.min(options.batchSize, largestBatch)
  let batch: UserRow[] = []
  for await (const row of source.rows()) {
    batch.push(row)
    if (batch.length < size) continue
    await lookAt(batch)
    batch = []
  }
  await lookAt(batch)
  const [head = null] = heads.values()
  return { summary, items, auditHead: heads.size === 1 ? head : null }
}

const outOfReach = ({ row }: UserRow): MeanderError =>
  new MeanderError(
    'NOT_ENDED',
    `The user of row ${row} left your reach meanwhile: what is open to them cannot be known.`,
    {
      hint: 'See what is within reach: meanderctl whoami',
    },
  )

/** One row for each row that came in, also where nobody was looked at. */
const reportNothingSeen = async (
  report: Report,
  source: UserRows,
  checked: CheckedRows,
  purpose: Purpose,
): Promise<void> => {
  const unseen = { outcome: 'failed', message: 'not looked at: other rows cannot be taken' }
  for await (const row of source.rows()) {
    await report.add(reportRow(row, purpose, checked.problemOf(row.row) ?? unseen, null))
  }
  await report.finish()
}

const reportRow = (
  row: UserRow,
  purpose: Purpose,
  { outcome, message }: { outcome: string; message: string },
  proof: Proof | null,
): ReportRow => ({
  row: row.row,
  email: proof?.email ?? row.email,
  userId: proof?.userId ?? row.userId,
  reason: row.reason ?? purpose.reason,
  ticket: row.ticket ?? purpose.ticket ?? '',
  outcome,
  sessionsRevoked: 0,
  message,
})

const outcomeOf = (proof: Proof | null): { outcome: string; message: string } => {
  const left = proof?.checks.filter(({ ok }) => !ok).map(({ detail }) => detail) ?? []
  return { outcome: proof?.ended ? 'ended' : 'notEnded', message: left.join('; ') }
}

/** Where a signing key is set, evidence is signed; read beforehand, so that one which cannot sign stops everything. */
const signingKeyOf = async ({ settings }: Context): Promise<SigningKey | null> => {
  if (settings.signingKeyFile === null) return null
  const { readSigningKey } = await import('../../service/audit/signing-key.ts')
  return readSigningKey(settings.signingKeyFile)
}

/** The proof as it was shown, with the command and the moment it rests on. */
const writeEvidence = async (
  evidence: WholeFile,
  result: object,
  key: SigningKey | null,
  context: Context,
): Promise<void> => {
  const head = { schemaVersion: 1, kind: 'Evidence', at: context.now().toISOString() }
  const proof = { ...head, command: context.commandLine, ...result }
  const { signEvidence } = await import('../../service/audit/evidence-file.ts')
  const signed = key ? signEvidence(proof, key) : proof
  const { cleanJson } = await context.terminal.style()
  await evidence.write(`${cleanJson(JSON.stringify(signed, null, 2))}\n`)
  await evidence.finish()
}

const showVerification = async (result: Verification, context: Context): Promise<void> => {
  const { users, ended, notEnded, notFound } = result.summary
  await context.show.result('VerifyResult', proofView, result)
  context.terminal.note(
    `${counted(users, 'user')}: access of ${ended} has ended, of ${notEnded} it has not${notFound > 0 ? `; ${counted(notFound, 'row')} named nobody` : ''}.`,
  )
  if (notEnded > 0 && context.show.format === 'table' && context.terminal.decorated)
    context.terminal.note('Each by its id, and until when: -o wide.')
  if (notEnded > 0) context.end('NOT_ENDED')
  if (notFound > 0) context.end('PARTIAL')
}
