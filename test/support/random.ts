/** The same numbers for the same seed (mulberry32). */
export const randomOf = (start: number) => {
  let state = start
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * limit)
  }
  return { below, pick: <T>(of: readonly T[]): T => of[below(of.length)] as T }
}
