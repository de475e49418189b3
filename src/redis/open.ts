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
import { type Outcome, publishTo } from './publish.ts'
import { byNode, canaries } from './shards.ts'

/** What a server says that was the right one before. */
const elsewhere: ReadonlySet<string> = new Set(['MOVED', 'READONLY'])

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

  const publish = async (nodes: readonly Node[], tokens: readonly BlockedToken[]): Promise<Outcome> => {
    const groups = await byNode(nodes, tokens, ({ jti }) => tokenKey(prefix, jti))
    const outcome: Outcome = { refused: [], added: [] }
    await Promise.all(Array.from(groups, ([node, group]) => publishTo(node, prefix, group, outcome)))
    return outcome
  }
  /** The canary of every server, and one that is away among them stops all. */
  const onCanaries = async (command: (key: string) => Command): Promise<unknown[]> => {
    const nodes = await connected()
    for (const node of nodes) {
      const away = node.away()
      if (away) throw unasked(away)
    }
    const keys = await canaries(nodes, prefix)
    const answers = await Promise.all(Array.from(keys, ([node, key]) => ask(node, [command(key)])))
    return answers.flat()
  }

  return {
    label: labelOf(settings),
    publish: async (tokens) => {
      let nodes = await connected()
      const { refused: first, added } = await publish(nodes, tokens)
      const moved = first.filter(({ cause }) => elsewhere.has(cause.code))
      const refused = first.filter(({ cause }) => !elsewhere.has(cause.code))
      if (moved.length > 0) {
        // Slots have moved, or another server became the master since we looked: look again, once.
        await close()
        nodes = await connected()
        const again = await publish(
          nodes,
          moved.map(({ token }) => token),
        )
        refused.push(...again.refused)
        added.push(...again.added)
      }
      const lost = new Set(refused.map(({ token }) => token.jti))
      return {
        published: tokens.filter(({ jti }) => !lost.has(jti)).map(({ jti }) => jti),
        failed: refused.map(({ token, cause }) => ({ jti: token.jti, message: cause.message })),
        added: lost.size === 0 ? added : added.filter((jti) => !lost.has(jti)),
        away: nodes.every((node) => node.away()),
      }
    },
    look: async () => {
      const found = await onCanaries((key) => ['exists', key])
      const runIds = (await connected()).map(({ info }) => info.run_id ?? 'unknown')
      return { sealed: found.every((one) => one === 1), runIds }
    },
    seal: async () => {
      const written = new Date().toISOString()
      await onCanaries((key) => ['set', key, written])
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
