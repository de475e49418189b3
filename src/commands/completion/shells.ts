/** What may stand where somebody is typing. */
export interface Answer {
  /** The word as far as it is typed. */
  readonly word: string
  /** Whole words, each with what it is or ''. */
  readonly candidates: readonly (readonly [value: string, meaning: string])[]
  /** Files are wanted, which the shell knows best. */
  readonly files: boolean
}

/** What a shell asks and understands. */
interface Shell {
  /** The words of the command line, the last one being typed, from what its script hands over. */
  words(given: readonly string[]): readonly string[]
  /** An answer as its script reads it, line by line. */
  lines(answer: Answer, given: readonly string[]): readonly string[]
}

/** Its completion is that of file names. */
const files = ':files'

const described: Shell = {
  // The last word still has its quotes, the first of them perhaps alone.
  words: (given) => [...given.slice(0, -1), splitLine(given.at(-1) ?? '').at(-1) ?? ''],
  lines: ({ candidates, files: wanted }) => [
    ...candidates.map(([value, meaning]) => (meaning === '' ? value : `${value}\t${meaning}`)),
    ...(wanted ? [files] : []),
  ],
}

export const shells: Readonly<Record<string, Shell>> = {
  // It breaks words at = : and @ too, so it gives the line, and what of its last word it will put something else for.
  bash: {
    words: ([line = '']) => splitLine(line).slice(1),
    lines: ({ word, candidates, files: wanted }, [, replaced = '', type = '']) => {
      if (wanted) return [files]
      if (!word.endsWith(replaced)) return []
      const kept = word.length - replaced.length
      // Where several are listed there is room for what they are; 37 and 42 put one of them, or all, into the line.
      const listed = candidates.length > 1 && !['37', '42'].includes(type)
      return candidates.map(([value, meaning]) =>
        listed && meaning !== '' ? `${value.slice(kept)}  (${meaning})` : value.slice(kept),
      )
    },
  },
  zsh: described,
  fish: described,
}

/** The words of a line as bash splits it, quotes and backslashes taken off; the last one is '' behind a blank. */
export const splitLine = (line: string): string[] => {
  const part =
    /\s+|\\(?<escaped>[\s\S]?)|'(?<single>[^']*)'?|"(?<double>(?:\\[\s\S]|[^"\\])*\\?)"?|[^\s\\'"]+/g
  const words = ['']
  for (const { 0: whole, groups = {} } of line.matchAll(part)) {
    const { escaped, single, double } = groups
    if (/^\s/.test(whole)) words.push('')
    else
      words[words.length - 1] +=
        (escaped === '\n' ? '' : escaped) ?? single ?? double?.replace(/\\([$`"\\\n])/g, '$1') ?? whole
  }
  return words
}
