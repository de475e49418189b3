import { type EventEmitter, once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { ServerSettings } from '../config/database-settings.ts'
import { keyOf, tlsOptions } from './driver.ts'
import type { Reached } from './reach.ts'

/** The driver's own line to the server, of which its types show only a part. */
interface Line extends EventEmitter {
  readonly stream: Duplex
  connect(port: number | string, host?: string): void
  requestSsl(): void
  cancel(pid: number, key: number): void
}

/**
 * Asks the server to stop what this connection runs. The request goes over a connection of its own, encrypted
 * as the first one: its key would let anybody who reads it stop us. Never fails: an interrupt has no one to tell.
 */
export const sendCancel = async ({ client, host }: Reached, settings: ServerSettings): Promise<void> => {
  const { Connection } = await import('pg')
  const ssl = tlsOptions(host, settings)
  const line = new Connection({ ssl }) as unknown as Line
  const { processID, secretKey } = keyOf(client)
  const send = () => line.cancel(processID, secretKey)
  line.on('error', () => {})
  line.on('connect', ssl ? () => line.requestSsl() : send)
  line.on('sslconnect', send)
  const target = host.address ?? host.host
  // The driver takes the path of a socket in the port's place.
  if (target.startsWith('/')) line.connect(`${target}/.s.PGSQL.${host.port}`)
  else line.connect(host.port, target)
  // The server hangs up when it has done so.
  await Promise.race([once(line, 'end'), new Promise((resolve) => setTimeout(resolve, 3000).unref())])
  line.stream.destroy()
}
