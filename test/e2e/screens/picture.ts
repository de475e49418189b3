import { Terminal } from '@xterm/headless'

const [cellWidth, lineHeight, margin] = [8.4, 18, 14]
const [paper, ink] = ['#0d1117', '#e6edf3']

/** One of the 256 fixed colours behind the first 16. */
const colourOf = (index: number): string => {
  const hex = (level: number) => level.toString(16).padStart(2, '0')
  if (index >= 232) return `#${hex(8 + (index - 232) * 10).repeat(3)}`
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40)
  const at = index - 16
  return `#${[Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((part) => hex(level(part))).join('')}`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A terminal with these bytes in it as a picture: dark by itself, so that it is read on a light page as on a dark one. */
export const pictureOf = async (bytes: string, columns: number, title: string): Promise<string> => {
  const terminal = new Terminal({ cols: columns, rows: 60, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write(bytes, resolve))
  const { active } = terminal.buffer
  const lines: string[] = []
  for (let row = 0; row < active.length; row += 1) {
    const line = active.getLine(row)
    const runs: { from: number; text: string; style: string }[] = []
    for (let column = 0; line && column < columns; column += 1) {
      const cell = line.getCell(column)
      if (!cell || cell.getWidth() === 0) continue
      const colour = cell.isFgPalette() ? ` fill="${colourOf(cell.getFgColor())}"` : ''
      const style = `${colour}${cell.isBold() ? ' font-weight="bold"' : ''}`
      const last = runs.at(-1)
      const text = cell.getChars() || ' '
      if (last?.style === style) last.text += text
      else runs.push({ from: column, text, style })
    }
    const y = margin + (row + 0.75) * lineHeight
    const spans = runs
      .map((run) => ({ ...run, text: run.text.trimEnd() }))
      .filter(({ text }) => text !== '')
      .map(({ from, text, style }) => {
        const x = (margin + from * cellWidth).toFixed(1)
        const length = (text.length * cellWidth).toFixed(1)
        return `<text x="${x}" y="${y}" textLength="${length}"${style}>${escaped(text)}</text>`
      })
    lines.push(spans.join(''))
  }
  terminal.dispose()
  while (lines.at(-1) === '') lines.pop()
  const [width, height] = [
    Math.ceil(2 * margin + columns * cellWidth),
    Math.ceil(2 * margin + lines.length * lineHeight),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${paper}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${ink}" xml:space="preserve">`,
    ...lines.filter((line) => line !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}
