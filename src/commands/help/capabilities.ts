import type { Argument, Command, Option } from 'commander'
import { type ExitName, exitCodes, exitMeanings } from '../../errors.ts'
import { version } from '../../version.ts'
import { outputFormats } from '../../views/view.ts'
import { teachingOf } from '../shared/teaching.ts'
import { pathOf, verbsOf } from '../shared/tree.ts'
import { effectsOfVerb, endsOf } from './page.ts'

/** What every command takes, changes and ends with, for programs; `program` has all of its nouns. */
export const capabilitiesOf = (program: Command): object => ({
  schemaVersion: 1,
  kind: 'Capabilities',
  item: {
    version,
    options: visible(program),
    commands: verbsOf(program).map(commandOf),
    exitCodes: Object.entries(exitCodes).map(([name, code]) => ({
      code,
      name,
      meaning: exitMeanings[name as ExitName],
    })),
  },
})

const commandOf = (verb: Command): object => {
  const teaching = teachingOf(verb)
  return {
    command: pathOf(verb),
    summary: verb.description(),
    arguments: verb.registeredArguments.map(argumentOf),
    options: visible(verb),
    outputFormats: teaching?.formats ?? outputFormats,
    effects: effectsOfVerb(verb),
    exitCodes: (teaching ? endsOf(teaching) : []).map((name) => exitCodes[name]),
    examples: (teaching?.examples ?? []).map(([wanted, line]) => ({ wanted, line })),
    unlike: Object.entries(teaching?.unlike ?? {}).map(([command, what]) => ({ command, what })),
  }
}

const argumentOf = (argument: Argument): object => ({
  name: argument.name(),
  description: argument.description,
  required: argument.required,
  variadic: argument.variadic,
  choices: argument.argChoices ?? null,
})

const visible = (command: Command): object[] => command.options.filter(({ hidden }) => !hidden).map(optionOf)

/** The type is what stands for the value in the help: `duration`, `email|id`; a flag without one is `boolean`. */
const optionOf = (option: Option): object => ({
  name: option.long,
  short: option.short ?? null,
  description: option.description,
  type: /[<[](.*?)(?:\.\.\.)?[\]>]/.exec(option.flags)?.[1] ?? 'boolean',
  choices: option.argChoices ?? null,
  required: option.mandatory,
  variadic: option.variadic,
  default: option.defaultValueDescription ?? option.defaultValue ?? null,
})
