import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Purpose } from '../../service/on-record.ts'
import { type CheckedRows, checkRows, type UserRows } from '../../service/user-rows.ts'
import type { AuditHead, Users } from '../../service/users.ts'
import type { Proof } from '../../service/verification.ts'
import { proofView } from '../../views/proof.view.ts'
import { counted, purposeOf, type ReasonOptions, reasonOptions } from '../acting.ts'
import { parseMilliseconds, parseText } from '../parsers.ts'
import { beginReport, type Report } from './report.ts'
import { largestBatch, openTargets, type TargetOptions, targetOptions, wrongRows } from './targets.ts'
import { beginFile, type WholeFile } from './whole-file.ts'

interface VerifyOptions extends TargetOptions, ReasonOptions {
  readonly offboarded?: boolean
  readonly evidence?: string
  readonly wait?: number
}

interface Verification {
  readonly proofs: readonly Proof[]
  /** null where the users are of several organizations. */
  readonly auditHead: AuditHead | null
}

export const registerVerify = (parent: Command, context: Context, run = verifyUsers): void => {
  const command = parent
    .command('verify')
    .description('Prove from both stores that access has ended: 0 it has, 7 something is left')
    .argument('[user...]', 'users, by e-mail or id')
    .option('--offboarded', 'also: account deactivated, no live grant')
    .option('--evidence <file>', 'write the proof as JSON', parseText)
    .option('--wait <duration>', 'ask again for as long, until access has ended', parseMilliseconds)
    .action((names: string[], options: VerifyOptions) => run(names, options, context))
  reasonOptions(targetOptions(command))
}

export const verifyUsers = async (
  names: readonly string[],
  options: VerifyOptions,
  context: Context,
): Promise<void> => {
  const source = await openTargets(names, options, context)
  const files: { discard(): Promise<void> }[] = []
  const begun = <F extends { discard(): Promise<void> } | null>(file: F): F => {
    if (file) files.push(file)
    return file
  }
  try {
    const evidence = begun(
      options.evidence === undefined ? null : await beginFile(options.evidence, 'evidence'),
    )
    const report = begun(await beginReport(options.report, context))
    const purpose = purposeOf(options, context)
    const { users } = await context.service()
    const organization = options.org ?? context.settings.organization.value
    const checked = await checkRows(source, users, { act: 'verify', organization, purpose })
    const wrong = wrongRows(checked, options)
    const verification = wrong
      ? { proofs: [], auditHead: null }
      : await verifyUntilEnded(users, checked, options, purpose, context)
    if (report) await writeReport(report, source, checked, verification, purpose)
    if (wrong) throw wrong

    const result = { ...summed(verification, checked), auditHead: verification.auditHead }
    if (evidence) await writeEvidence(evidence, result, context)
    await showVerification(result, context)
  } finally {
    for (const file of files) await file.discard()
    await source.close()
  }
}

const verifyUntilEnded = async (
  users: Users,
  checked: CheckedRows,
  options: VerifyOptions,
  purpose: Purpose,
  { signal }: Context,
): Promise<Verification> => {
  const until = performance.now() + (options.wait ?? 0)
  const ids: string[] = []
  for (let row = 1; row <= checked.total; row += 1) if (!checked.problemOf(row)) ids.push(checked.userOf(row))
  for (;;) {
    const verification = await verifyAll(users, ids, options, purpose, signal)
    if (verification.proofs.every(({ ended }) => ended) || performance.now() >= until) return verification
    await sleep(500)
  }
}

const verifyAll = async (
  users: Users,
  ids: readonly string[],
  options: VerifyOptions,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<Verification> => {
  const size = Math.min(options.batchSize, largestBatch)
  const proofs: Proof[] = []
  const heads: (AuditHead | null)[] = []
  for (let from = 0; from < ids.length; from += size) {
    signal.throwIfAborted()
    const part = await users.verify(ids.slice(from, from + size), purpose, options.offboarded ?? false)
    proofs.push(...part.proofs)
    heads.push(part.auditHead)
  }
  if (proofs.length < ids.length) {
    throw new MeanderError(
      'NOT_ENDED',
      `${counted(ids.length - proofs.length, 'user')} left your reach meanwhile: whether access has ended cannot be known.`,
      { hint: 'See what is within reach: meanderctl whoami' },
    )
  }
  const oneChain = new Set(heads.map((head) => head?.organization)).size === 1
  return { proofs, auditHead: oneChain ? (heads.at(-1) ?? null) : null }
}

/** One row for each row that came in, those that could not be looked at included. */
const writeReport = async (
  report: Report,
  source: UserRows,
  checked: CheckedRows,
  { proofs }: Verification,
  purpose: Purpose,
): Promise<void> => {
  let next = 0
  for await (const row of source.rows()) {
    const problem = checked.problemOf(row.row)
    const proof = problem ? undefined : proofs[next++]
    await report.add({
      ...row,
      ...(proof ? { email: proof.email, userId: proof.userId } : {}),
      reason: row.reason ?? purpose.reason,
      ticket: row.ticket ?? purpose.ticket ?? '',
      sessionsRevoked: 0,
      ...(problem ?? outcomeOf(proof)),
    })
  }
  await report.finish()
}

const outcomeOf = (proof: Proof | undefined): { outcome: string; message: string } => {
  if (!proof) return { outcome: 'failed', message: 'not looked at: other rows cannot be taken' }
  const left = proof.checks.filter(({ ok }) => !ok).map(({ detail }) => detail)
  return { outcome: proof.ended ? 'ended' : 'notEnded', message: left.join('; ') }
}

const summed = ({ proofs }: Verification, { total, good }: CheckedRows) => {
  const ended = proofs.filter((proof) => proof.ended).length
  const summary = { users: proofs.length, ended, notEnded: proofs.length - ended, notFound: total - good }
  return { summary, items: proofs }
}

/** The proof as it was shown, with the command and the moment it rests on. */
const writeEvidence = async (evidence: WholeFile, result: object, context: Context): Promise<void> => {
  const head = { schemaVersion: 1, kind: 'Evidence', at: context.now().toISOString() }
  const proof = { ...head, command: context.commandLine, ...result }
  await evidence.write(`${JSON.stringify(proof, null, 2)}\n`)
  await evidence.finish()
}

const showVerification = async (
  result: ReturnType<typeof summed> & Pick<Verification, 'auditHead'>,
  context: Context,
): Promise<void> => {
  const { users, ended, notEnded, notFound } = result.summary
  await context.show.result('VerifyResult', proofView, result)
  context.terminal.note(
    `${counted(users, 'user')}: access of ${ended} has ended, of ${notEnded} it has not${notFound > 0 ? `; ${counted(notFound, 'row')} named nobody` : ''}.`,
  )
  if (notEnded > 0) context.end('NOT_ENDED')
  if (notFound > 0) context.end('PARTIAL')
}
