/** Of a terminal that does not say. */
export const usualWidth = 80

const plain = /^[\x20-\x7e]*$/

/** Columns of a text, near enough to break lines by: string-width, which takes as long to load as node to start, is not asked. */
const columnsOf = (text: string): number => {
  if (plain.test(text)) return text.length
  return [...new Intl.Segmenter().segment(text)].reduce(
    (sum, { segment }) => sum + (segment >= '\u2e80' ? 2 : 1),
    0,
  )
}

/**
 * Lines of `width` at most, broken between words. A command at the end of the text stays in one piece, to be copied as
 * one, and so does a word that is longer than a line: those the terminal breaks.
 */
export const wrapped = (text: string, width: number): string[] => {
  if (columnsOf(text) <= width) return [text]
  const command = text.search(/(?<=^|\s)meanderctl /)
  const [prose, whole] = command < 0 ? [text, []] : [text.slice(0, command).trimEnd(), [text.slice(command)]]
  const lines: string[] = []
  let line: string | undefined
  for (const word of [...(prose === '' ? [] : prose.split(' ')), ...whole]) {
    const longer: string = line === undefined ? word : `${line} ${word}`
    if (line === undefined || columnsOf(longer) <= width) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return line === undefined ? lines : [...lines, line]
}
