import { startProxy } from '../../support/tcp-proxy.ts'
import type { Comparison } from '../comparison.ts'
import { median, ratio, takeTurns } from '../measure.ts'
import { leaving, offboardAtOnce, offboardOneByOne } from './offboard.ts'

export const remote: Comparison = {
  name: 'remote',
  about: 'off-boarding through a round trip of 2.5 ms against one transaction per user',
  run: async (bench) => {
    const proxy = await startProxy(bench.postgres)
    proxy.delay = 1.25
    const kari = await bench.connect('kari', { port: proxy.port })
    const left = leaving(bench)
    const [trip] = await takeTurns([{ name: 'select 1', run: () => kari.query('select 1') }] as const, {
      rounds: 51,
    })
    bench.say(`a round trip takes ${median(trip.times).toFixed(2)} ms`)
    const [atOnce, serial] = await bench.turns(
      [
        left('offboard_users', 0.2, async (users) => void (await offboardAtOnce(kari, users))),
        left('one transaction per user', 0.02, (users) => offboardOneByOne(kari, users)),
      ] as const,
      { rounds: 3 },
    )
    await proxy.close()
    const what = `one transaction per user : off-boarding, at ${median(trip.times).toFixed(1)} ms round trip`
    return [ratio(what, serial, atOnce, { atLeast: 10 })]
  },
}
