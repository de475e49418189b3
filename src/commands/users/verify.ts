import { rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { checkRows, type UserRows } from '../../service/user-rows.ts'
import type { AuditHead, Users } from '../../service/users.ts'
import type { Proof } from '../../service/verification.ts'
import { proofView } from '../../views/proof.view.ts'
import { counted, type Purpose, purposeOf, type ReasonOptions, reasonOptions } from '../acting.ts'
import { parseMilliseconds, parseText } from '../parsers.ts'
import { beginReport } from './report.ts'
import { openTargets, type TargetOptions, targetOptions, wrongRows } from './targets.ts'

interface VerifyOptions extends TargetOptions, ReasonOptions {
  readonly offboarded?: boolean
  readonly evidence?: string
  readonly wait?: number
}

interface Verification {
  readonly proofs: readonly Proof[]
  readonly auditHead: AuditHead | null
  readonly notFound: number
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
  const { cleanCsvCell } = await context.terminal.style()
  const report = options.report === undefined ? null : await beginReport(options.report, cleanCsvCell)
  try {
    const verification = await verifyUntilEnded(source, options, context)
    for (const [index, { userId, email, ended, checks }] of verification.proofs.entries()) {
      const left = checks.filter(({ ok }) => !ok).map(({ detail }) => detail)
      const outcome = ended ? 'ended' : 'notEnded'
      await report?.add({
        row: index + 1,
        email,
        userId,
        reason: '',
        ticket: '',
        outcome,
        sessionsRevoked: 0,
        message: left.join('; '),
      })
    }
    await report?.finish()
    await showVerification(verification, options, context)
  } catch (error) {
    await report?.discard()
    throw error
  } finally {
    await source.close()
  }
}

const verifyUntilEnded = async (
  source: UserRows,
  options: VerifyOptions,
  context: Context,
): Promise<Verification> => {
  const { users } = await context.service()
  const purpose = purposeOf(options, context)
  const until = performance.now() + (options.wait ?? 0)
  const organization = options.org ?? context.settings.organization.value
  const checked = await checkRows(source, users, { act: 'verify', organization, purpose })
  const wrong = wrongRows(checked, options)
  if (wrong) throw wrong
  const ids: string[] = []
  for await (const { row } of source.rows()) if (!checked.problems.has(row)) ids.push(checked.userOf(row))

  for (;;) {
    const verification = {
      ...(await verifyAll(users, ids, options, purpose)),
      notFound: checked.problems.size,
    }
    if (
      verification.proofs.every(({ ended }) => ended) ||
      performance.now() >= until ||
      context.signal.aborted
    ) {
      return verification
    }
    await sleep(500)
  }
}

const verifyAll = async (users: Users, ids: readonly string[], options: VerifyOptions, purpose: Purpose) => {
  const proofs: Proof[] = []
  let auditHead: AuditHead | null = null
  for (let from = 0; from < ids.length; from += options.batchSize) {
    const part = await users.verify(
      ids.slice(from, from + options.batchSize),
      purpose,
      options.offboarded ?? false,
    )
    proofs.push(...part.proofs)
    auditHead = part.auditHead
  }
  return { proofs, auditHead }
}

const showVerification = async (
  { proofs, auditHead, notFound }: Verification,
  options: VerifyOptions,
  context: Context,
): Promise<void> => {
  const notEnded = proofs.filter(({ ended }) => !ended)
  const summary = {
    users: proofs.length,
    ended: proofs.length - notEnded.length,
    notEnded: notEnded.length,
    notFound,
  }
  const result = { summary, items: proofs, auditHead }
  if (options.evidence !== undefined) await writeEvidence(options.evidence, result, context)
  await context.show.result('VerifyResult', proofView, result)
  context.terminal.note(
    `${counted(summary.users, 'user')}: access of ${summary.ended} has ended, of ${summary.notEnded} it has not.`,
  )
  if (notEnded.length > 0) context.end('NOT_ENDED')
  if (notFound > 0) context.end('PARTIAL')
}

const writeEvidence = async (path: string, result: object, context: Context): Promise<void> => {
  const proof = {
    schemaVersion: 1,
    kind: 'Evidence',
    at: context.now().toISOString(),
    command: context.commandLine,
    ...result,
  }
  const draft = `${path}.${process.pid}.part`
  try {
    await writeFile(draft, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o600, flush: true })
    await rename(draft, path)
  } catch (error) {
    throw new MeanderError('USAGE', `The evidence ${path} cannot be written: ${(error as Error).message}.`, {
      cause: error,
    })
  }
}
