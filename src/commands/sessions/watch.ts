import { type Command, Option } from 'commander'
import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { SessionChange, WatchNews } from '../../service/sessions/watch.ts'
import { changeLine, sessionChangeView, watchedView } from '../../views/session-change.view.ts'
import { counted, purposeOf, type ReasonOptions, reasonOptions } from '../shared/acting.ts'
import { parseMilliseconds } from '../shared/parsers.ts'
import { type SelectorOptions, selectionOf, selectorOptions } from '../shared/selectors.ts'
import { endsOfLook, teach } from '../shared/teaching.ts'

interface WatchOptions extends SelectorOptions, ReasonOptions {
  readonly interval: number
}

const usualIntervalMs = 2000

export const registerWatch = (parent: Command, context: Context, run = watchSessions): void => {
  const command = teach(parent.command('watch'), {
    examples: [['What happens at one address', 'meanderctl sessions watch --ip 203.0.113.9']],
    ends: endsOfLook,
    unlike: { 'sessions list': 'shows what there is now, and ends' },
    notes:
      'A screen that is redrawn at a terminal; lines in a pipe and with MEANDERCTL_ACCESSIBLE=1; -o ndjson for programs. Ends with Ctrl-C. A lost connection is waited for, and nothing missed.',
    formats: ['table', 'wide', 'ndjson', 'id'],
  })
    .description('Show logins, refreshes, revocations and expiries as they happen')
    .addOption(
      new Option('--interval <duration>', 'how often to look')
        .argParser(parseMilliseconds)
        .default(usualIntervalMs, '2s'),
    )
    .action((options: WatchOptions) => run(options, context))
  reasonOptions(selectorOptions(command, 'any'))
}

export const watchSessions = async (options: WatchOptions, context: Context): Promise<void> => {
  const { format } = context.show
  if (!['table', 'wide', 'ndjson', 'id'].includes(format)) {
    throw new MeanderError('USAGE', `A watch has no end, so it cannot be ${format}.`, {
      hint: 'Use -o table|wide|ndjson|id.',
    })
  }
  const { selector, scope } = selectionOf(options, context)
  const { watch } = await context.service()
  const query = { selector: { state: 'any' as const, ...selector }, scope, intervalMs: options.interval }
  const counts = new Counts()
  const display = displayOf(context, counts)
  try {
    for await (const news of watch.news(query, purposeOf(options, context), context.signal)) {
      if (news.kind === 'events') counts.add(news.events)
      await display.show(news)
      if (context.terminal.unread) return
    }
  } finally {
    display.close()
    await watch.close()
    context.terminal.note(`Seen: ${counts.text()}.`)
  }
}

/** How many of each, since the watch began. */
class Counts {
  readonly #of = { login: 0, refresh: 0, revoked: 0, expired: 0 }

  add(events: readonly SessionChange[]): void {
    for (const { event } of events) this.#of[event] += 1
  }

  text(): string {
    const { login, refresh, revoked, expired } = this.#of
    return `${counted(login, 'login')}, ${counted(refresh, 'refresh', 'refreshes')}, ${revoked} revoked, ${expired} expired`
  }
}

interface Display {
  show(news: WatchNews): Promise<void>
  close(): void
}

const displayOf = (context: Context, counts: Counts): Display => {
  const { show, terminal } = context
  const screen = show.format === 'table' || show.format === 'wide' ? terminal.screen() : null
  return screen ? drawn(screen, counts, context) : appended(context)
}

/** Lines that are added to, and nothing moves: for programs, pipes and screen readers. */
const appended = ({ show, terminal }: Context): Display => ({
  async show(news) {
    if (news.kind === 'watching') terminal.note(`Watching ${news.organizations.join(', ')}; Ctrl-C ends it.`)
    else if (news.kind !== 'events') terminal.warn(news.message)
    else if (news.events.length === 0) return
    else if (show.format === 'ndjson' || show.format === 'id') await show.more(sessionChangeView, news.events)
    else {
      const { clean } = await terminal.style()
      await terminal.write(news.events.map((event) => `${clean(changeLine(event))}\n`))
    }
  },
  close() {},
})

/** The newest events that fit, under a head that says how it stands. */
const drawn = (
  screen: NonNullable<ReturnType<Context['terminal']['screen']>>,
  counts: Counts,
  { show, terminal }: Context,
): Display => {
  let recent: readonly SessionChange[] = []
  let where = ''
  let looked = ''
  let status = 'Ctrl-C ends it.'
  const draw = async (): Promise<void> => {
    const { clean } = await terminal.style()
    const head = [`Watching ${where}: ${counts.text()}.`, `Last look ${looked} UTC. ${status}`]
    const lines = head.map((line) => clean(line).slice(0, terminal.width))
    const table = recent.length === 0 ? ['Nothing yet.'] : await show.lines(watchedView, recent)
    screen.draw([...lines, '', ...table])
  }
  return {
    async show(news) {
      if (news.kind === 'watching') where = news.organizations.join(', ')
      else if (news.kind !== 'events') status = news.message
      else recent = [...news.events.slice(-screen.rows).reverse(), ...recent].slice(0, screen.rows)
      if ('at' in news) looked = news.at.slice(11, 19)
      await draw()
    },
    close: () => screen.close(),
  }
}
