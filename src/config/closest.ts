/** `Did you mean staging?`, or nothing where no known name is near: a third of its letters may be others. */
export const didYouMean = (typed: string, known: readonly string[]): string | undefined => {
  const [near] = known
    .map((name) => ({ name, far: distance(typed.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(1, name.length / 3))
    .sort((one, other) => one.far - other.far)
  return near && `Did you mean ${near.name}?`
}

/** How many letters have to be put in, taken out or changed to make one of the other (Levenshtein). */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [y, letter] of [...one].entries()) {
    const next = [y + 1]
    for (const [x, wanted] of [...other].entries()) {
      const kept = (row[x] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(kept, (row[x + 1] ?? 0) + 1, (next[x] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
