/**
 * Keeps Ctrl-C from everybody else, as a terminal in raw mode does, until the returned function is called:
 * while a pager or a plain question has the screen, Ctrl-C is theirs and must not end the tool under them.
 */
export const holdInterrupts = (instead: () => void = () => {}): (() => void) => {
  const others = process.rawListeners('SIGINT') as NodeJS.SignalsListener[]
  process.removeAllListeners('SIGINT')
  process.on('SIGINT', instead)
  let held = true
  return () => {
    if (!held) return
    held = false
    process.off('SIGINT', instead)
    for (const other of others) process.on('SIGINT', other)
  }
}
