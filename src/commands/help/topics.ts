import { Command, type Help } from 'commander'
import type { Context } from '../../context.ts'
import { type ExitName, exitCodes, exitMeanings } from '../../errors.ts'
import { formatMeanings } from '../../views/view.ts'
import { selectorOptions, sortOption } from '../shared/selectors.ts'
import { listed, prose } from './layout.ts'

/** What `help` tells beside commands. */
interface Topic {
  readonly summary: string
  text(helper: Help, context: Context): Promise<string>
}

const exits: Topic = {
  summary: 'what each exit code means',
  text: async (helper) =>
    [
      listed(
        'Exit codes',
        Object.entries(exitCodes).map(([name, code]) => [
          `${String(code).padStart(3)} ${name}`,
          exitMeanings[name as ExitName],
        ]),
        helper,
      ),
      prose(
        'Where several apply: 10, 130 or 143, 1, 7, 6, 8, 3. A dry run has the exit code of the real run. With -o json or ndjson a failure is one line of JSON on stderr, with code, exitCode, message, hint and details.',
        helper,
      ),
    ].join('\n\n'),
}

const output: Topic = {
  summary: 'the forms of an answer, and what goes where',
  text: async (helper) =>
    [
      listed('-o, --output', Object.entries(formatMeanings), helper),
      prose(
        `The answer goes to stdout; questions, progress, notes and errors go to stderr. At a terminal a table is as wide as the window, times are relative, and long lists go through PAGER (--no-pager). In a pipe there is no colour, and times are RFC 3339 in UTC.

--columns names columns, in this order, for table, wide and csv. JSON always has every field; what is absent is null. MEANDERCTL_OUTPUT is the form where --output is not given. MEANDERCTL_ACCESSIBLE=1 only ever adds lines, for a screen reader.

Ids can be piped:

  meanderctl sessions list --user mari@hlf.example -o id |
    meanderctl sessions revoke --from - --reason "lost phone" --yes`,
        helper,
      ),
    ].join('\n\n'),
}

const selectors: Topic = {
  summary: 'how sessions are named: by who, what, where and when',
  text: async (helper) =>
    [
      prose(
        'The same on sessions list, revoke, watch and stats: the list is the preview of the revoke. Several narrow together. --state, --sort and --limit select nothing by themselves, and an empty selector is never "all".',
        helper,
      ),
      listed(
        'Selectors',
        sortOption(selectorOptions(new Command())).options.map((option) => [
          helper.optionTerm(option),
          helper.optionDescription(option),
        ]),
        helper,
      ),
      listed(
        'Values',
        [
          ['duration', '90s, 15m, 12h, 7d, 2w, or together: 1d12h'],
          ['time', '2026-01-31T12:00:00Z, a day (its start in UTC), or a duration ago'],
          ['email|id', 'stored in lower case, matched whole; of several people it is ambiguous (2)'],
          ['text', 'anywhere in it, upper and lower case of ASCII alike, no wildcards'],
          ['address|cidr', '192.0.2.1, 192.0.2.0/24, 2001:db8::/32; ::ffff:192.0.2.1 is IPv4'],
        ],
        helper,
      ),
    ].join('\n\n'),
}

const environment: Topic = {
  summary: 'every variable that is read, and its key in a profile',
  text: async (helper, context) =>
    [
      prose(
        'Order: flag, environment, env file (--env-file or MEANDERCTL_ENV_FILE), profile, default. Nothing is read from the folder that you stand in, and an empty variable is the same as none. No secret is ever a flag, or in a profile. meanderctl doctor shows where each value came from.',
        helper,
      ),
      listed(
        'Variables',
        (await context.variables()).map(({ name, profile, secret }) => [
          name,
          [
            profile === null ? 'not in a profile' : `in a profile: ${profile}`,
            ...(secret ? ['never shown'] : []),
          ].join('; '),
        ]),
        helper,
      ),
    ].join('\n\n'),
}

const topics: Readonly<Record<string, Topic>> = { 'exit-codes': exits, output, selectors, environment }

/** What `help TOPIC` knows, by name. */
export const topicNames: readonly string[] = Object.keys(topics)

/** The topic of this name, as it is shown; null where there is none. */
export const topicText = async (name: string, helper: Help, context: Context): Promise<string | null> =>
  (await topics[name]?.text(helper, context)) ?? null

/** The topics with what each tells. */
export const topicList = (helper: Help): string =>
  listed(
    'Topics (meanderctl help TOPIC)',
    Object.entries(topics).map(([name, { summary }]) => [name, summary]),
    helper,
  )
