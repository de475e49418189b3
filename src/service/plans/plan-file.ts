import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { MeanderError, problemOfFile } from '../../errors.ts'
import type { PlanAct } from '../../postgres/plans.ts'
import type { SessionSelector } from '../../postgres/sessions.ts'

/** A frozen set, as it stands in its file: a line that says what is to be done, a line for each target, a digest. */
export interface PlanHead {
  readonly id: string
  readonly act: PlanAct
  readonly organization: string
  /** What the set was selected by; null where it was named one by one. */
  readonly selector: SessionSelector | null
  readonly reason: string
  readonly ticket: string | null
  readonly author: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly targets: number
}

export interface PlanTarget {
  /** Of the session, or the user. */
  readonly id: string
  readonly userId: string
  readonly email: string | null
  /** The device, for whoever reads it. */
  readonly what: string | null
  readonly state: string
  /** The row's own, where it had one. */
  readonly reason: string | null
  readonly ticket: string | null
}

export interface Plan extends PlanHead {
  readonly items: readonly PlanTarget[]
  /** Of everything but the last line, which says it as well. */
  readonly sha256: string
}

const digestOf = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
const lastLine = (sha256: string): string => `${JSON.stringify({ sha256 })}\n`

/** What the database holds against the targets that it knows: their order in the file does not matter. */
export const targetsDigest = (items: readonly PlanTarget[]): string =>
  digestOf(
    items
      .map(({ id }) => id)
      .sort()
      .join(','),
  )

/** The text of a plan, in which no screen finds anything to obey, and its digest. */
export const writePlan = (
  head: PlanHead,
  items: readonly PlanTarget[],
  cleanJson: (json: string) => string,
): { readonly text: string; readonly sha256: string } => {
  const lines = [{ schemaVersion: 1, kind: 'Plan', ...head }, ...items].map((line) =>
    cleanJson(JSON.stringify(line)),
  )
  const text = `${lines.join('\n')}\n`
  const sha256 = digestOf(text)
  return { text: `${text}${lastLine(sha256)}`, sha256 }
}

/** @throws MeanderError USAGE for what is no plan, or was edited. */
export const readPlan = async (path: string): Promise<Plan> => {
  const refuse = (what: string, cause?: unknown): never => {
    throw new MeanderError('USAGE', `${path} is no plan that can be applied: ${what}.`, {
      hint: 'Give the file that sessions revoke --plan or users offboard --plan wrote, as it was written.',
      cause,
    })
  }
  const bytes = await readFile(path).catch((error) => refuse(problemOfFile(error), error))
  if (bytes.length === 0) return refuse('it is empty')
  const end = bytes.lastIndexOf('\n', bytes.length - 2) + 1
  const sha256 = digestOf(bytes.subarray(0, end))
  if (bytes.subarray(end).toString() !== lastLine(sha256)) return refuse('it was edited, cut off, or is none')

  const { planHeadSchema, planTargetSchema } = await import('./plan.schema.ts')
  try {
    const [first = '', ...lines] = bytes
      .subarray(0, end - 1)
      .toString()
      .split('\n')
    const { schemaVersion: _, kind: __, ...head } = planHeadSchema.parse(JSON.parse(first))
    const items = lines.map((line) => planTargetSchema.parse(JSON.parse(line)))
    if (items.length !== head.targets) return refuse('it has more or fewer lines than it says')
    return { ...head, selector: head.selector as SessionSelector | null, items, sha256 }
  } catch (error) {
    if (error instanceof MeanderError) throw error
    return refuse('it has a line that no plan has', error)
  }
}
