import type { ExportProof } from './export.ts'
import { ExportCheck } from './export-check.ts'
import { readExport } from './export-file.ts'
import type { CleanCell } from './export-lines.ts'
import { microsOf } from './exported-event.ts'
import {
  type CheckedChain,
  counter,
  type NamedFault,
  type Verification,
  type Watching,
} from './verification.ts'
import { hear, type Witnesses } from './witnesses.ts'

/**
 * Checks an export against itself, its proof and what is kept elsewhere; no database is asked. The file is read
 * twice, since what its events are to be checked by stands behind them.
 * @throws MeanderError USAGE for a file that is no export, NOT_FOUND for an empty one.
 */
export const verifyExport = async (
  path: string,
  {
    clean,
    witnesses,
    filter,
    seen,
  }: Watching & { readonly clean: CleanCell; readonly witnesses: Witnesses | null },
): Promise<Verification & { readonly notes: readonly string[] }> => {
  const proofs: (ExportProof | null)[] = []
  for await (const lines of readExport(path, clean, { proofs: true })) {
    for (const line of lines) proofs.push('proof' in line ? line.proof : null)
  }
  const chains = [
    ...new Map(
      proofs.flatMap((proof) => (proof?.organizations ?? []).map((one) => [one.organizationId, one])),
    ).values(),
  ]
  const heard = witnesses && hear(witnesses, null, chains, false)
  const check = new ExportCheck(proofs, heard?.anchors ?? [])
  const matching = counter(filter)
  const summary = { organizations: 0, events: 0, faults: 0, matching: matching && 0 }
  const checked: CheckedChain[] = []
  async function* faults(): AsyncGenerator<NamedFault, void> {
    summary.faults += heard?.faults.length ?? 0
    yield* heard?.faults ?? []
    for await (const lines of readExport(path, clean)) {
      for (const line of lines) {
        if (matching && 'event' in line) matching.add(line.event, microsOf(line.event.at ?? '') ?? Number.NaN)
        const found = check.next(line)
        if (found.length === 0) continue
        summary.faults += found.length
        yield* found
      }
      summary.events = check.events
      if (matching) summary.matching = matching.count
      seen(summary.events)
    }
    const left = check.end()
    summary.faults += left.length
    yield* left
    checked.push(...check.chains())
    summary.organizations = checked.length
  }
  return { faults: faults(), chains: checked, summary, notes: heard?.notes ?? [] }
}
