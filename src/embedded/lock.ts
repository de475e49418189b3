import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MeanderError } from '../errors.ts'

export interface LockOptions {
  /** How long to wait for another process, in milliseconds; 10 s when left out. */
  readonly waitMs?: number
  /** Told once, when waiting starts. */
  readonly note?: (text: string) => void
}

/**
 * When a process started, in the kernel's ticks: with it a pid that was given to somebody else is not mistaken
 * for the old one. '' for one that is gone (a zombie too), null where the system has no such list.
 */
const startOf = (pid: number): string | null => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return 'ZX'.includes(fields[0] ?? '') ? '' : (fields[19] ?? '')
  } catch {
    return pid === process.pid || startOf(process.pid) === null ? null : ''
  }
}

const isAlive = (pid: number, start: string): boolean => {
  const started = startOf(pid)
  if (started !== null) return started !== '' && started === start
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The locks that this process holds, by path. */
const held = new Set<string>()

/**
 * Each process puts a file with its own name there and holds the lock if no other living one has: a dead one's
 * file can be removed by anybody at any time, which with one file for all could hit the next holder's.
 * Returns the pid that is in the way.
 */
const claim = (folder: string, own: string): number | null => {
  const inTheWay = (): number | null => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      const [pid, start = ''] = name.split('-')
      if (path === own ? held.has(own) : isAlive(Number(pid), start)) return Number(pid)
      if (path !== own) rmSync(path, { force: true })
    }
    return null
  }
  const first = inTheWay()
  if (first !== null) return first
  writeFileSync(own, '', { mode: 0o600 })
  const other = inTheWay()
  if (other === null) held.add(own)
  else rmSync(own)
  return other
}

/** The second look, a moment later: still ours, and nobody else's. What is not is given up. */
const confirmed = (folder: string, own: string): boolean => {
  const names = readdirSync(folder).map((name) => join(folder, name))
  if (names.length === 1 && names[0] === own) return true
  rmSync(own, { force: true })
  held.delete(own)
  return false
}

/**
 * Holds `folder` for this process until the returned function is called or the process ends, however it does.
 * Not a lock of a library: those go by the age of a file, and a process that was stopped for a while (Ctrl-Z, a
 * suspended laptop) loses its lock without knowing.
 * @throws MeanderError FAILED when another process keeps it, or the folder cannot be made.
 */
export const lock = async (folder: string, { waitMs = 10_000, note }: LockOptions): Promise<() => void> => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new MeanderError('FAILED', `No store can be kept here: ${(error as Error).message}`, {
      hint: 'Set XDG_DATA_HOME to a folder that you may write',
      cause: error,
    })
  }
  const own = join(folder, `${process.pid}-${startOf(process.pid) ?? ''}`)
  const until = Date.now() + waitMs
  let told = false
  for (;;) {
    let pid = claim(folder, own)
    if (pid === null) {
      // Two that took each other for dead, at the very same moment, would both be here.
      await sleep(10)
      if (confirmed(folder, own)) break
      pid = process.pid
    }
    const holder = pid === process.pid ? 'this very process' : `process ${pid}`
    if (Date.now() >= until) {
      throw new MeanderError('FAILED', `The embedded store is in use by ${holder}`, {
        hint: `Run this again when it has ended; one process at a time can use ${join(folder, '..')}`,
      })
    }
    if (!told) note?.(`The embedded store is in use by ${holder}: waiting for it`)
    told = true
    // Two that came at the same moment both stepped back: not in step again.
    await sleep(20 + Math.random() * 60)
  }
  const release = () => {
    rmSync(own, { force: true })
    held.delete(own)
    process.off('exit', release)
  }
  process.on('exit', release)
  return release
}
