import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import { nearest } from '../../nearest.ts'
import { teach } from '../shared/teaching.ts'
import { wanting } from '../shared/wanted.ts'
import { helperOf } from './layout.ts'
import { topicNames, topicText } from './topics.ts'

interface HelpOptions {
  readonly json?: boolean
}

export const registerHelp = (command: Command, context: Context, run = help): void => {
  teach(command, {
    examples: [
      ['One command', 'meanderctl help sessions revoke'],
      ['Everything that there is, for programs', 'meanderctl help --json'],
    ],
    ends: [],
    formats: [],
  })
    .argument('[topic...]', 'a command, or one of the topics', topicParser(command))
    .option('--json', 'what every command takes, changes and ends with, for programs')
    .action((words: string[], options: HelpOptions) => run(words, options, command, context))
}

/** Below a command its verbs, else commands and topics. */
const topicParser = (own: Command) =>
  wanting<string[]>(
    async (before) => {
      const root = own.parent ?? own
      const found = commandAt(before, root)
      return [
        ...(found?.commands ?? []).map((command) => [command.name(), command.description()] as const),
        ...(found === root ? topicNames.map((name) => [name] as const) : []),
      ]
    },
    (word, before = []) => [...before, word],
  )

const commandAt = (words: readonly string[], root: Command): Command | undefined =>
  words.reduce<Command | undefined>(
    (found, word) => found?.commands.find((command) => command.name() === word),
    root,
  )

export const help = async (
  words: readonly string[],
  { json }: HelpOptions,
  own: Command,
  context: Context,
): Promise<void> => {
  const root = own.parent ?? own
  if (json) {
    if (words.length > 0) throw new MeanderError('USAGE', '--json tells of every command: it takes no topic.')
    const { capabilitiesOf } = await import('./capabilities.ts')
    return root.configureOutput().writeOut?.(`${JSON.stringify(capabilitiesOf(root))}\n`)
  }
  const topic = words.length === 1 ? await topicText(words[0] ?? '', helperOf(root), context) : null
  if (topic !== null) return root.configureOutput().writeOut?.(`${topic}\n`)
  let found = root
  for (const word of words) {
    const next = found.commands.find((command) => command.name() === word)
    if (!next) throw unknown(words, word, found, root)
    found = next
  }
  found.outputHelp()
}

const unknown = (words: readonly string[], word: string, within: Command, root: Command): MeanderError => {
  const names = within.commands.map((command) => command.name())
  const near = nearest(word, within === root ? [...names, ...topicNames] : names)
  const before = words.slice(0, words.indexOf(word))
  return new MeanderError('USAGE', `There is no help on ${words.join(' ')}.`, {
    hint:
      near === null
        ? `See ${['meanderctl', 'help', ...before].join(' ')}.`
        : `Did you mean ${['meanderctl', 'help', ...before, near].join(' ')}?`,
  })
}
