import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { postgresAt } from '../../support/postgres.ts'
import { show } from './screen.ts'
import { grantIds, makeWorld, sessionIds, type World } from './world.ts'

/** Every answer as a person sees it. A golden file is one screen: look at the ones that a change rewrites. */

const server = postgresAt(inject('postgres'))
let world: World

beforeAll(async () => {
  world = await makeWorld(server, 'meander')
})
afterAll(() => world?.strike())

const every = [40, 80, 200]
const usual = [80]

type Answer = [name: string, argv: string, widths: readonly number[], login?: string]

const answers: Answer[] = [
  ['sessions-list', 'sessions list', every],
  ['sessions-list-any', 'sessions list --state any --sort created', usual],
  ['sessions-list-wide', 'sessions list --user mari@hlf.example -o wide', [200]],
  ['sessions-show', `sessions show ${sessionIds.phone}`, [40, 80]],
  ['sessions-stats', 'sessions stats', every],
  ['sessions-policy', 'sessions policy show', usual],
  ['users-list', 'users list', every],
  ['users-show', 'users show mari@hlf.example', usual],
  ['users-verify', 'users verify mari@hlf.example liv@hlf.example', every],
  ['grants-list', 'grants list --state any', every],
  ['grants-show', `grants show ${grantIds.live}`, usual],
  ['audit-list', 'audit list', every],
  ['audit-verify', 'audit verify', usual],
  ['audit-timeline', 'audit timeline --ticket HELP-7', [80, 200]],
  ['trace', 'trace 198.51.100.23', every],
  ['whoami', 'whoami', every],
  ['whoami-staff', 'whoami', usual, 'gro'],
  ['doctor', 'doctor', [80]],
  ['blocklist-status', 'blocklist status', [80], 'admin'],
  ['operators-list', 'operators list', usual, 'admin'],
  ['revoke-dry-run', `sessions revoke ${sessionIds.phone} ${sessionIds.gone} --dry-run`, usual],
  ['offboard-dry-run', 'users offboard mari@hlf.example ola@hlf.example --dry-run', usual],
  ['sweep-dry-run', 'sessions sweep --dry-run', usual],
  ['plan', "sessions revoke --user mari@hlf.example --reason 'key leaked' --plan ~/mari.plan", usual],
  ['schema', 'schema', usual],
  ['profile-list', 'profile list', usual],
  ['help-revoke', 'sessions revoke --help', [40]],
  ['error-unknown-verb', 'sessions lst', usual],
  ['error-value', 'sessions list --state gone', [40, 80]],
  ['error-unknown-user', 'users show nobody@hlf.example', usual],
  ['error-foreign-session', 'sessions show 55555555-0000-4000-8000-000000000011', usual],
  ['error-login', 'whoami', usual, 'nobody'],
  ['error-refused', 'users offboard kari@hlf.example --reason x --yes', usual],
  ['error-too-many', 'sessions revoke --org hlf --reason x --yes --max-affected 3', usual],
]

const golden = (name: string, columns: number): string => `../../golden/screens/${name}.${columns}.txt`

// One after the other within a command: a sweep's dry run leaves out what another one has in hand.
describe.each(answers)('%s', { concurrent: true }, (...answer) => {
  const [name, argv, widths, login = 'kari'] = answer
  it.sequential.for([...widths])('at %i columns', async (columns, { expect }) => {
    const { text } = await show(world, { login, argv, columns })
    await expect(text).toMatchFileSnapshot(golden(name, columns))
  })

  // It shows the environment too, in which the modes are told.
  it.skipIf(name === 'doctor').sequential(
    'says the same without colour, and where nothing may be drawn',
    async ({ expect }) => {
      const columns = widths.includes(80) ? 80 : (widths[0] ?? 80)
      const plain = await show(world, { login, argv, columns, mode: 'no colour' })
      await expect(plain.text).toMatchFileSnapshot(golden(name, columns))
      const read = await show(world, { login, argv, columns, mode: 'accessible' })
      // Bars are for the eye alone.
      // A slow machine is told how far it is.
      const said = read.text.replace(/^(?:Checking|.+: \d+ of \d+ \(\d+ %\)).*\n/gm, '')
      const bars = name === 'sessions-stats' ? / {2}(?:[█-▏]+|-)$/gm : /[█-▏]/g
      expect(said).toBe(plain.text.replace(bars, ''))
    },
  )
})
