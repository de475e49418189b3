import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { organizations } from '../../support/people.ts'
import type { Comparison } from '../comparison.ts'
import { large } from '../data/stage.ts'
import { figure, median, ratio, type Series } from '../measure.ts'
import { ran, tool } from '../processes.ts'

/** How much of the other's rate: the other way round than times. */
const rate = (what: string, one: Series, other: Series, atLeast: number) =>
  ratio(what, other, one, { atLeast })

export const audit: Comparison = {
  name: 'audit',
  about: "audit verify and audit export against psql's COPY of the same events",
  run: async ({ env, postgres, psql, say, scale, scratch, turns }) => {
    // Enough that starting up does not count; all of ten million would only take longer.
    const part = Math.min(scale.events, 1_000_000)
    const at = (file: string) => join(scratch, file)
    const lines = (file: string) =>
      Number(execFileSync('wc', ['-l', at(file)], { encoding: 'utf8' }).split(' ')[0])
    const copy = (events: number) => ({
      name: `COPY of ${events} events`,
      run: () =>
        ran(
          [
            ...[psql, '-X', '-q', '-d', postgres.url('postgres', large), '-c'],
            `copy (select * from meander.audit_log where organization_id = '${organizations.nhf}' and seq <= ${events}
               order by seq) to stdout`,
          ],
          { env: { PGSSLMODE: 'disable' }, output: at('copy.tsv') },
        ),
      check: () => assert.equal(lines('copy.tsv'), events),
    })
    const peaks = { verify: [] as number[], export: [] as number[] }
    const run = (kind: keyof typeof peaks, args: string, output: string) =>
      tool(['audit', ...args.split(' ')], {
        env: env('nils'),
        output: at(output),
        peak: (megabytes) => peaks[kind].push(megabytes),
      })
    const [copiedPart, exported] = await turns(
      [
        copy(part),
        {
          ...run('export', `export --limit ${part}`, 'events.ndjson'),
          // And a first and a last line of proof.
          check: () => assert.ok(lines('events.ndjson') >= part),
        },
      ] as const,
      { rounds: 5, warmUp: 1 },
    )
    const [copied, verified] = await turns(
      [copy(scale.events), run('verify', 'verify', 'verify.txt')] as const,
      {
        rounds: 3,
      },
    )
    const perSecond = (events: number, { times }: Series) =>
      Math.round((events / median(times)) * 1000).toLocaleString('en-US')
    say(
      `${perSecond(scale.events, verified)} events a second verified, ${perSecond(part, exported)} exported`,
    )
    return [
      rate(`audit verify of ${scale.events} events, of COPY's rate`, verified, copied, 0.3),
      figure('memory of it', 'MB', peaks.verify, { atMost: 150 }),
      rate(`audit export of ${part} events, of COPY's rate`, exported, copiedPart, 0.4),
      figure('memory of it', 'MB', peaks.export, { atMost: 150 }),
    ]
  },
}
