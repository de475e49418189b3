/** `Did you mean staging?`, or nothing where no known name is near: a third of its letters may be others. */
export const didYouMean = async (typed: string, known: readonly string[]): Promise<string | undefined> => {
  if (known.length === 0) return undefined
  const { closest, distance } = await import('fastest-levenshtein')
  const lower = typed.toLowerCase()
  const near = closest(
    lower,
    known.map((name) => name.toLowerCase()),
  )
  if (distance(lower, near) > Math.max(1, near.length / 3)) return undefined
  return `Did you mean ${known.find((name) => name.toLowerCase() === near)}?`
}
