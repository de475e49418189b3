import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { everythingOf } from '../../support/bystanders.ts'
import { postgresAt } from '../../support/postgres.ts'
import type { Keys } from '../../support/pty.ts'
import { pictureOf } from './picture.ts'
import { type Scene, show } from './screen.ts'
import { makeWorld, sessionIds, type World } from './world.ts'

/** Every question as a person sees it, at each key; and Ctrl-C at each of them. Nobody says yes: the world stays. */

const server = postgresAt(inject('postgres'))
const database = 'meander_asks'
let world: World

beforeAll(async () => {
  world = await makeWorld(server, database)
})
afterAll(() => world?.strike())

const down = '\u001b[B'
const no: Keys = { waitFor: '(y/N)', type: 'n\r' }
const why: Keys[] = [
  { waitFor: 'Reason', type: 'lost bag\r' },
  { waitFor: 'Ticket', type: '\r' },
]
const whom = (letters: string, email: string): Keys[] => [
  { waitFor: 'kari@', type: letters },
  { waitFor: `> ${email}`, type: '\r' },
]

/** What is typed, up to the last question. */
const conversations: Record<string, { argv: string; keys: Keys[]; login?: string; profile?: string }> = {
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
  },
  'ask-revoke-organization': {
    argv: 'sessions revoke --org hlf --reason "key leaked"',
    keys: [{ waitFor: 'Type hlf', type: 'hl\r' }],
  },
  'ask-revoke-production': {
    argv: `sessions revoke ${sessionIds.phone} --reason "lost bag"`,
    keys: [no],
    profile: 'prod',
  },
  'ask-show': {
    argv: 'sessions show',
    keys: [...whom('mar', 'mari@'), { waitFor: 'Which session of', type: '\u0003' }],
  },
  'ask-offboard': { argv: 'users offboard', keys: [...whom('ol', 'ola@'), ...why, no] },
  'ask-sign-out': {
    argv: 'users sign-out mari@hlf.example ola@hlf.example ada@hlf.example kari@hlf.example --reason x',
    keys: [no],
  },
  'ask-reinstate': { argv: 'users reinstate', keys: [{ waitFor: 'tor@hlf', type: '\u0003' }] },
  'ask-verify-nobody': {
    argv: 'users verify',
    keys: [
      { waitFor: 'kari@', type: 'zzz' },
      { waitFor: 'No results', type: '\u0003' },
    ],
  },
  'ask-sweep': { argv: 'sessions sweep --reason nightly', keys: [no] },
  'ask-purge': {
    argv: 'sessions sweep --org nhf --reason yearly --purge-after 2d',
    keys: [no],
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
  },
  'ask-grant': {
    argv: 'grants create --reason "import fails"',
    keys: [
      { waitFor: 'in full', type: 'gro@meander.example\r' },
      { waitFor: 'how long', type: '8h\r' },

      no,
    ],
  },
  'ask-end-grant': {
    argv: 'grants revoke --reason over',
    keys: [
      { waitFor: 'submit', type: ' ' },
      { waitFor: '[x]', type: '\r' },

      no,
    ],
  },
  'ask-disable': {
    argv: 'operators disable --reason "on leave"',
    keys: [{ waitFor: 'select', type: `${down}\r` }, no],
    login: 'admin',
  },
  'ask-remove': { argv: 'operators remove eva --reason "left"', keys: [no], login: 'admin' },
  'ask-add-operator': {
    argv: 'operators add',
    keys: [
      { waitFor: 'Which PostgreSQL login', type: 'stranger\r' },
      { waitFor: 'which user', type: '\u0003' },
    ],
    login: 'admin',
  },
  'ask-forget-profile': { argv: 'profile remove prod', keys: [no], profile: 'demo' },
}

/** The ones that show how a question is laid out. */
const narrowAndWide = ['ask-revoke', 'ask-offboard', 'ask-revoke-production']

const scene = (name: string): Omit<Scene, 'columns'> => {
  const { login = 'kari', ...rest } = conversations[name] ?? { argv: '', keys: [] }
  return { login, ...rest }
}

describe.each(Object.keys(conversations))('%s', { concurrent: true }, (name) => {
  const widths = narrowAndWide.includes(name) ? [40, 80, 200] : [80]
  it.for(widths)('at %i columns', async (columns, { expect }) => {
    const before = await everythingOf(server, database, 'hlf')
    const { text, ran } = await show(world, { ...scene(name), columns })
    await expect(text).toMatchFileSnapshot(`../../golden/screens/${name}.${columns}.txt`)
    expect(ran.exitCode).toBe(9)
    expect(text.replace(/\s+/g, ' ')).toContain('nothing was changed')
    expect(await everythingOf(server, database, 'hlf')).toBe(before)
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
