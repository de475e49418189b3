import type { Comparison } from '../comparison.ts'
import { ratio } from '../measure.ts'
import { bareNode, tool } from '../processes.ts'

export const startUp: Comparison = {
  name: 'start-up',
  about: '--version and --help against node -e 0',
  run: async ({ turns }) => {
    const [node, version, help] = await turns([bareNode, tool(['--version']), tool(['--help'])] as const, {
      rounds: 41,
      warmUp: 2,
    })
    return [
      ratio('--version : node -e 0', version, node, { atMost: 1.6 }),
      ratio('--help : node -e 0', help, node, { atMost: 1.6 }),
    ]
  },
}
