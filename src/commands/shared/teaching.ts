import type { Command } from 'commander'
import type { ErrorCode } from '../../errors.ts'
import type { OutputFormat } from '../../views/view.ts'

/**
 * What a verb's help, the man page and `help --json` tell of it beside its description, arguments and options. It stands
 * where the verb is registered; what the verb changes comes from what it leaves on the record (`service/audit/effects.ts`).
 */
export interface Teaching {
  /** What one wants, and the line to type, as the runbooks have it. */
  readonly examples: readonly (readonly [wanted: string, line: string])[]
  /** How it may end beside what every command may: OK, FAILED, USAGE, and an interruption. */
  readonly ends: readonly ErrorCode[]
  /** Commands that it is taken for, and what these do instead. */
  readonly unlike?: Readonly<Record<string, string>>
  /** Paragraphs, separated by an empty line; one that is indented is shown as it is. */
  readonly notes?: string
  /** What `-o` takes, where it is not every form of a list. */
  readonly formats?: readonly OutputFormat[]
}

const teachings = new WeakMap<Command, Teaching>()

/** Gives a verb what its help tells. */
export const teach = (verb: Command, teaching: Teaching): Command => {
  teachings.set(verb, teaching)
  return verb
}

/** What was given to a verb; undefined for a noun, which only has verbs. */
export const teachingOf = (command: Command): Teaching | undefined => teachings.get(command)

/** How a command that reads may end. */
export const endsOfLook: readonly ErrorCode[] = ['NOT_FOUND', 'UNAUTHENTICATED', 'REFUSED']

/** How a command that changes something may end. */
export const endsOfAct: readonly ErrorCode[] = [...endsOfLook, 'DECLINED', 'UNKNOWN']

/** How a command that ends access may end: Redis is to be told of it. */
export const endsOfEnding: readonly ErrorCode[] = [...endsOfAct, 'PARTIAL', 'PENDING']
