import type { CheckedChain, NamedFault } from '../service/audit/verification.ts'
import type { View } from './view.ts'

const words: Readonly<Record<NamedFault['fault'], string>> = {
  altered: 'altered',
  missing: 'missing',
  gap: 'gap',
  outOfOrder: 'out of order',
  duplicate: 'duplicate',
  truncated: 'truncated',
  head: 'wrong head',
  damaged: 'damaged',
  rewritten: 'rewritten or restored',
  foreign: 'foreign',
  unsigned: 'unsigned',
  forged: 'wrongly signed',
  unanchored: 'no head',
}

const covered: Readonly<Record<CheckedChain['coverage'], string>> = {
  whole: 'whole',
  part: 'unaltered, a part',
  parts: 'unaltered, in parts',
  events: 'unaltered, event by event',
}

/** Something that is wrong with a chain. */
export const auditFaultView: View<NamedFault> = {
  kind: 'AuditFault',
  noun: ['fault', 'faults'],
  columns: [
    { key: 'organization', value: (f) => f.organization, cell: { header: 'organization' } },
    {
      key: 'seq',
      value: (f) => f.seq,
      cell: {
        header: 'seq',
        text: ({ seq, lastSeq }) => (seq === lastSeq ? `${seq}` : `${seq}-${lastSeq}`),
        align: 'right',
      },
    },
    { key: 'lastSeq', value: (f) => f.lastSeq },
    {
      key: 'fault',
      value: (f) => f.fault,
      cell: { header: 'fault', text: (f) => words[f.fault], tone: () => 'bad' },
    },
    { key: 'detail', value: (f) => f.detail, cell: { header: 'what', shrink: 1 } },
    { key: 'expected', value: (f) => f.expected, cell: { header: 'expected', wide: true } },
    { key: 'actual', value: (f) => f.actual, cell: { header: 'actual', wide: true } },
  ],
  id: (f) => `${f.organization}/${f.seq}`,
}

/** What became of one chain. */
export const checkedChainView: View<CheckedChain> = {
  kind: 'AuditChain',
  noun: ['chain', 'chains'],
  columns: [
    { key: 'organization', value: (c) => c.organization, cell: { header: 'organization' } },
    { key: 'organizationId', value: (c) => c.organizationId },
    { key: 'events', value: (c) => c.events, cell: { header: 'events', align: 'right' } },
    { key: 'firstSeq', value: (c) => c.firstSeq, cell: { header: 'from', align: 'right' } },
    { key: 'lastSeq', value: (c) => c.lastSeq, cell: { header: 'to', align: 'right' } },
    { key: 'lastHash', value: (c) => c.lastHash, cell: { header: 'hash of the last', wide: true } },
    {
      key: 'anchoredSeq',
      value: (c) => c.anchoredSeq,
      cell: { header: 'known up to', text: (c) => `${c.anchoredSeq ?? ''}`, align: 'right', wide: true },
    },
    { key: 'coverage', value: (c) => c.coverage },
    {
      key: 'faults',
      value: (c) => c.faults,
      cell: {
        header: 'record',
        text: ({ faults, coverage }) => (faults === 0 ? covered[coverage] : `broken, faults: ${faults}`),
        tone: ({ faults }) => (faults === 0 ? 'good' : 'bad'),
      },
    },
  ],
  id: (c) => c.organization,
}
