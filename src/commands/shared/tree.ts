import type { Command } from 'commander'
import { teachingOf } from './teaching.ts'

/** A command's name as the record and the documentation have it: `sessions revoke`; '' for the program itself. */
export const pathOf = (command: Command): string =>
  command.parent === null ? '' : `${pathOf(command.parent)} ${command.name()}`.trimStart()

/** Everything below a command that can be run, in the order in which --help shows it, and itself if it can. */
export const verbsOf = (command: Command): Command[] => [
  ...(teachingOf(command) ? [command] : []),
  ...command.commands.flatMap(verbsOf),
]
