import type { RedisSettings } from '../config/redis-settings.ts'
import type { RedisHealth } from './blocklist-store.ts'
import { type Info, parseInfo, versionOf } from './info.ts'
import { keysPattern, tokenKey } from './keys.ts'
import type { Node } from './node.ts'
import { canaries } from './shards.ts'

type Finding = RedisHealth['findings'][number]

/** Everything that may lose a blocked token, node by node. */
export const healthOf = async (nodes: readonly Node[], settings: RedisSettings): Promise<RedisHealth> => {
  const keys = await canaries(nodes, settings.prefix)
  const reports = await Promise.all(nodes.map((node) => examine(node, keys.get(node) ?? '', settings)))
  const findings = reports.flatMap((report, index) =>
    report.findings.map((finding) =>
      nodes.length === 1 ? finding : { ...finding, name: `${finding.name} (${nodes[index]?.address})` },
    ),
  )
  const offsets = reports.flatMap((report) => report.clockOffsetMs ?? [])
  const infos = reports.flatMap((report) => (report.info ? [report.info] : []))
  return {
    ok: findings.every(({ ok }) => ok),
    version: [...new Set(infos.map(versionOf))].join(', ') || 'unknown',
    mode: settings.kind,
    findings,
    clockOffsetMs: offsets.reduce((widest, one) => (Math.abs(one) > Math.abs(widest) ? one : widest), 0),
    runIds: infos.map((info) => info.run_id ?? 'unknown'),
  }
}

interface Report {
  readonly findings: readonly Finding[]
  /** Not there when the node is away. */
  readonly info?: Info
  readonly clockOffsetMs?: number
}

const examine = async (node: Node, canaryKey: string, settings: RedisSettings): Promise<Report> => {
  const tokens = keysPattern(tokenKey(settings.prefix, ''))
  const before = Date.now()
  const replies = await node.send([
    ['ping'],
    ['info'],
    ['time'],
    ['exists', canaryKey],
    ['scan', '0', 'MATCH', tokens, 'COUNT', 1_000],
  ])
  const after = Date.now()
  const [, text, time, found, page] = replies.map((reply) => ('value' in reply ? reply.value : null))
  const trouble = replies.map((reply) => ('refused' in reply ? reply.refused.message : null)).find(Boolean)
  const answers = reachable(trouble ?? null, settings)
  if (typeof text !== 'string') return { findings: [answers] }
  const info = parseInfo(text)
  const [, sample] = (page ?? ['0', []]) as [string, string[]]
  const lives = await node.send(sample.map((key) => ['pttl', key]))
  const endless = lives.filter((reply) => 'value' in reply && reply.value === -1).length
  return {
    info,
    ...(time === null ? {} : { clockOffsetMs: Math.round(clockIn(time) - (before + after) / 2) }),
    findings: [
      answers,
      eviction(info),
      writable(info),
      memory(info),
      persistence(info),
      expiry(sample.length, endless),
      canary(found === 1),
    ],
  }
}

/** TIME answers with seconds and microseconds. */
const clockIn = (time: unknown): number => {
  const [seconds, micros] = time as [string, string]
  return Number(seconds) * 1_000 + Number(micros) / 1_000
}

const settingOf = {
  single: 'REDIS_URL',
  cluster: 'REDIS_CLUSTER_NODES',
  sentinel: 'REDIS_SENTINELS',
} as const

const reachable = (trouble: string | null, { kind }: RedisSettings): Finding => ({
  name: 'reachable',
  ok: trouble === null,
  expected: 'answers',
  actual: trouble ?? 'answers',
  fix: `bring it back, or correct ${settingOf[kind]}`,
})

const eviction = (info: Info): Finding => {
  const policy = info.maxmemory_policy ?? 'unknown'
  return {
    name: 'eviction policy',
    ok: policy === 'noeviction',
    expected: 'noeviction',
    actual: policy,
    fix: 'set maxmemory-policy to noeviction: any other drops blocked tokens when memory is short',
  }
}

const writable = (info: Info): Finding => {
  const master = info.role === 'master'
  return {
    name: 'writable',
    ok: master,
    expected: 'a master',
    actual: master ? 'a master' : `a replica of ${info.master_host}:${info.master_port}`,
    fix: 'name the master, or let the sentinels name it',
  }
}

const memory = (info: Info): Finding => {
  const limit = Number(info.maxmemory ?? 0)
  const share = limit === 0 ? 0 : Number(info.used_memory) / limit
  return {
    name: 'memory',
    ok: share < 0.9,
    expected: 'below 90 % of maxmemory',
    actual:
      limit === 0
        ? `${info.used_memory_human}, without a limit`
        : `${Math.round(share * 100)} % of ${info.maxmemory_human}`,
    fix: 'raise maxmemory: a full Redis refuses to block tokens',
  }
}

const persistence = (info: Info): Finding => {
  const failed = info.rdb_last_bgsave_status === 'err' || info.aof_last_write_status === 'err'
  const kept = [
    info.aof_enabled === '1' ? 'an append-only file' : 'no append-only file',
    `${info.rdb_saves ?? '0'} snapshots since its start`,
    `${info.connected_slaves ?? '0'} replicas`,
  ].join(', ')
  return {
    name: 'persistence',
    ok: !failed,
    expected: 'no failed save',
    actual: failed ? `the last save failed; ${kept}` : kept,
    fix: 'make room on its disk: Redis refuses to write after a failed save',
  }
}

const expiry = (sampled: number, endless: number): Finding => ({
  name: 'expiry',
  ok: endless === 0,
  expected: 'every blocked token ends',
  actual: `${endless} of ${sampled} sampled never end`,
  fix: 'find who else writes under this prefix: the blocklist is to have a Redis of its own',
})

const canary = (found: boolean): Finding => ({
  name: 'canary',
  ok: found,
  expected: 'the key that publishing leaves',
  actual: found ? 'there' : 'missing: nothing was published yet, or Redis was emptied',
  fix: 'meanderctl blocklist rebuild',
})
