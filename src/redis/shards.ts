import { canaryKey } from './keys.ts'
import type { Node } from './node.ts'

type SlotOf = (key: string) => number

/** How a Cluster finds the place of a key; a server alone has one place for all. */
const slotsFor = async (nodes: readonly Node[]): Promise<SlotOf> => {
  if (nodes.length === 1) return () => 0
  const { Command } = await import('ioredis')
  return (key) => new Command('exists', [key]).getSlot()
}

const serves = (node: Node, slot: number): boolean =>
  node.slots.some(([first, last]) => first <= slot && slot <= last)

/** Which of `items` belongs to which node, by the key of each. */
export const byNode = async <T>(
  nodes: readonly Node[],
  items: readonly T[],
  keyOf: (item: T) => string,
): Promise<Map<Node, readonly T[]>> => {
  const [only] = nodes
  if (only && nodes.length === 1) return new Map([[only, items]])
  const slotOf = await slotsFor(nodes)
  const groups = new Map<Node, T[]>()
  for (const item of items) {
    const slot = slotOf(keyOf(item))
    const node = nodes.find((one) => serves(one, slot))
    if (!node) throw new Error(`no node stands for slot ${slot}`)
    const group = groups.get(node)
    if (group) group.push(item)
    else groups.set(node, [item])
  }
  return groups
}

/** The canary of each node: any one of them may be emptied alone, so on a Cluster the others get one with a number. */
export const canaries = async (nodes: readonly Node[], prefix: string): Promise<Map<Node, string>> => {
  const slotOf = await slotsFor(nodes)
  const keyOn = (node: Node) => {
    let key = canaryKey(prefix)
    for (let number = 1; !serves(node, slotOf(key)); number++) key = `${canaryKey(prefix)}:${number}`
    return key
  }
  return new Map(nodes.filter((node) => !node.away()).map((node) => [node, keyOn(node)]))
}
