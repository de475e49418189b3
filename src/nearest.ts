import { distance } from 'fastest-levenshtein'

/** The candidate that was probably meant, as git and npm guess; null where none is near enough. */
export const nearest = (typed: string, candidates: readonly string[]): string | null => {
  const [best] = candidates
    .map((candidate) => ({ candidate, away: distance(typed.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, away }) => away <= Math.max(typed.length, candidate.length) * 0.4)
    .toSorted((a, b) => a.away - b.away)
  return best?.candidate ?? null
}

/** `Did you mean staging?`, or nothing where no known name is near. */
export const didYouMean = (typed: string, known: readonly string[]): string | undefined => {
  const near = nearest(typed, known)
  return near === null ? undefined : `Did you mean ${near}?`
}
