import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A wire between a client and a server that a test can cut, hold up or slow down. */
export interface TcpProxy {
  readonly host: '127.0.0.1'
  readonly port: number
  /** Breaks every connection there is; `refuse` breaks new ones too. */
  cut(options?: { refuse?: boolean }): void
  /** Breaks the clients' halves; the server does not notice, as behind a router that forgot the connection. */
  cutClients(): void
  /** New connections are let through again. */
  heal(): void
  /** Nothing of `direction` arrives until `resume`. */
  pause(direction?: 'to server' | 'to client'): void
  resume(): void
  /** Called with what the client sends, before it is passed on; `drop` keeps it from the server. */
  onRequest: ((bytes: Buffer) => 'pass' | 'drop' | undefined) | null
  /** As `onRequest`, the other way. */
  onResponse: ((bytes: Buffer) => 'pass' | 'drop' | undefined) | null
  /** Milliseconds that everything takes longer, each way. */
  delay: number
  close(): Promise<void>
}

/** Listens on a free loopback port and passes everything on to `target`. */
export const startProxy = async (target: { host: string; port: number }): Promise<TcpProxy> => {
  const pairs = new Set<readonly [Socket, Socket]>()
  const held: Socket[] = []
  const forgetful = new WeakSet<readonly [Socket, Socket]>()
  let refusing = false
  let paused: 'to server' | 'to client' | 'both' | null = null

  const server = createServer((client) => {
    if (refusing) return client.destroy()
    const upstream = connect(target.port, target.host)
    const pair = [client, upstream] as const
    pairs.add(pair)
    pipe(client, upstream, (bytes) => proxy.onRequest?.(bytes))
    pipe(upstream, client, (bytes) => proxy.onResponse?.(bytes))
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        if (forgetful.has(pair)) return
        pairs.delete(pair)
        for (const one of pair) one.destroy()
      })
    }
    if (paused === 'to server' || paused === 'both') hold(client)
    if (paused === 'to client' || paused === 'both') hold(upstream)
    return undefined
  })
  const pipe = (from: Socket, to: Socket, look: (bytes: Buffer) => 'pass' | 'drop' | undefined) => {
    from.on('data', (bytes) => {
      if (look(bytes) === 'drop') return
      if (proxy.delay === 0) to.write(bytes)
      else setTimeout(() => to.write(bytes), proxy.delay)
    })
    from.on('end', () => !to.destroyed && to.end())
  }
  const hold = (socket: Socket) => {
    socket.pause()
    held.push(socket)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: TcpProxy = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    onRequest: null,
    onResponse: null,
    delay: 0,
    cut: ({ refuse = false } = {}) => {
      refusing = refuse
      for (const [client, upstream] of [...pairs]) {
        client.destroy()
        upstream.destroy()
      }
    },
    cutClients: () => {
      for (const pair of pairs) {
        forgetful.add(pair)
        pair[0].destroy()
      }
    },
    heal: () => {
      refusing = false
    },
    pause: (direction) => {
      paused = direction ?? 'both'
      for (const [client, upstream] of pairs) {
        if (direction !== 'to client') hold(client)
        if (direction !== 'to server') hold(upstream)
      }
    },
    resume: () => {
      paused = null
      for (const socket of held.splice(0)) socket.resume()
    },
    close: async () => {
      proxy.cut({ refuse: true })
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
