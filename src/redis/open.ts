import type { RedisSettings } from '../config/redis-settings.ts'
import { MeanderError } from '../errors.ts'
import { inBatches } from './batches.ts'
import type { BlockedToken, BlocklistStore } from './blocklist-store.ts'
import type { Cause } from './causes.ts'
import { nameOf } from './connect.ts'
import { healthOf } from './health.ts'
import { keysPattern, tokenKey } from './keys.ts'
import { locate } from './locate.ts'
import type { Command, Node } from './node.ts'
import { publishTo, type Refused } from './publish.ts'
import { byNode, canaries } from './shards.ts'

/** The blocklist in Redis; connects at its first use, and anew after a connection was lost. */
export const openBlocklistStore = (settings: RedisSettings): BlocklistStore => {
  const { prefix } = settings
  let located: Promise<readonly Node[]> | undefined

  const close = async () => {
    const known = located
    located = undefined
    for (const node of (await known) ?? []) node.close()
  }
  const connected = async () => {
    const known = located
    const lost = (await known)?.some((node) => node.away())
    // Several may ask at once: who has seen the loss first has begun anew.
    if (lost && located === known) await close()
    located ??= locate(settings)
    return located
  }

  const publish = async (tokens: readonly BlockedToken[]): Promise<Refused[]> => {
    const groups = await byNode(await connected(), tokens, ({ jti }) => tokenKey(prefix, jti))
    const refused = await Promise.all(Array.from(groups, ([node, group]) => publishTo(node, prefix, group)))
    return refused.flat()
  }
  /** Whether any master had none. */
  const leaveCanary = async (): Promise<boolean> => {
    const keys = await canaries(await connected(), prefix)
    const written = new Date().toISOString()
    const replies = await Promise.all(
      Array.from(keys, ([node, key]) => node.send([['set', key, written, 'NX']])),
    )
    return replies.flat().some((reply) => 'value' in reply && reply.value === 'OK')
  }

  return {
    label: labelOf(settings),
    publish: async (tokens) => {
      const [first, fresh] = await Promise.all([publish(tokens), leaveCanary()])
      const moved = first.filter(({ cause }) => cause.code === 'MOVED')
      // The slots of a Cluster have moved since we looked: look again, once.
      if (moved.length > 0) await close()
      const again = moved.length > 0 ? await publish(moved.map(({ token }) => token)) : []
      const refused = [...first.filter(({ cause }) => cause.code !== 'MOVED'), ...again]
      const lost = new Set(refused.map(({ token }) => token.jti))
      return {
        published: tokens.filter(({ jti }) => !lost.has(jti)).map(({ jti }) => jti),
        failed: refused.map(({ token, cause }) => ({ jti: token.jti, message: cause.message })),
        fresh,
      }
    },
    remaining: async (jtis) => {
      const places = jtis.map((jti, index) => ({ key: tokenKey(prefix, jti), index }))
      const groups = await byNode(await connected(), places, ({ key }) => key)
      const lives: (number | null)[] = jtis.map(() => null)
      await Promise.all(
        Array.from(groups, async ([node, group]) => {
          for (const batch of inBatches(group)) {
            const answers = await ask(
              node,
              batch.map(({ key }) => ['pttl', key]),
            )
            for (const [position, { index }] of batch.entries()) lives[index] = lifeIn(answers[position])
          }
        }),
      )
      return lives
    },
    async *keys() {
      const start = tokenKey(prefix, '')
      for (const node of await connected()) {
        let cursor = '0'
        do {
          const [page] = await ask(node, [['scan', cursor, 'MATCH', keysPattern(start), 'COUNT', 1_000]])
          const [next, keys] = page as [string, string[]]
          for (const key of keys) yield key.slice(start.length)
          cursor = next
        } while (cursor !== '0')
      }
    },
    health: async () => healthOf(await connected(), settings),
    close,
  }
}

const ask = async (node: Node, commands: readonly Command[]): Promise<unknown[]> =>
  (await node.send(commands)).map((reply) => {
    if ('value' in reply) return reply.value
    throw unasked(reply.refused)
  })

const unasked = ({ message }: Cause): MeanderError =>
  new MeanderError('FAILED', `Redis cannot be asked: ${message}`, { hint: 'meanderctl blocklist status' })

/** PTTL says -2 where there is no key, and -1 where the key never ends. */
const lifeIn = (pttl: unknown): number | null =>
  pttl === -2 ? null : pttl === -1 ? Number.POSITIVE_INFINITY : Number(pttl)

const labelOf = (settings: RedisSettings): string => {
  switch (settings.kind) {
    case 'single': {
      const database = settings.db === 0 ? '' : `/${settings.db}`
      return `${settings.tls ? 'rediss' : 'redis'}://${nameOf(settings)}${database}`
    }
    case 'cluster':
      return `Redis Cluster at ${settings.nodes.map(nameOf).join(', ')}`
    case 'sentinel':
      return `Redis ${settings.name} of the sentinels at ${settings.sentinels.map(nameOf).join(', ')}`
  }
}
