import { password } from '../../support/as-login.ts'
import { organizations } from '../../support/people.ts'
import { pageOf, pageOfAll } from '../by-hand.ts'
import type { Comparison } from '../comparison.ts'
import { large } from '../data/stage.ts'
import { ratio, type Subject } from '../measure.ts'
import { bareNode, ran, tool } from '../processes.ts'
import { asking, call, operator } from './asking.ts'

export const firstPage: Comparison = {
  name: 'first-page',
  about: 'sessions list: the process against node and psql, the function against bare SQL',
  run: async (bench) => {
    const { postgres, psql, turns } = bench
    const plain = {
      PGHOST: postgres.host,
      PGPORT: String(postgres.port),
      PGDATABASE: large,
      PGUSER: 'kari',
      PGPASSWORD: password,
    }
    const ways = {
      SCRAM: { ...plain, PGSSLMODE: 'disable' },
      'SCRAM over verified TLS': {
        ...plain,
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: postgres.certificates?.ca ?? '',
      },
    }
    const figures = []
    for (const [way, env] of Object.entries(ways)) {
      const byHand: Subject = {
        name: 'node -e 0, then psql with the same query',
        run: async () => {
          await bareNode.run()
          await ran([psql, '-X', '-q', '-c', call], { env })
        },
      }
      const [hand, list] = await turns([byHand, tool(['sessions', 'list'], { env })] as const, {
        rounds: 31,
        warmUp: 2,
      })
      const target = { atMost: env.PGSSLMODE === 'disable' ? 2.2 : 2.5 }
      figures.push(ratio(`sessions list, whole process, ${way} : node -e 0 and psql`, list, hand, target))
    }

    const owner = await bench.connect('postgres')
    const kari = await operator(bench, 'kari')
    const gro = await operator(bench, 'gro')
    const rounds = { rounds: 101, warmUp: 10 }
    const [oneByHand, one] = await turns(
      [
        asking('bare SQL, hlf', owner, pageOf(organizations.hlf), 50),
        asking('list_sessions, hlf', kari, call, 50),
      ] as const,
      rounds,
    )
    const [allByHand, all] = await turns(
      [
        asking('bare SQL, 200 organizations', owner, pageOfAll, 50),
        asking('list_sessions, 200 organizations', gro, call, 50),
      ] as const,
      rounds,
    )
    figures.push(
      ratio('first page of one organization, in the server : bare SQL', one, oneByHand, { atMost: 1.4 }),
      ratio('first page of 200 organizations, in the server : bare SQL', all, allByHand, { atMost: 1.4 }),
    )
    return figures
  },
}
