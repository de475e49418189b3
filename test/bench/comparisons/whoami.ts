import { password } from '../../support/as-login.ts'
import type { Comparison } from '../comparison.ts'
import { large } from '../data/stage.ts'
import { ratio } from '../measure.ts'
import { bareNode, tool } from '../processes.ts'

export const whoami: Comparison = {
  name: 'whoami',
  about: 'whoami over verified TLS and SCRAM against node -e 0',
  run: async ({ postgres, turns }) => {
    const env = {
      PGHOST: postgres.host,
      PGPORT: String(postgres.port),
      PGDATABASE: large,
      PGUSER: 'kari',
      PGPASSWORD: password,
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: postgres.certificates?.ca ?? '',
    }
    const [node, asked] = await turns([bareNode, tool(['whoami'], { env })] as const, {
      rounds: 21,
      warmUp: 2,
    })
    return [ratio('whoami over verified TLS and SCRAM : node -e 0', asked, node, { atMost: 5 })]
  },
}
