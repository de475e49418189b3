import { describe, expect, it } from 'vitest'
import { packagesLoadedBy } from './meanderctl.ts'

/** Start-up is a feature: what a command does not use, it does not load. A new name here costs every start. */
describe('packages loaded', () => {
  it.each([
    [['--version'], 0, ['commander']],
    [['--help'], 0, ['commander']],
    [['sessions', '--help'], 0, ['commander']],
    [['sessions', 'list', '--help'], 0, ['commander']],
    [['sessions', 'revoke', '--help'], 0, ['commander']],
    [['sessions', 'list', '--no-such-option'], 2, ['commander']],
  ])('meanderctl %j', async (args, exitCode, packages) => {
    const loaded = await packagesLoadedBy(args)
    expect(loaded.ended).toMatchObject({ exitCode })
    expect(loaded.packages).toEqual(packages)
  })
})
