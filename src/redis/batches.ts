/** As many commands as Redis answers well within the time that is waited for one pipeline. */
const batchSize = 1_000

/** Slices of a thousand. */
export function* inBatches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += batchSize) yield items.slice(from, from + batchSize)
}
