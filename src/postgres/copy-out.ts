import type { Connection, Submittable } from 'pg'

/** A message of the server with bytes; the driver's types leave it out. */
interface CopyData {
  readonly chunk: Uint8Array
}

/** Room for the next page: as much as the one before took, which it is likely to take too. */
let room = 65_536

/** `copy … to stdout` as the driver runs it, all of its bytes in one piece. */
export class CopyOut implements Submittable {
  readonly bytes: Promise<Buffer>
  readonly #text: string
  #all = Buffer.allocUnsafe(room)
  #length = 0
  #resolve: (bytes: Buffer) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(text: string) {
    this.#text = text
    this.bytes = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: Connection): void {
    connection.query(this.#text)
  }

  /** The driver lends a part of its own buffer, which the next one may overwrite. */
  handleCopyData({ chunk }: CopyData): void {
    const length = this.#length + chunk.length
    if (length > this.#all.length) {
      const larger = Buffer.allocUnsafe(2 * length)
      this.#all.copy(larger, 0, 0, this.#length)
      this.#all = larger
    }
    this.#all.set(chunk, this.#length)
    this.#length = length
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    room = Math.max(room, Math.ceil(this.#length * 1.1))
    this.#resolve(this.#all.subarray(0, this.#length))
  }

  handleError(error: unknown): void {
    this.#reject(error)
  }
}

/** A statement that takes no bound parameters, with its values put in where `$1` … stand. */
export const inline = (text: string, values: readonly (string | number | null)[]): string =>
  text.replace(/\$(\d+)/g, (_, place: string) => literal(values[Number(place) - 1] ?? null))

/** In the form that means the same whatever standard_conforming_strings is. */
const literal = (value: string | number | null): string => {
  if (value === null) return 'null'
  if (typeof value === 'number') return String(value)
  return `E'${value.replace(/['\\]/g, '$&$&')}'`
}
