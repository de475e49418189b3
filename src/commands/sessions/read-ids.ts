import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { Context } from '../../context.ts'
import { MeanderError, problemOfFile } from '../../errors.ts'

/**
 * Session ids from a file, or `-` for standard input: one a line, or NDJSON as `sessions list` writes it.
 * @throws MeanderError USAGE that names the line, NOT_FOUND for a file without an id.
 */
export const readIds = async (from: string, terminal: Context['terminal']): Promise<string[]> => {
  const source = from === '-' ? Readable.from(terminal.readStdin()) : createReadStream(from)
  const ids: string[] = []
  let number = 0
  try {
    for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1
      const text = number === 1 ? line.replace(/^\u{feff}/u, '').trim() : line.trim()
      if (text !== '') ids.push(idOf(text, number))
    }
  } catch (error) {
    if (error instanceof MeanderError) throw error
    throw new MeanderError('USAGE', `${from} cannot be read: ${problemOfFile(error)}.`, { cause: error })
  }
  if (ids.length === 0) {
    throw new MeanderError('NOT_FOUND', `${from === '-' ? 'Standard input' : from} names no session.`, {
      hint: 'One id a line, as from: meanderctl sessions list … -o id',
    })
  }
  return ids
}

const idOf = (text: string, line: number): string => {
  const id = text.startsWith('{') ? idInJson(text) : text
  if (typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    return id.toLowerCase()
  throw new MeanderError(
    'USAGE',
    `Line ${line} is neither a session id nor a session in JSON: nothing was changed.`,
    {
      hint: 'One id a line, or the NDJSON of: meanderctl sessions list -o ndjson',
    },
  )
}

const idInJson = (text: string): unknown => {
  try {
    return (JSON.parse(text) as { id?: unknown }).id
  } catch {
    return undefined
  }
}
