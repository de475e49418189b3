import type { Streams } from './streams.ts'
import type { Screen } from './terminal.ts'

const csi = '\u001b['
/** A screen of its own, without cursor and without wrapping; and all of it taken back. */
const enter = `${csi}?1049h${csi}?25l${csi}?7l`
const leave = `${csi}?7h${csi}?25h${csi}?1049l`
const usualRows = 24

/** Takes the screen until it is closed, or the process ends in whatever way a process can still notice. */
export const openScreen = (stdout: Streams['stdout']): Screen => {
  let open = true
  const close = (): void => {
    if (!open) return
    open = false
    process.off('exit', close)
    stdout.write(leave)
  }
  process.on('exit', close)
  stdout.write(enter)
  return {
    get rows() {
      return stdout.rows || usualRows
    },
    draw(lines) {
      // A terminal that is slow to draw gets the next picture instead of every one.
      if (!open || stdout.writableNeedDrain) return
      const shown = lines.slice(0, stdout.rows || usualRows)
      stdout.write(`${csi}H${shown.map((line) => `${line}${csi}K`).join('\r\n')}${csi}J`)
    },
    close,
  }
}
