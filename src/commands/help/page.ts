import type { Command } from 'commander'
import { type ExitName, exitCodes } from '../../errors.ts'
import { type Effects, effectsOf } from '../../service/audit/effects.ts'
import { type Teaching, teachingOf } from '../shared/teaching.ts'
import { pathOf, verbsOf } from '../shared/tree.ts'
import { helperOf, indented, listed, prose, shellLine } from './layout.ts'
import { topicList } from './topics.ts'

/** How every command may end. */
const always: readonly ExitName[] = ['OK', 'FAILED', 'USAGE', 'INTERRUPTED', 'TERMINATED']

/** How a verb may end, in the order of the codes. */
export const endsOf = ({ ends }: Teaching): ExitName[] =>
  (Object.keys(exitCodes) as ExitName[]).filter((name) => [...always, ...ends].includes(name))

/** What a verb changes, by its name and its options. */
export const effectsOfVerb = (verb: Command): Effects =>
  effectsOf(
    pathOf(verb),
    verb.options.some(({ long }) => long === '--request-id'),
  )

/** Puts behind the help of every command below `program` what it teaches. */
export const addPages = (program: Command): void => {
  program.addHelpText('after', () => `\n${topicList(helperOf(program))}`)
  for (const verb of verbsOf(program)) verb.addHelpText('after', () => afterOptions(verb))
}

const afterOptions = (verb: Command): string => {
  const teaching = teachingOf(verb)
  if (!teaching) return ''
  const helper = helperOf(verb)
  const { notes, unlike, examples } = teaching
  return [
    prose('Every command takes the options of meanderctl --help too.', helper),
    ...(notes === undefined ? [] : [prose(notes, helper)]),
    ...(unlike === undefined ? [] : [listed('Not to be confused with', Object.entries(unlike), helper)]),
    `Examples:\n${examples.map(([wanted, line]) => `${indented(`# ${wanted}`, helper)}\n${shellLine(line, helper)}`).join('\n')}`,
    listed('Changes', changes(effectsOfVerb(verb)), helper),
    `Exit codes (meanderctl help exit-codes):\n${indented(
      endsOf(teaching)
        .map((name) => `${exitCodes[name]} ${name}`)
        .join(', '),
      helper,
    )}`,
  ]
    .map((part) => `\n${part}`)
    .join('\n')
}

const changes = ({ changes, recorded, refused, intent }: Effects): [string, string][] => {
  const tables = changes.filter((store) => store !== 'redis')
  const lines: [string, string][] = [
    ['PostgreSQL', tables.length === 0 ? 'nothing' : tables.join(', ')],
    ...(changes.includes('redis') ? [['Redis', 'the blocked access tokens'] as [string, string]] : []),
    ['on record', recorded.length === 0 ? 'nothing' : recorded.join(', ')],
    ...(refused.length === 0 ? [] : [['if refused', refused.join(', ')] as [string, string]]),
    ...(intent
      ? [['global admin', 'before anything is seen or done: intent.recorded'] as [string, string]]
      : []),
  ]
  return lines
}
