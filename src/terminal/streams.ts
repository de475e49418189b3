import { closeSync, openSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { ReadStream } from 'node:tty'

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number }
}

/** The streams of this process; stdin is opened by the first who looks at it. */
export const processStreams = (): Streams => ({
  get stdin() {
    return process.stdin
  },
  stdout: process.stdout,
  stderr: process.stderr,
})

const controllingTerminal = '/dev/tty'

/** Whether there is a terminal to ask on while stdin carries data. */
export const hasControllingTerminal = (): boolean => {
  try {
    closeSync(openSync(controllingTerminal, 'r+'))
    return true
  } catch {
    return false
  }
}

/** The terminal that this process was started from, whatever stdin is; destroy it, or the process stays. */
export const openControllingTerminal = (): ReadStream => new ReadStream(openSync(controllingTerminal, 'r+'))
