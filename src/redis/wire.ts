import type { Command } from './node.ts'

/** Commands in Redis's protocol, one after the other. */
export const wireOf = (commands: readonly Command[]): Buffer => {
  // Measuring every argument in bytes would cost more than all the rest, and nearly always all of them are ASCII.
  const text = written(commands, ({ length }) => length)
  const bytes = Buffer.from(text)
  return bytes.length === text.length ? bytes : Buffer.from(written(commands, Buffer.byteLength))
}

const written = (commands: readonly Command[], measure: (argument: string) => number): string => {
  let text = ''
  for (const command of commands) {
    text += `*${command.length}\r\n`
    for (const argument of command) {
      const value = String(argument)
      text += `$${measure(value)}\r\n${value}\r\n`
    }
  }
  return text
}
