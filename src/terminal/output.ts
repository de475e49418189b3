import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { holdInterrupts } from './interrupt.ts'
import { unwritten } from './unwritten.ts'

/** What is written: text, or its UTF-8 where much of it is made of bytes. */
type Chunk = string | Uint8Array
export type Chunks = AsyncIterable<Chunk> | Iterable<Chunk>

/** What a stream says when its reader has read enough: `head`, or a pager that was left. */
const gone = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])

/** Waiting for each chunk is the back-pressure, and the only way to learn of a full disk. */
const put = (stream: Writable, chunk: Chunk): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()))
  })

/**
 * Writes everything, and stops quietly when nobody reads on: false.
 * @throws MeanderError FAILED for a full disk.
 */
export const pour = async (stream: Writable, chunks: Chunks): Promise<boolean> => {
  for await (const chunk of chunks) {
    try {
      await put(stream, chunk)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== undefined && gone.has(code)) return false
      throw unwritten(error)
    }
  }
  return true
}

/** As git does: the pager is a shell command, `less` leaves short text on the screen, and no pager is no error. */
const pagerScript = `LESS=\${LESS-FRX}; export LESS
eval "$1"
code=$?
if [ $code -eq 127 ]; then exec cat; fi
exit $code`

/** Writes everything through the pager; one that is left early ends quietly. */
export const page = async (pager: string, chunks: Chunks): Promise<void> => {
  const child = spawn('/bin/sh', ['-c', pagerScript, 'pager', pager], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  // The failed write tells; without a listener the event would end the process.
  child.stdin.on('error', () => {})
  const closed = once(child, 'close')
  const release = holdInterrupts()
  // Whoever left the pager may still interrupt what is slow to notice.
  child.once('close', release)
  try {
    await pour(child.stdin, chunks)
  } finally {
    child.stdin.end()
    await closed.finally(release)
  }
}
