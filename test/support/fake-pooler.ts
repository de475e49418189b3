import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * A pooler in transaction mode, as small as can be: it lets everybody in as `user`, and all its clients take
 * turns on `sessions` sessions of the real server, one transaction each. As a real one it gives out cancel keys
 * of its own, and prefers the session that was used last.
 */
export const startPooler = async (
  server: { host: string; port: number },
  login: { user: string; database: string },
  options: { mode: 'transaction' | 'session' },
): Promise<{ host: string; port: number; close(): void }> => {
  const idle: Socket[] = []
  const all = new Set<Socket>()

  const upstream = async (): Promise<Socket> => {
    const reused = idle.pop()
    if (reused) return reused
    const socket = connect(server.port, server.host)
    all.add(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    const body = Buffer.from(`\0\x03\0\0user\0${login.user}\0database\0${login.database}\0\0`, 'latin1')
    socket.write(Buffer.concat([int32(body.length + 4), body]))
    // Whatever it says until it is ready is about its own key and settings.
    for await (const bytes of socket.iterator({ destroyOnReturn: false })) if (isReady(bytes as Buffer)) break
    return socket
  }

  const listening = createServer(async (client) => {
    all.add(client)
    client.on('error', () => {})
    let session: Socket | null = null
    let queue = Promise.resolve()
    const release = () => {
      if (!session) return
      session.removeAllListeners('data')
      idle.push(session)
      session = null
    }
    const forward = async (bytes: Buffer) => {
      if (bytes[0] === 0x58) return release()
      if (!session) {
        session = await upstream()
        session.on('data', (answer: Buffer) => {
          if (options.mode === 'transaction' && isReady(answer, 'I')) release()
          client.write(answer)
        })
        session.resume()
      }
      session.write(bytes)
    }
    client.once('data', () => {
      const key = message('K', Buffer.concat([int32(4711), int32(42)]))
      client.write(Buffer.concat([message('R', int32(0)), key, message('Z', Buffer.from('I'))]))
      client.on('data', (bytes: Buffer) => {
        queue = queue.then(() => forward(bytes))
      })
    })
    client.on('close', release)
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  return {
    host: '127.0.0.1',
    port: (listening.address() as AddressInfo).port,
    close: () => {
      listening.close()
      for (const socket of all) socket.destroy()
    },
  }
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const message = (type: string, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(type), int32(body.length + 4), body])

/** ReadyForQuery is the last message of an answer; `I` is outside a transaction. */
const isReady = (bytes: Buffer, status?: 'I'): boolean => {
  const end = bytes.subarray(-6)
  return (
    end[0] === 0x5a &&
    end.readInt32BE(1) === 5 &&
    (status === undefined || String.fromCharCode(end[5] ?? 0) === status)
  )
}
