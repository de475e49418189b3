import type { Command, Help } from 'commander'

/** Commander's own layout, as wide as the terminal. */
export const helperOf = (command: Command): Help => {
  const helper = command.createHelp()
  helper.prepareContext({ helpWidth: command.configureOutput().getOutHelpWidth?.() ?? usualWidth })
  return helper
}

const usualWidth = 80

/** A heading, and terms with what they mean. */
export const listed = (
  heading: string,
  items: readonly (readonly [term: string, meaning: string])[],
  helper: Help,
): string => {
  const width = Math.max(...items.map(([term]) => term.length))
  return [
    `${heading}:`,
    ...items.map(([term, meaning]) => helper.formatItem(term, width, meaning, helper)),
  ].join('\n')
}

const widthOf = (helper: Help): number => helper.helpWidth ?? usualWidth

/** A paragraph, a little to the right. */
export const indented = (text: string, helper: Help): string =>
  helper
    .boxWrap(text, widthOf(helper) - 2)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')

/** Paragraphs as wide as the terminal; what is indented stays as it is. */
export const prose = (text: string, helper: Help): string =>
  text
    .split('\n\n')
    .map((part) => (part.startsWith(' ') ? part : helper.boxWrap(part, widthOf(helper))))
    .join('\n\n')

/** A line for the shell, broken where the shell lets it be. */
export const shellLine = (line: string, helper: Help): string => {
  const lines = ['  $']
  // A blank inside quotes is no place to break.
  for (const word of line.match(/(?:[^\s"]|"[^"]*")+/g) ?? []) {
    const last = lines.length - 1
    if (`${lines[last]} ${word} \\`.length <= widthOf(helper)) lines[last] += ` ${word}`
    else {
      lines[last] += ' \\'
      lines.push(`      ${word}`)
    }
  }
  return lines.join('\n')
}
