import type { Command } from 'commander'
import type { OwnedContext } from '../../context.ts'
import { formatMeanings, outputFormats } from '../../views/view.ts'
import { teachingOf } from '../shared/teaching.ts'
import { type Candidate, wantedBy } from '../shared/wanted.ts'
import { type Line, optionsOf, readLine } from './line.ts'
import { type Answer, shells } from './shells.ts'
import { thingsWithinReach } from './things.ts'

/** The words of a command line as the script of a shell hands it over; empty for a shell that there is not. */
export const wordsFor = (shell: string, given: readonly string[]): readonly string[] =>
  shells[shell]?.words(given) ?? []

/** What the script of a shell reads: what may stand where the last of its words is. */
export const completionFor = async (
  shell: string,
  given: readonly string[],
  program: Command,
  context: OwnedContext,
): Promise<string> => {
  const words = wordsFor(shell, given)
  const lines = shells[shell]?.lines(await complete(program, words, context), given) ?? []
  return lines.map((line) => `${line}\n`).join('')
}

/** What may stand where the last of `words` is. @throws whatever keeps it from being known. */
const complete = async (
  program: Command,
  words: readonly string[],
  context: OwnedContext,
): Promise<Answer> => {
  const line = readLine(program, words)
  const files = wantedBy(line.expected?.parseArg) === 'file' && !isOption(line)
  const found = files ? [] : await candidatesFor(line, program, context)
  const candidates = found
    .filter(([value]) => value.startsWith(line.typed))
    .map(([value, meaning = '']) => [line.attached + value, brief(meaning)] as const)
  return { word: words.at(-1) ?? '', candidates, files }
}

const isOption = ({ mayBeOption, typed }: Line): boolean => mayBeOption && typed.startsWith('-')

const candidatesFor = async (
  line: Line,
  program: Command,
  context: OwnedContext,
): Promise<readonly Candidate[]> => {
  const { command, expected, args } = line
  if (isOption(line)) return optionsLeft(line, program)
  const ofValue = (expected === null ? [] : await valuesOf(line, context)).filter(([value]) =>
    harmless.test(value),
  )
  if (!line.mayBeOption || args.length > 0) return ofValue
  const verbs = command.commands
  const nothing = expected === null && verbs.length === 0 && line.typed === ''
  return [
    ...verbs.map((verb): Candidate => [verb.name(), verb.description()]),
    ...(nothing ? optionsLeft(line, program) : ofValue),
  ]
}

/** Options that were not given yet, or may be given again. */
const optionsLeft = ({ command, given }: Line, program: Command): Candidate[] => {
  const gone = new Set(given.flatMap(([option]) => (option.variadic ? [] : [option.long])))
  const help = command.createHelp()
  return [...new Set([...help.visibleOptions(command), ...optionsOf(command, program)])]
    .filter(({ long, hidden }) => long && !hidden && !gone.has(long))
    .filter(({ long }) => long !== '--version' || command === program)
    .map(({ long, description }): Candidate => [long ?? '', description])
}

const valuesOf = async (line: Line, context: OwnedContext): Promise<readonly Candidate[]> => {
  const { command, expected, args } = line
  if (expected?.argChoices) return expected.argChoices.map((choice): Candidate => [choice])
  const wanted = wantedBy(expected?.parseArg)
  if (wanted === undefined || wanted === 'file') return []
  if (wanted === 'format') {
    const formats = teachingOf(command)?.formats ?? outputFormats
    return formats.map((format): Candidate => [format, formatMeanings[format]])
  }
  if (typeof wanted === 'function') return wanted(args)
  const things = await thingsWithinReach(wanted, line, context)
  return things.filter(([value]) => !args.includes(value))
}

/** No shell does anything with these but write them down, in quotes or without; what else there is has to be typed. */
const harmless = /^(?!.*\p{DI})[\p{L}\p{N}_][\p{L}\p{N}._+@-]{0,253}$/u

/** What stands beside a word: one short line that no terminal and no shell obeys. */
const brief = (meaning: string): string => {
  const seen = meaning.normalize().replace(unseen, ' ').replace(/\s+/g, ' ').trim()
  const letters = [...seen]
  return letters.length > longest
    ? `${letters
        .slice(0, longest - 1)
        .join('')
        .trimEnd()}…`
    : seen
}

const unseen = /[^\p{L}\p{N}\p{P}\p{S}\p{Zs}]|[\\$`%#\p{DI}]/gu
const longest = 60
