/** How many columns a text takes on a screen. */
export type Measure = (text: string) => number

/** ASCII, the Latin letters up to U+02FF, dashes, typographic quotes and the ellipsis: one column each. */
const plain = /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027]*$/

const lengthOf: Measure = ({ length }) => length

/** Whether each of its characters takes one column. */
export const isPlain = (text: string): boolean => plain.test(text)

/**
 * What measures all of these texts, and parts of them: string-width, which takes longer to load than node to start, only
 * where it has to look.
 */
export const measureOf = async (texts: Iterable<string>): Promise<Measure> => {
  for (const text of texts) if (!isPlain(text)) return (await import('string-width')).default
  return lengthOf
}
