import { afterAll, beforeAll, describe, type ExpectStatic, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { postgresAt } from '../../support/postgres.ts'
import type { Keys } from '../../support/pty.ts'
import { pictureOf } from './picture.ts'
import { type Mode, type Scene, show } from './screen.ts'
import { makeWorld, sessionIds, type World } from './world.ts'

/** Every question as a person sees it, at each key; and Ctrl-C at the last of them. Nobody says yes: the world stays. */

const server = postgresAt(inject('postgres'))
const database = 'meander_asks'
let world: World

beforeAll(async () => {
  world = await makeWorld(server, database)
})
afterAll(() => world?.strike())

const down = '\u001b[B'
const interrupt = '\u0003'

/** The question whose answer ends a conversation. */
const no: Keys = { waitFor: '(y/N)', type: 'n\r' }
const noInWords: Keys = { waitFor: 'yes or no', type: 'no\r' }
const leaveAt = (waitFor: string): Keys => ({ waitFor, type: interrupt })

const why: readonly Keys[] = [
  { waitFor: 'Reason', type: 'lost bag\r' },
  { waitFor: 'Ticket', type: '\r' },
]
const whom = (letters: string, email: string): readonly Keys[] => [
  { waitFor: 'kari@', type: letters },
  { waitFor: `> ${email}`, type: '\r' },
]
const whomByLine = (letters: string): readonly Keys[] => [
  { waitFor: 'name:', type: `${letters}\r` },
  { waitFor: 'search again:', type: '1\r' },
]

interface Conversation {
  readonly argv: string
  /** What is typed up to the end where questions are drawn. */
  readonly keys: readonly Keys[]
  /** The same where they are asked line by line. */
  readonly lines: readonly Keys[]
  readonly login?: string
  readonly profile?: string
  readonly env?: Readonly<Record<string, string>>
}

const conversations: Record<string, Conversation> = {
  'ask-password': {
    argv: 'sessions list',
    keys: [leaveAt('Password of')],
    lines: [leaveAt('Password of')],
    env: { PGPASSWORD: '' },
  },
  'ask-revoke': {
    argv: 'sessions revoke',
    keys: [
      ...whom('mar', 'mari@'),
      { waitFor: 'submit', type: ` ${down} ` },
      { waitFor: '[x] Safari', type: '\r' },
      { waitFor: 'Reason', type: '\r' },
      { waitFor: 'required', type: 'lost bag\r' },
      { waitFor: 'Ticket', type: 'HELP-9\r' },
      no,
    ],
    lines: [
      { waitFor: 'name:', type: 'nobody at all\r' },
      ...whomByLine('mar'),
      { waitFor: 'or all:', type: '1 4\r' },
      { waitFor: 'or all:', type: '1, 2\r' },
      { waitFor: 'Reason', type: '\r' },
      { waitFor: 'required', type: 'lost bag\r' },
      { waitFor: 'Ticket', type: 'HELP-9\r' },
      { waitFor: 'yes or no', type: 'perhaps\r' },
      { waitFor: 'Please', type: '\r' },
    ],
  },
  'ask-revoke-organization': {
    argv: 'sessions revoke --org hlf --reason "key leaked"',
    keys: [{ waitFor: 'go on:', type: 'hl\r' }],
    lines: [{ waitFor: 'go on:', type: 'hl\r' }],
  },
  'ask-revoke-production': {
    argv: `sessions revoke ${sessionIds.phone} --reason "lost bag"`,
    keys: [no],
    lines: [noInWords],
    profile: 'prod',
  },
  'ask-show': {
    argv: 'sessions show',
    keys: [...whom('mar', 'mari@'), leaveAt('Which session of')],
    lines: [...whomByLine('mar'), leaveAt('from 1 to 4:')],
  },
  'ask-offboard': {
    argv: 'users offboard',
    keys: [...whom('ol', 'ola@'), ...why, no],
    lines: [...whomByLine('ol'), ...why, noInWords],
  },
  'ask-sign-out': {
    argv: 'users sign-out mari@hlf.example ola@hlf.example ada@hlf.example kari@hlf.example --reason x',
    keys: [no],
    lines: [noInWords],
  },
  'ask-reinstate': {
    argv: 'users reinstate',
    keys: [leaveAt('tor@hlf')],
    lines: [{ waitFor: 'name:', type: '\r' }, leaveAt('search again:')],
  },
  'ask-verify-nobody': {
    argv: 'users verify',
    keys: [{ waitFor: 'kari@', type: 'zzz' }, leaveAt('No results')],
    lines: [{ waitFor: 'name:', type: 'zzz\r' }, leaveAt('name:')],
  },
  'ask-sweep': { argv: 'sessions sweep --reason nightly', keys: [no], lines: [noInWords] },
  'ask-purge': {
    argv: 'sessions sweep --org nhf --reason yearly --purge-after 2d',
    keys: [no],
    lines: [noInWords],
    login: 'admin',
  },
  'ask-policy': {
    argv: 'sessions policy set --reason tighter',
    keys: [
      { waitFor: 'Idle timeout', type: 'soon\r' },
      { waitFor: 'looks like', type: '\u007f\u007f\u007f\u007f7d\r' },
      { waitFor: 'Absolute', type: '\r' },
      { waitFor: 'Longest', type: '\r' },
      no,
    ],
    lines: [
      { waitFor: 'Idle timeout', type: 'soon\r' },
      { waitFor: 'looks like', type: '7d\r' },
      { waitFor: 'Absolute', type: '\r' },
      { waitFor: 'Longest', type: '\r' },
      noInWords,
    ],
  },
  'ask-grant': {
    argv: 'grants create --reason "import fails"',
    keys: [{ waitFor: 'in full', type: 'gro@meander.example\r' }, { waitFor: 'how long', type: '8h\r' }, no],
    lines: [
      { waitFor: 'in full', type: 'gro@meander.example\r' },
      { waitFor: 'how long', type: '8h\r' },
      noInWords,
    ],
  },
  'ask-end-grant': {
    argv: 'grants revoke --reason over',
    keys: [{ waitFor: 'submit', type: ' ' }, { waitFor: '[x]', type: '\r' }, no],
    lines: [{ waitFor: 'or all:', type: 'all\r' }, noInWords],
  },
  'ask-disable': {
    argv: 'operators disable --reason "on leave"',
    keys: [{ waitFor: 'select', type: `${down}\r` }, no],
    lines: [{ waitFor: 'from 1 to 6:', type: '2\r' }, noInWords],
    login: 'admin',
  },
  'ask-remove': {
    argv: 'operators remove eva --reason "left"',
    keys: [no],
    lines: [noInWords],
    login: 'admin',
  },
  'ask-add-operator': {
    argv: 'operators add',
    keys: [{ waitFor: 'PostgreSQL login', type: 'stranger\r' }, leaveAt('which user')],
    lines: [{ waitFor: 'PostgreSQL login', type: 'stranger\r' }, leaveAt('which user')],
    login: 'admin',
  },
  'ask-forget-profile': {
    argv: 'profile remove prod',
    keys: [no],
    lines: [noInWords],
    profile: 'demo',
  },
}

/** The same up to its last question, which is left by Ctrl-C. */
const interrupted = (keys: readonly Keys[]): Keys[] =>
  keys.map((key, at) => (at === keys.length - 1 ? { ...key, type: interrupt } : key))
const upToLastKey = (text: string): string => text.slice(0, text.lastIndexOf('---- types'))

const golden = (name: string): string => `../../golden/screens/${name}.txt`

// One after the other within a conversation: a sweep's dry run leaves out what another one has in hand.
describe.each(Object.entries(conversations))('%s', { concurrent: true }, (name, conversation) => {
  const { login = 'kari', keys, lines, ...scene } = conversation
  /** Whatever was said, nothing may have happened. */
  const look = async (
    expect: ExpectStatic,
    how: Pick<Scene, 'columns' | 'keys'> & { mode?: Mode },
  ): Promise<string> => {
    const before = await everythingOf(server, database, 'hlf')
    const { text, ran } = await show(world, { ...scene, login, ...how })
    expect(ran.exitCode).toBe(9)
    expect(text.replace(/\s+/g, ' ')).toContain('nothing was changed')
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
    return text
  }

  /** In a terminal of the other sort, and left by Ctrl-C: the same up to there. */
  const leave = async (expect: ExpectStatic, keys: readonly Keys[], mode: Mode, expected: string) => {
    const text = await look(expect, { columns: 80, keys: interrupted(keys), mode })
    expect(text).toContain('Left unanswered: nothing was changed.')
    expect(upToLastKey(text)).toBe(upToLastKey(expected))
  }

  it.sequential.for([40, 200])('drawn at %i columns', async (columns, { expect }) => {
    const text = await look(expect, { columns, keys })
    await expect(text).toMatchFileSnapshot(golden(`${name}.${columns}`))
  })

  it.sequential('drawn at 80 columns, in colour and without', async ({ expect }) => {
    const text = await look(expect, { columns: 80, keys })
    await expect(text).toMatchFileSnapshot(golden(`${name}.80`))
    await leave(expect, keys, 'no colour', text)
  })

  it.sequential('line by line, for a screen reader and in a dumb terminal', async ({ expect }) => {
    const text = await look(expect, { columns: 80, keys: lines, mode: 'accessible' })
    await expect(text).toMatchFileSnapshot(golden(`${name}.accessible`))
    await leave(expect, lines, 'dumb', text)
  })
})

it('is in the README as it is: somebody ends what a lost phone has', async ({ expect }) => {
  const argv = 'sessions revoke --user mari@hlf.example --device iphone --reason "phone lost" --ticket HELP-9'
  const columns = 92
  const keys = [{ waitFor: '(y/N)', type: 'y\r' }]
  const { ran } = await show(world, { login: 'kari', argv, columns, keys, profile: 'prod' })
  expect(ran.exitCode).toBe(0)
  const typed = `$ meanderctl ${argv.replace(' --reason', ' \\\r\n    --reason')}\r\n`
  const seen = world.settled(ran.raw).replaceAll(database, 'meander')
  const picture = await pictureOf(`${typed}${seen}`, columns, 'A lost phone’s session is ended')
  await expect(picture).toMatchFileSnapshot('../../../docs/screenshot.svg')
})
