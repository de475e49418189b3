import { it } from 'vitest'
import { bareNode, tool } from './processes.ts'
import { compare, expectTargets } from './ratio.ts'

it('starts almost as fast as node itself', async () => {
  expectTargets(await compare('start-up', [bareNode, tool(['--version'], 1.6), tool(['--help'], 1.6)]))
})
