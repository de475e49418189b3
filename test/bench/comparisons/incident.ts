import assert from 'node:assert/strict'
import { type Ended, meanderctl } from '../../e2e/meanderctl.ts'
import { organizations } from '../../support/people.ts'
import type { Comparison } from '../comparison.ts'
import { large } from '../data/stage.ts'
import { figure, median, type Subject } from '../measure.ts'
import { bareNode } from '../processes.ts'

const address = '203.0.113.66'
const ticket = ['--ticket', 'INC-42']
const thieves = 20

/** Twenty people signed in from one address by the same strange program. */
const planted = `
with users as (
  select id, organization_id from meander.users where organization_id = '${organizations.hlf}' and email = any ($1)
),
stolen as (
  insert into meander.sessions (user_id, organization_id, kind, device_type, device_name, user_agent, ip, expires_at)
  select id, organization_id, 'mobile', 'phone', 'Nobody’s phone', 'curl/8.9 (stolen)', '${address}', now() + interval '60 days'
  from users
  returning id, organization_id
)
insert into meander.refresh_tokens (session_id, organization_id, token_hash, access_jti, access_expires_at)
select id, organization_id, sha256(uuid_send(gen_random_uuid())), gen_random_uuid(), now() + interval '14 minutes' from stolen`

export const incident: Comparison = {
  name: 'incident',
  about: 'trace from any fact, and an incident in five commands, in milliseconds beyond the start of node',
  run: async (bench) => {
    const { people, postgres, scale, turns } = bench
    // Who leaves is somebody else.
    const emails = Array.from({ length: thieves }, (_, n) => `member${people.leavers + n}@hlf.example`)
    await postgres.query(planted, [emails], large)
    const env = bench.env('kari')
    const answered = async (args: readonly string[], input = ''): Promise<Ended> => {
      const ended = await meanderctl(args, { env, input })
      assert.equal(ended.exitCode, 0, ended.stderr)
      return ended
    }
    const { stdout } = await answered(['trace', address, '-o', 'json'])
    const { item } = JSON.parse(stdout)
    assert.equal(item.counts.matches, thieves)
    const [session] = item.sessions
    const facts: readonly string[] = [
      ...[address, '203.0.113.0/24', session.id, item.chain[0].id, item.chain[0].jti, session.userId],
      ...[session.userEmail, '(stolen)', 'Nobody’s phone', item.sessions.at(-1).id],
    ]
    const traced = (fact: string): Subject => ({
      name: `trace ${fact}`,
      run: () => answered(['trace', fact, '-o', 'json']),
    })
    const [node, ...traces] = await turns([bareNode, ...facts.map(traced)] as const, { rounds: 5, warmUp: 1 })
    const start = median(node.times)

    let users: string[] = []
    let ids = ''
    const steps: readonly Subject[] = [
      {
        name: 'trace',
        run: async () => {
          const found = JSON.parse((await answered(['trace', address, ...ticket, '-o', 'json'])).stdout).item
          users = found.users.map(({ email }: { email: string }) => email)
          ids = found.usableSessions.join('\n')
        },
      },
      {
        name: 'sessions revoke',
        run: () =>
          answered(['sessions', 'revoke', '--from', '-', '--yes', ...ticket, '--reason', 'token theft'], ids),
      },
      { name: 'users verify', run: () => answered(['users', 'verify', ...ticket, ...users]) },
      {
        name: 'trace again',
        run: async () => {
          assert.match((await answered(['trace', address, ...ticket])).stdout, /nothing any more/)
        },
      },
      {
        name: 'audit timeline',
        run: async () => {
          const page = await answered(['audit', 'timeline', ...ticket, '-o', 'html'])
          assert.equal(page.stdout.match(/<li>/g)?.length, ids.split('\n').length)
        },
      },
    ]
    // An incident happens once.
    const acts = await turns(steps, { rounds: 1 })
    const slowest = (all: readonly { readonly times: readonly number[] }[]) =>
      all.map(({ times }) => median(times) - start)
    const most = (what: string, numbers: readonly number[]) =>
      figure(
        `${what} among ${scale.sessions} sessions, the slowest`,
        'ms',
        numbers,
        { atMost: 1000 },
        Math.max(...numbers),
      )
    return [
      most('trace of ten kinds of fact', slowest(traces)),
      most('an incident in five commands', slowest(acts)),
    ]
  },
}
