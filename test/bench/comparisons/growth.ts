import assert from 'node:assert/strict'
import type { Comparison } from '../comparison.ts'
import { large, small } from '../data/stage.ts'
import { ratio, type Subject } from '../measure.ts'
import { asking, call, operator } from './asking.ts'

export const growth: Comparison = {
  name: 'growth',
  about: 'a first page, and one revocation, here against 10,000 sessions',
  run: async (bench) => {
    const { turns, leavers, scale } = bench
    const figures = []
    for (const [what, login, rows] of [
      ['an organization', 'kari', 50],
      ['200 organizations', 'gro', 50],
      ['an empty organization', 'eva', 0],
    ] as const) {
      const pair = [
        asking(`${what}, 10000`, await operator(bench, login, small), call, rows),
        asking(`${what}, ${scale.sessions}`, await operator(bench, login), call, rows),
      ] as const
      const [few, many] = await turns(pair, { rounds: 101, warmUp: 10 })
      figures.push(ratio(`first page of ${what}, all sessions : 10,000`, many, few, { atMost: 2 }))
    }
    const revoking = async (database: string, sessions: number): Promise<Subject> => {
      const client = await bench.connect('kari', { database })
      let left: string[] = []
      return {
        name: `revoke one session, ${sessions}`,
        prepare: async () => {
          if (left.length === 0) left = (await leavers(database, 1)).flatMap(({ sessions }) => sessions)
        },
        run: async () => {
          const { rows } = await client.query(
            "select meander.revoke_sessions(array[$1::uuid], 'left', null, null) -> 'summary' ->> 'revoked' as revoked",
            [left.pop()],
          )
          assert.equal(rows[0].revoked, '1')
        },
      }
    }
    const pair = [await revoking(small, 10_000), await revoking(large, scale.sessions)] as const
    const [few, many] = await turns(pair, { rounds: 101, warmUp: 10 })
    figures.push(ratio('revoke one session, all sessions : 10,000', many, few, { atMost: 1.5 }))
    return figures
  },
}
