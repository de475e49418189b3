import assert from 'node:assert/strict'
import type pg from 'pg'
import { organizations } from '../../support/people.ts'
import { counts } from '../by-hand.ts'
import type { Comparison } from '../comparison.ts'
import { ratio, type Subject } from '../measure.ts'

export const stats: Comparison = {
  name: 'stats',
  about: 'sessions stats against bare SQL',
  run: async (bench) => {
    const { connect, scale, turns } = bench
    const [owner, kari, gro] = await Promise.all([connect('postgres'), connect('kari'), connect('gro')])
    await gro.query("select meander.record_intent(null, 'session_stats', '{}', 'bench', null)")
    const byHand = (where: string): Subject => ({ name: 'bare SQL', run: () => owner.query(counts(where)) })
    const counted = (client: pg.Client, active: number): Subject => ({
      name: `session_stats of ${active} active`,
      run: async () => {
        const { rows } = await client.query("select meander.session_stats('{}') as stats")
        const groups: Record<string, string | number>[] = rows[0].stats.groups
        const sum = groups
          .filter(({ dimension, value }) => dimension === 'state' && value === 'active')
          .reduce((total, { sessions }) => total + Number(sessions), 0)
        assert.equal(sum, active)
      },
    })
    const { rows } = await owner.query(
      `select count(*)::integer as own from meander.sessions
       where organization_id = $1 and revoked_at is null and expires_at > now()`,
      [organizations.hlf],
    )
    const rounds = { rounds: 5, warmUp: 1 }
    const [allByHand, all] = await turns([byHand(''), counted(gro, scale.sessions / 5)] as const, rounds)
    const one = `and s.organization_id = '${organizations.hlf}'`
    const [oneByHand, own] = await turns([byHand(one), counted(kari, rows[0].own)] as const, rounds)
    return [
      ratio(`sessions stats over ${scale.sessions / 5} active : bare SQL`, all, allByHand, { atMost: 1.3 }),
      ratio(`sessions stats over ${rows[0].own} of one organization : bare SQL`, own, oneByHand, {
        atMost: 1.3,
      }),
    ]
  },
}
