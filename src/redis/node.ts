/** One server that answers, or the reason why it does not: what the rest of this room works with. */

import type { Cause } from './causes.ts'

/** What became of one command. */
export type Reply = { readonly value: unknown } | { readonly refused: Cause }

export type Command = readonly [name: string, ...args: (string | number)[]]

/** Slots of a Cluster, both ends included. */
export type SlotRange = readonly [first: number, last: number]

export interface Node {
  /** `host:port`, for messages. */
  readonly address: string
  /** What INFO said when the connection was opened; empty when away. */
  readonly info: Readonly<Record<string, string>>
  /** The slots of a Cluster that it serves; all of them elsewhere. */
  readonly slots: readonly SlotRange[]
  /** Why it cannot be asked; null while it can. */
  away(): Cause | null
  /** Sends all commands at once; a refused one stops no other, and a server that is away refuses all. Never rejects. */
  send(commands: readonly Command[]): Promise<Reply[]>
  close(): void
}

/** What a server without a Cluster holds. */
export const allSlots: readonly SlotRange[] = [[0, 16_383]]

/** Stands where a server should be that cannot be asked. */
export const nodeAway = (address: string, cause: Cause, slots = allSlots): Node => ({
  address,
  slots,
  info: {},
  away: () => cause,
  send: async (commands) => commands.map(() => ({ refused: cause })),
  close: () => {},
})
