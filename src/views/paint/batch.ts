const enough = 64 * 1024

/** Joins small pieces into chunks that are worth a write; whatever is left goes out at the end. */
export async function* batch(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for await (const piece of pieces) {
    chunk += piece
    if (chunk.length < enough) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}
