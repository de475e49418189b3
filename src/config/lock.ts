import { createHash } from 'node:crypto'
import { closeSync, constants, mkdirSync, openSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../errors.ts'

/** What a lock keeps for one process at a time, in words. */
export interface Kept {
  readonly what: string
  /** Where no file can be made, and what to do about it. */
  readonly unusable: readonly [message: string, hint: string]
  /** What to do when another process keeps it. */
  busyHint(folder: string): string
}

const embeddedStore: Kept = {
  what: 'The embedded store',
  unusable: ['No store can be kept here', 'Set XDG_DATA_HOME to a folder that you may write'],
  busyHint: (folder) =>
    `Run this again when it has ended; one process at a time can use ${join(folder, '..')}`,
}

export interface LockOptions {
  /** The embedded store when left out. */
  readonly kept?: Kept
  /** How long to wait for another process, in milliseconds; 10 s when left out. */
  readonly waitMs?: number
  /** Told once, when waiting starts. */
  readonly note?: (text: string) => void
}

type Free = () => void

/**
 * Linux: an abstract socket. The kernel lets one process have the name, and takes it back when that process ends.
 * The name fills its field: shorter ones are padded by some versions of Node.js and not by others, and are not the same.
 */
const takeName = (file: string): Promise<Free | null> => {
  const digest = createHash('sha512').update(file).digest('hex')
  const path = `\0meanderctl:${digest}`.slice(0, 108)
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    server.listen({ path, exclusive: true }, () => {
      server.unref()
      resolve(() => server.close())
    })
  })
}

/** O_EXLOCK of macOS and the BSDs, which Node.js has no name for: the file is locked while it is open. */
const exclusiveLock = 0x20

const takeFile = async (file: string): Promise<Free | null> => {
  const { O_RDWR, O_CREAT, O_NONBLOCK } = constants
  try {
    const descriptor = openSync(file, O_RDWR | O_CREAT | O_NONBLOCK | exclusiveLock, 0o600)
    return () => closeSync(descriptor)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null
    throw error
  }
}

const take = process.platform === 'linux' ? takeName : takeFile

/** The locks that this process holds, by the file that says so. */
const held = new Set<string>()

/** Who holds it, as far as its file says: a killed process left its number there, and the next one writes its own last. */
const holderOf = (file: string): string => {
  if (held.has(file)) return 'this very process'
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    if (pid !== process.pid && pid > 0 && process.kill(pid, 0)) return `process ${pid}`
  } catch {
    // No file yet, or nobody of that number.
  }
  return 'another process'
}

const unusable = ({ unusable: [message, hint] }: Kept, error: unknown): MeanderError =>
  new MeanderError('FAILED', `${message}: ${(error as Error).message}`, { hint, cause: error })

/**
 * Holds `folder` for this process until the returned function is called or the process ends, however it does: the
 * kernel knows best who lives, so nothing is left behind that another one would have to judge and remove.
 * Not a lock of a library: those go by the age of a file, and a process that was stopped for a while (Ctrl-Z, a
 * suspended laptop) loses its lock without knowing.
 * @throws MeanderError FAILED when another process keeps it, or the folder cannot be made.
 */
export const lock = async (
  folder: string,
  { kept = embeddedStore, waitMs = 10_000, note }: LockOptions = {},
): Promise<Free> => {
  let file: string
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    file = join(realpathSync(folder), 'holder')
  } catch (error) {
    throw unusable(kept, error)
  }
  const until = Date.now() + waitMs
  let told = false
  for (;;) {
    const free = await take(file).catch((error) => {
      throw unusable(kept, error)
    })
    if (free !== null) return hold(file, free, kept)
    const holder = holderOf(file)
    if (Date.now() >= until) {
      throw new MeanderError('FAILED', `${kept.what} is in use by ${holder}`, { hint: kept.busyHint(folder) })
    }
    if (!told) note?.(`${kept.what} is in use by ${holder}: waiting for it`)
    told = true
    await sleep(20 + Math.random() * 60)
  }
}

/** Says for others who it is. */
const hold = (file: string, free: Free, kept: Kept): Free => {
  held.add(file)
  try {
    writeFileSync(file, String(process.pid), { mode: 0o600 })
  } catch (error) {
    held.delete(file)
    free()
    throw unusable(kept, error)
  }
  let mine = true
  return () => {
    if (!mine) return
    mine = false
    held.delete(file)
    free()
  }
}
