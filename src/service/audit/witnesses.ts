import { MeanderError } from '../../errors.ts'
import type { DatabaseIdentity } from '../../postgres/checkpoints.ts'
import type { Anchor } from './anchors.ts'
import type { FaultKind } from './chain.ts'
import type { ReadCheckpoint } from './checkpoint.schema.ts'
import { readCheckpoints, signedBytes } from './checkpoint-file.ts'
import { type Evidence, readEvidence } from './evidence-file.ts'
import { checkSignature, readTrustedKeys, type TrustedKeys } from './signing-key.ts'
import type { NamedFault } from './verification.ts'

/** What is kept outside the database and speaks of its record: signed checkpoints, and evidence that rests on a head. */
export interface Witnesses {
  readonly keys: TrustedKeys
  readonly checkpoints: readonly { readonly path: string; readonly checkpoint: ReadCheckpoint }[]
  readonly evidence: Evidence | null
}

/** What witnesses know, what is wrong with them, and what somebody should know of them. */
interface Heard {
  readonly anchors: readonly Anchor[]
  readonly faults: readonly NamedFault[]
  readonly notes: readonly string[]
}

/** The chain of an organization, as the verification knows it. */
interface Chain {
  readonly organization: string
  readonly organizationId: string
}

/**
 * Reads the files. @throws MeanderError USAGE for one that is not there or not what it is given as, and for
 * checkpoints without a key to trust.
 */
export const readWitnesses = async (files: {
  readonly checkpoints: readonly string[]
  readonly publicKeys: readonly string[]
  readonly evidence: string | null
}): Promise<Witnesses> => {
  if (files.checkpoints.length > 0 && files.publicKeys.length === 0) {
    throw new MeanderError(
      'USAGE',
      'A checkpoint proves nothing without the public key that it is to be signed with.',
      {
        hint: 'Give --public-key F: the .pub file that audit checkpoint --generate-key wrote, kept out of the database’s reach',
      },
    )
  }
  if (files.publicKeys.length > 0 && files.checkpoints.length === 0 && files.evidence === null) {
    throw new MeanderError('USAGE', '--public-key has nothing to check.', {
      hint: 'Give --checkpoint F or --evidence F with it',
    })
  }
  const read = await Promise.all(
    files.checkpoints.map(async (path) =>
      (await readCheckpoints(path)).map((checkpoint) => ({ path, checkpoint })),
    ),
  )
  return {
    keys: await readTrustedKeys(files.publicKeys),
    checkpoints: read.flat(),
    evidence: files.evidence === null ? null : await readEvidence(files.evidence),
  }
}

/**
 * What these witnesses know of these chains, and what is wrong with the witnesses themselves.
 * `whole`: no organization of the database is left out, so that one which a witness names has to be there.
 */
export const hear = (
  { keys, checkpoints, evidence }: Witnesses,
  database: DatabaseIdentity | null,
  chains: readonly Chain[],
  whole: boolean,
): Heard => {
  const anchors: Anchor[] = []
  const faults: NamedFault[] = []
  const notes: string[] = []
  for (const { path, checkpoint } of checkpoints) {
    const source = `the checkpoint of ${checkpoint.at} in ${path}`
    const known = checkpoint.heads.filter((head) =>
      chains.some(({ organizationId }) => organizationId === head.organizationId),
    )
    const [first] = known.length > 0 ? known : checkpoint.heads
    const fault = (kind: FaultKind, detail: string, about = first): void => {
      const { organization = '', organizationId = '', seq = 0, hash = null } = about ?? {}
      const place = { organization, organizationId, seq, lastSeq: seq }
      faults.push({ ...place, fault: kind, detail: `${source} ${detail}`, expected: hash, actual: null })
    }
    const wrong = signatureFault(keys, checkpoint)
    if (wrong) fault(...wrong)
    else if (database !== null && checkpoint.database.id !== database.id)
      fault('foreign', 'is of another database')
    else {
      const { systemIdentifier } = checkpoint.database
      if (database !== null && database.systemIdentifier !== systemIdentifier)
        notes.push(`${source} was taken in another cluster: the database was moved or restored here since.`)
      anchors.push(...known.map((head) => ({ ...head, at: checkpoint.at, source })))
      if (whole) {
        for (const gone of checkpoint.heads.filter((head) => !known.includes(head)))
          fault('missing', 'knows this organization, and it is not there', gone)
      } else if (known.length === 0) fault('foreign', 'is of another organization')
    }
  }
  if (evidence) hearEvidence(evidence, keys, chains, { anchors, faults, notes })
  const silent = chains.filter(
    (chain) => !anchors.some((known) => known.organizationId === chain.organizationId),
  )
  if (checkpoints.length > 0 && silent.length > 0 && silent.length < chains.length)
    notes.push(`No checkpoint speaks of ${silent.map(({ organization }) => organization).join(', ')}.`)
  return { anchors, faults, notes }
}

const signatureFault = (
  keys: TrustedKeys,
  { keyId, signature, ...rest }: ReadCheckpoint,
): [kind: FaultKind, detail: string] | null => {
  if (typeof keyId !== 'string' || typeof signature !== 'string') return ['unsigned', 'is not signed']
  return answerFault(
    checkSignature(keys, { keyId, signature, bytes: signedBytes({ ...rest, keyId }) }),
    keyId,
  )
}

const answerFault = (
  answer: ReturnType<typeof checkSignature>,
  keyId: string,
): [kind: FaultKind, detail: string] | null => {
  if (answer === 'unknown key')
    return ['forged', `is signed with ${keyId}, which is none of the keys that were given`]
  return answer === 'valid' ? null : ['forged', 'is not what was signed']
}

const hearEvidence = (
  { path, head, signed }: Evidence,
  keys: TrustedKeys,
  chains: readonly Chain[],
  { anchors, faults, notes }: { anchors: Anchor[]; faults: NamedFault[]; notes: string[] },
): void => {
  const source = `the evidence ${path}`
  const chain = head && chains.find(({ organization }) => organization === head.organization)
  const fault = (kind: FaultKind, detail: string): void => {
    const { organization = '', seq = 0, hash = null } = head ?? {}
    const place = { organization, organizationId: chain?.organizationId ?? '', seq, lastSeq: seq }
    faults.push({ ...place, fault: kind, detail: `${source} ${detail}`, expected: hash, actual: null })
  }
  // Whichever witness the key was brought for: else an edit would need no more than the signature taken away.
  if (keys.size > 0) {
    const wrong = evidenceFault(keys, signed)
    if (wrong) fault(...wrong)
  } else {
    const because = signed ? 'no --public-key was given' : 'it is not signed'
    notes.push(`Only the record under ${path} is checked, not what it says of users or grants: ${because}.`)
  }
  if (head && chain) anchors.push({ ...head, organizationId: chain.organizationId, at: null, source })
  else if (head) fault('foreign', 'is of another organization')
  else fault('unanchored', 'rests on no head: what it says is of several organizations, or of none')
}

const evidenceFault = (
  keys: TrustedKeys,
  signed: Evidence['signed'],
): [kind: FaultKind, detail: string] | null => {
  if (signed === null) {
    return [
      'unsigned',
      'is not signed, or its signature was taken away: leave --public-key out, in a run of its own, to check the head alone',
    ]
  }
  return answerFault(checkSignature(keys, signed), signed.keyId)
}
