import type { Figure } from './measure.ts'

const shown = (value: number, unit: Figure['unit']): string => {
  const digits = unit === 'MB' || (unit === 'ms' && value >= 10) ? 0 : 2
  return `${value.toFixed(digits)}${unit === 'x' ? '' : ` ${unit}`}`
}

const headings = ['what', 'target', 'median', 'min to max', '']

const cells = ({ what, unit, target, median, min, max, met }: Figure): string[] => [
  what,
  target === null
    ? ''
    : 'atMost' in target
      ? `<= ${shown(target.atMost, unit)}`
      : `>= ${shown(target.atLeast, unit)}`,
  shown(median, unit),
  `${shown(min, unit)} to ${shown(max, unit)}`,
  met === null ? '' : met ? 'pass' : 'MISS',
]

/** For people at a terminal. */
export const asText = (figures: readonly Figure[]): string => {
  const rows = [headings, ...figures.map(cells)]
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** For docs/benchmarks.md. */
export const asMarkdown = (figures: readonly Figure[]): string =>
  [headings, headings.map(() => '---'), ...figures.map(cells)]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
