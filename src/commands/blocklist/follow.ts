import type { Context } from '../../context.ts'
import { MeanderError } from '../../errors.ts'
import type { Blocklist } from '../../service/blocklist/blocklist.ts'
import type { FollowEvent, Follower } from '../../service/blocklist/following.ts'
import { counted } from '../shared/acting.ts'

/**
 * Publishes until somebody asks it to stop.
 * @throws MeanderError INTERRUPTED then, saying what is done; REFUSED for a login that may publish a part alone.
 */
export const follow = async (blocklist: Blocklist, follower: Follower, context: Context): Promise<never> => {
  const say = teller(context)
  if (!(await blocklist.reachesEverything())) {
    throw new MeanderError(
      'REFUSED',
      'Only a publisher or an administrator of this database may go on publishing.',
      {
        hint: 'For what is within your reach: meanderctl blocklist sync',
      },
    )
  }
  let published = 0
  for await (const event of follower.follow(context.signal)) {
    published += event.tokens
    await say(event)
  }
  throw new MeanderError(
    'INTERRUPTED',
    `Stopped: ${counted(published, 'access token')} published; nothing is in flight.`,
  )
}

/** One line for each event; what was done on stdout, what stands in the way on stderr. */
const teller = ({ show, terminal, now }: Context): ((event: FollowEvent) => Promise<void>) => {
  const { format } = show
  if (format === 'csv' || format === 'id') {
    throw new MeanderError('USAGE', `--follow has no output format ${format}.`, {
      hint: 'Use -o table or -o ndjson.',
    })
  }
  const asObjects = format === 'json' || format === 'ndjson'
  return async (event) => {
    const at = now().toISOString()
    const { cleanJson } = await terminal.style()
    const done = event.event === 'published' || event.event === 'restored'
    if (asObjects) await terminal.write([`${cleanJson(JSON.stringify({ at, ...event }))}\n`])
    else if (done) await terminal.write([`${at} ${wordsOf(event)}\n`])
    if (event.event === 'following' && !asObjects) terminal.note(`${at} ${wordsOf(event)}`)
    else if (!done && event.event !== 'following') terminal.warn(`${at} ${wordsOf(event)}`)
  }
}

const wordsOf = ({ event, tokens, pending, message }: FollowEvent): string => {
  switch (event) {
    case 'following':
      return 'following: publishing what is blocked from now on'
    case 'published':
      return `published ${counted(tokens, 'access token')}, ${pending} pending`
    case 'restored':
      return `put back ${counted(tokens, 'access token')} that Redis had lost, ${pending} pending`
    case 'trouble':
      return `waiting: ${message}`
    case 'recovered':
      return `going on after: ${message}`
  }
}
