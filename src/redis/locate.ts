import type { RedisAddress, RedisSettings } from '../config/redis-settings.ts'
import type { Cause } from './causes.ts'
import { type Access, connect, nameOf } from './connect.ts'
import type { Mode } from './info.ts'
import { type Command, type Node, nodeAway, type SlotRange } from './node.ts'

/** A connection to every master that holds a part of the blocklist; who is away is among them. Never rejects. */
export const locate = async (settings: RedisSettings): Promise<Node[]> => {
  try {
    switch (settings.kind) {
      case 'single':
        return [await connect(settings, settings, 'standalone')]
      case 'sentinel':
        return [await connect(await masterOf(settings), settings, 'standalone')]
      case 'cluster':
        return await Promise.all((await mastersOf(settings)).map((open) => open()))
    }
  } catch (error) {
    if (!(error instanceof Unlocated)) throw error
    return [nodeAway(settings.kind, error.reason)]
  }
}

/** Nobody could say where the masters are. */
class Unlocated extends Error {
  readonly reason: Cause

  constructor(reason: Cause) {
    super(reason.message)
    this.reason = reason
  }
}

type SentinelSettings = Extract<RedisSettings, { kind: 'sentinel' }>
type ClusterSettings = Extract<RedisSettings, { kind: 'cluster' }>

const masterOf = async (settings: SentinelSettings): Promise<RedisAddress> => {
  const { sentinels, name, username, password, tls } = settings
  const question: Command = ['sentinel', 'get-master-addr-by-name', name]
  const access = {
    tls,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }
  return firstOf(sentinels, async (sentinel) => {
    let value: unknown
    try {
      value = await ask(sentinel, access, 'sentinel', question)
    } catch (error) {
      // Sentinels often have no users, even where their Redis has.
      if (!(error instanceof Unlocated) || error.reason.code !== 'WRONGPASS') throw error
      value = await ask(sentinel, { tls }, 'sentinel', question)
    }
    if (!Array.isArray(value)) {
      throw new Unlocated({
        code: 'MASTER',
        message: `${nameOf(sentinel)}: it knows no master named ${name}`,
      })
    }
    return { host: String(value[0]), port: Number(value[1]) }
  })
}

const mastersOf = async (settings: ClusterSettings): Promise<(() => Promise<Node>)[]> => {
  const { seed, ranges } = await firstOf(settings.nodes, async (node) => ({
    seed: node,
    ranges: (await ask(node, settings, 'cluster', ['cluster', 'slots'])) as SlotsReply,
  }))
  const masters = new Map<string, { at: RedisAddress; slots: SlotRange[] }>()
  for (const [first, last, [host, port]] of ranges) {
    // A node that does not know its own name answers null, or nothing: it is then the one that was asked.
    const at = { host: host || seed.host, port }
    const master = masters.get(nameOf(at)) ?? { at, slots: [] }
    master.slots.push([first, last])
    masters.set(nameOf(at), master)
  }
  const nobody = { code: 'CLUSTERDOWN', message: 'CLUSTERDOWN: no node of the cluster serves the slot' }
  return [
    ...[...masters.values()].map(
      ({ at, slots }) =>
        () =>
          connect(at, settings, 'cluster', slots),
    ),
    // Last, so that it answers only for slots that nobody serves.
    ...(covers(ranges) ? [] : [async () => nodeAway('cluster', nobody)]),
  ]
}

/** CLUSTER SLOTS: for each range its master and then its replicas. */
type SlotsReply = readonly (readonly [
  first: number,
  last: number,
  master: readonly [string | null, number],
])[]

const covers = (ranges: SlotsReply): boolean =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0) === 16_384

const ask = async (at: RedisAddress, access: Access, mode: Mode, question: Command): Promise<unknown> => {
  const node = await connect(at, access, mode)
  const [reply] = await node.send([question])
  node.close()
  if (reply && 'value' in reply) return reply.value
  throw new Unlocated(reply?.refused ?? { code: 'ERR', message: `${nameOf(at)}: no answer` })
}

/** All at once: one that hangs must not cost the time of the others. */
const firstOf = async <T>(
  places: readonly RedisAddress[],
  visit: (at: RedisAddress) => Promise<T>,
): Promise<T> => {
  try {
    return await Promise.any(places.map(visit))
  } catch (error) {
    const reasons = ((error as AggregateError).errors as unknown[]).filter((one) => one instanceof Unlocated)
    throw new Unlocated({
      code: reasons[0]?.reason.code ?? 'ERR',
      message: reasons.map(({ reason }) => reason.message).join('; '),
    })
  }
}
