import type { Argument, Command, Option } from 'commander'

/** A command line up to the word that is being typed. */
export interface Line {
  readonly command: Command
  /** Words that are no commands, options or values of options. */
  readonly args: readonly string[]
  /** What was given to options, in order; a flag's value is ''. */
  readonly given: readonly (readonly [option: Option, value: string])[]
  /** What the word is: a value where one is wanted, else a command, an option or nothing that is known. */
  readonly expected: Option | Argument | null
  /** As far as it is typed; of `--option=value` the value. */
  readonly typed: string
  /** What stands before it in the same word: `--option=`, or nothing. */
  readonly attached: string
  /** Whether the word may be an option: not behind `--`. */
  readonly mayBeOption: boolean
}

/** Reads `words` as commander does; the last is the one that is being typed. */
export const readLine = (program: Command, words: readonly string[]): Line => {
  let command = program
  let pending: Option | null = null
  let closed = false
  const args: string[] = []
  const given: [Option, string][] = []

  for (const word of words.slice(0, -1)) {
    if (pending && (!word.startsWith('-') || !pending.variadic)) {
      given.push([pending, word])
      if (!pending.variadic) pending = null
    } else if (!closed && word === '--') {
      closed = true
      pending = null
    } else if (!closed && word.startsWith('-') && word.length > 1) {
      const found = optionIn(word, command, program)
      pending = found && takesValue(found.option) && found.value === null ? found.option : null
      if (found && !pending) given.push([found.option, found.value ?? ''])
    } else {
      const verb = args.length === 0 && command.commands.find((one) => one.name() === word)
      if (verb) command = verb
      else args.push(word)
    }
  }

  const last = words.at(-1) ?? ''
  const line = { command, args, given, mayBeOption: !closed }
  const [attached] = closed ? [] : (/^--[^=]+=/.exec(last) ?? [])
  if (attached !== undefined) {
    const option = optionIn(attached, command, program)?.option ?? null
    return { ...line, expected: option, typed: last.slice(attached.length), attached, mayBeOption: false }
  }
  const isValue = pending !== null && !(pending.variadic && last.startsWith('-'))
  const argument = command.registeredArguments[args.length] ?? command.registeredArguments.at(-1)
  const next = argument?.variadic || args.length < command.registeredArguments.length ? argument : null
  return {
    ...line,
    expected: isValue ? pending : (next ?? null),
    typed: last,
    attached: '',
    mayBeOption: line.mayBeOption && !isValue,
  }
}

/** Every option that may stand here: the command's own, and those that every command takes. */
export const optionsOf = (command: Command, program: Command): readonly Option[] => [
  ...new Set([...command.options, ...program.options]),
]

export const takesValue = (option: Option): boolean => option.required || option.optional

/** `--user`, `--user=ada`, `-o`, `-ojson`; null for what there is not, and for several short ones in one word. */
const optionIn = (word: string, command: Command, program: Command) => {
  const [, name = word, value = null] = /^(--[^=]+)=(.*)$/s.exec(word) ?? []
  for (const option of optionsOf(command, program)) {
    if (option.long === name || option.short === name) return { option, value }
    if (option.short && takesValue(option) && !name.startsWith('--') && name.startsWith(option.short))
      return { option, value: name.slice(option.short.length) }
  }
  return null
}
