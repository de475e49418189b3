import type { Redis } from 'ioredis'
import type { RedisAddress, RedisTls } from '../config/redis-settings.ts'
import { type Cause, causeOf } from './causes.ts'
import { type Info, type Mode, parseInfo, unfit } from './info.ts'
import { allSlots, type Command, type Node, nodeAway, type Reply, type SlotRange } from './node.ts'
import { verified } from './verified.ts'
import { wireOf } from './wire.ts'

/** With opening and one batch, whoever revokes has an answer in under three seconds. */
const patienceMs = 1_400

export interface Access {
  readonly username?: string
  readonly password?: string
  readonly tls: RedisTls | null
  readonly db?: number
}

/** A server as messages name it. */
export const nameOf = ({ host, port }: RedisAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

/** Opens one connection, once; a server that is away, or unfit, comes back as a node that says so. Never rejects. */
export const connect = async (
  at: RedisAddress,
  access: Access,
  mode: Mode,
  slots: readonly SlotRange[] = allSlots,
): Promise<Node> => {
  const address = nameOf(at)
  const { Redis } = await import('ioredis')
  const client = new Redis({
    ...clientOptions,
    host: at.host,
    port: at.port,
    db: access.db ?? 0,
    ...(access.username === undefined ? {} : { username: access.username }),
    ...(access.password === undefined ? {} : { password: access.password }),
    ...(access.tls === null ? {} : { tls: verified(access.tls) }),
  })
  const explain = (error: unknown): Cause => {
    const { code, message } = causeOf(error, access.password)
    return { code, message: `${address}: ${message}` }
  }
  const state: { away: Cause | null } = { away: null }
  const leave = (error: unknown) => {
    state.away ??= explain(error)
    client.disconnect()
  }
  // Every error counts, not only what connect() rejects with: a refused SELECT is nothing but an event, and the
  // next SET would go to database 0 and say OK.
  client.on('error', leave)
  client.on('end', () => leave(new Error('Connection is closed.')))

  const send = async (commands: readonly Command[]): Promise<Reply[]> => {
    const { replies, refusals } = await patiently(() => sendAll(client, commands), leave)
    for (const [index, reason] of refusals) {
      const lost = reason?.name === 'ReplyError' ? null : state.away
      replies[index] = { refused: lost ?? explain(reason) }
    }
    return replies
  }

  const info = await patiently(() => greet(client), leave).catch((error: unknown) => void leave(error))
  const reason = info && unfit(info, mode)
  if (reason) leave(reason)
  if (!info || state.away) return nodeAway(address, state.away ?? explain('no answer'), slots)
  return { address, info, slots, away: () => state.away, send, close: () => client.disconnect() }
}

/** No second attempt and no queue, so that nothing is sent twice, or later than it was meant. */
const clientOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  retryStrategy: null,
  // Would wait for a server that loads; we rather say that it does.
  enableReadyCheck: false,
  // CLIENT is not among the commands that the blocklist's user may run.
  disableClientInfo: true,
  // A server that hangs never closes its end, and the process would live on for it.
  disconnectTimeout: 100,
} as const

const greet = async (client: Redis): Promise<Info> => {
  await client.connect()
  return parseInfo(await client.info())
}

/**
 * All commands in one write, each with a Command of ioredis that waits for its answer: what its pipeline does too.
 * That one keeps more books, and measures and copies every argument several times, which is nearly half of its time;
 * and of a promise for each command instead of one for all comes nearly half of the rest.
 */
const sendAll = async (client: Redis, commands: readonly Command[]) => {
  const { Command: Waiting } = await import('ioredis')
  const replies: Reply[] = []
  const refusals = new Map<number, Error | undefined>()
  let left = commands.length
  let accepted = 0
  const paper = { isPipeline: true, destination: { redis: client }, write: () => void accepted++ } as const
  await new Promise<void>((resolve) => {
    const settled = () => {
      left -= 1
      if (left === 0) resolve()
    }
    if (left === 0) resolve()
    for (const [index, [name]] of commands.entries()) {
      const waiting = new Waiting(name, [], { replyEncoding: 'utf8' })
      const open = () => !replies[index] && !refusals.has(index)
      waiting.resolve = (value) => {
        if (!open()) return
        replies[index] = { value: waiting.transformReply(value as Buffer) }
        settled()
      }
      waiting.reject = (reason) => {
        if (!open()) return
        refusals.set(index, reason)
        settled()
      }
      void client.sendCommand(waiting, paper)
    }
    // None is accepted, and each refused, when the connection is gone.
    if (accepted > 0) client.stream.write(wireOf(commands))
  })
  return { replies, refusals }
}

/** One clock for all that `act` sends: a timer for each command would cost more than the command. */
const patiently = async <T>(act: () => Promise<T>, giveUp: (error: unknown) => void): Promise<T> => {
  const late = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
  let waiting = true
  // What arrived while this process was busy is read before the clock is believed.
  const timer = setTimeout(() => setImmediate(() => waiting && giveUp(late)), patienceMs)
  try {
    return await act()
  } finally {
    waiting = false
    clearTimeout(timer)
  }
}
