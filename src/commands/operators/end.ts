import type { Command } from 'commander'
import type { Context } from '../../context.ts'
import type { OperatorEnding } from '../../service/operators.ts'
import { operatorChangeView } from '../../views/operator.view.ts'
import {
  type ActOptions,
  askPurpose,
  bulkOptions,
  confirm,
  counted,
  refuseUnasked,
  unasked,
} from '../shared/acting.ts'
import { parseOperator } from '../shared/parsers.ts'
import { endsOfAct, type Teaching, teach } from '../shared/teaching.ts'
import { askOperator, requireLogin } from './ask-operator.ts'

/** `disable` and `remove` end a login's rights alike; they differ in what is left of the registration. */
const verbs = {
  disable: {
    description: 'Take a login’s rights now and end its connections; enable gives them back',
    which: 'Which login loses its rights now?',
    disabled: false,
    consequence: 'loses its rights now; operators enable gives them back',
    teaching: {
      examples: [['While somebody is away', 'meanderctl operators disable ada --reason "on leave" --yes']],
      ends: endsOfAct,
      unlike: {
        'operators remove': 'also forgets the registration',
        'users offboard':
          'ends the person’s account, sessions and grants; the login loses its rights with it',
      },
    },
  },
  remove: {
    description: 'Forget a login: registration, rights, connections; the record stays',
    which: 'Which login is to be forgotten?',
    disabled: null,
    consequence: 'loses its rights now and is forgotten; the record stays',
    teaching: {
      examples: [
        [
          'Somebody left',
          'meanderctl operators remove ada --reason "left the organization" --ticket HR-7 --yes',
        ],
      ],
      ends: endsOfAct,
      unlike: {
        'operators disable': 'takes the rights, and keeps the registration',
        'users offboard':
          'ends the person’s account, sessions and grants; the login loses its rights with it',
      },
    },
  },
} as const satisfies Record<
  string,
  {
    readonly description: string
    readonly which: string
    /** Whether only disabled logins, or only others, can be meant; null is any. */
    readonly disabled: boolean | null
    readonly consequence: string
    readonly teaching: Teaching
  }
>

export const registerEnd = (
  parent: Command,
  verb: keyof typeof verbs,
  context: Context,
  run = endOperator,
): void => {
  const command = teach(parent.command(verb), verbs[verb].teaching)
    .description(verbs[verb].description)
    .argument('[login]', 'the PostgreSQL login; asked for at a terminal', parseOperator)
    .action((login: string | undefined, options: ActOptions) => run(verb, login, options, context))
  // One login is named, and no number of --max-affected is smaller.
  bulkOptions(command, 'logins')
}

export const endOperator = async (
  verb: keyof typeof verbs,
  given: string | undefined,
  options: ActOptions,
  context: Context,
): Promise<void> => {
  requireLogin(given, options, context)
  refuseUnasked(options, context)
  const { operators } = await context.service()
  const login = given ?? (await askOperator(verbs[verb].which, operators, verbs[verb].disabled, context))
  const request =
    options.requestId === undefined || options.dryRun
      ? null
      : { id: options.requestId, command: `operators ${verb}`, arguments: { login } }
  const first = request && (await operators.recall(request))
  if (first) return showEnding(first, context)

  const purpose = await askPurpose(options, context, { guided: given === undefined })
  if (!unasked(options, context)) {
    const found = await operators.look(login)
    // Who is not registered is told so by the act.
    const who = found ? ` (${found.operator.userEmail}, ${found.operator.role})` : ''
    const connections = counted(found?.connections ?? 0, 'open connection')
    await confirm(
      options,
      context,
      `The login ${login}${who} ${verbs[verb].consequence}. ${connections} ${found?.connections === 1 ? 'ends' : 'end'}. Go on?`,
    )
  }
  const order = { dryRun: options.dryRun ?? false, request }
  await showEnding(await operators.end(verb, login, purpose, order), context)
}

const showEnding = async (ending: OperatorEnding, context: Context): Promise<void> => {
  await context.show.item(operatorChangeView, ending)
  const { connectionsEnded } = ending
  if (connectionsEnded === null) {
    context.terminal.warn(
      'Its open connections have no rights any more, but could not be ended. A superuser runs: grant pg_signal_backend to meander_signal;',
    )
  } else if (connectionsEnded > 0) {
    context.terminal.note(`${counted(connectionsEnded, 'connection')} ended.`)
  }
}
