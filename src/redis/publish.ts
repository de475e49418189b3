import { inBatches } from './batches.ts'
import type { BlockedToken } from './blocklist-store.ts'
import type { Cause } from './causes.ts'
import { lifeOf, tokenKey } from './keys.ts'
import type { Command, Node } from './node.ts'

export interface Refused {
  readonly token: BlockedToken
  readonly cause: Cause
}

/** What became of the tokens of one node: those that it could not block, and those that it did not have before. */
export interface Outcome {
  readonly refused: Refused[]
  readonly added: string[]
}

/** Blocks the tokens of one node; a refused one stops no other. Adds to `outcome`, which several nodes may share. */
export const publishTo = async (
  node: Node,
  prefix: string,
  tokens: readonly BlockedToken[],
  outcome: Outcome = { refused: [], added: [] },
): Promise<Outcome> => {
  const batches = inBatches(tokens)
  const work = async () => {
    for (const batch of batches) await publishBatch(node, prefix, batch, outcome)
  }
  // Two at a time, so that Redis works on the one while the next is written.
  await Promise.all([work(), work()])
  return outcome
}

interface Entry {
  readonly token: BlockedToken
  readonly key: string
  readonly life: number
}

/**
 * A life only grows, however many publish at once: NX sets what is not there, GT lengthens what is. GT answers 0
 * both for a key that lives longer already and for one that has vanished, so PTTL tells them apart, and what has
 * vanished is set again. A key that is new, the usual case, costs one command.
 */
const publishBatch = async (
  node: Node,
  prefix: string,
  tokens: readonly BlockedToken[],
  { refused, added }: Outcome,
): Promise<void> => {
  const started = performance.now()
  /** Sends a command for each entry and returns those that its answer leaves open. */
  const step = async (
    entries: readonly Entry[],
    command: (entry: Entry) => Command,
    leavesOpen: (value: unknown, entry: Entry) => boolean,
  ): Promise<readonly Entry[]> => {
    if (entries.length === 0) return entries
    const replies = await node.send(entries.map(command))
    return entries.filter((entry, index) => {
      const reply = replies[index] ?? { refused: { code: 'ERR', message: `${node.address}: no answer` } }
      if ('value' in reply) return leavesOpen(reply.value, entry)
      refused.push({ token: entry.token, cause: reply.refused })
      return false
    })
  }

  let open = tokens.flatMap((token): Entry[] => {
    const life = lifeOf(token.remainingMs)
    return life === null ? [] : [{ token, key: tokenKey(prefix, token.jti), life }]
  }) as readonly Entry[]
  for (let round = 0; round < 3 && open.length > 0; round++) {
    open = await step(
      open,
      ({ key, token, life }) => ['set', key, token.sessionId, 'PX', life, 'NX'],
      (value, { token }) => {
        if (value === null) return true
        added.push(token.jti)
        return false
      },
    )
    open = await step(
      open,
      ({ key, life }) => ['pexpire', key, life, 'GT'],
      (value) => value === 0,
    )
    open = await step(
      open,
      ({ key }) => ['pttl', key],
      // -1 is a key that never ends, -2 one that has vanished; the clock went on since the life was worked out.
      (value, { life }) => value !== -1 && Number(value) < life - (performance.now() - started) - 1,
    )
  }
  const vanished = { code: 'VANISHED', message: `${node.address}: the key vanishes as often as it is set` }
  refused.push(...open.map(({ token }) => ({ token, cause: vanished })))
}
