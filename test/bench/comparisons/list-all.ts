import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { activeSessions } from '../by-hand.ts'
import type { Comparison } from '../comparison.ts'
import { large } from '../data/stage.ts'
import { figure, ratio } from '../measure.ts'
import { ran, tool } from '../processes.ts'

export const listAll: Comparison = {
  name: 'list-all',
  about: "sessions list --all -o ndjson of every active session, against psql's COPY",
  run: async (bench) => {
    const { postgres, psql, scale, scratch, turns } = bench
    const active = scale.sessions / 5
    const [file, copied] = [join(scratch, 'sessions.ndjson'), join(scratch, 'sessions.tsv')]
    const lines = (path: string) =>
      Number(execFileSync('wc', ['-l', path], { encoding: 'utf8' }).split(' ')[0])
    const copy = (name: string, query: string) => ({
      name,
      run: () =>
        ran([psql, '-X', '-q', '-d', postgres.url('postgres', large), '-c', `copy (${query}) to stdout`], {
          env: { PGSSLMODE: 'disable' },
          output: copied,
        }),
      check: () => assert.equal(lines(copied), active),
    })
    const peaks: number[] = []
    const [sorted, unsorted, list] = await turns(
      [
        copy('COPY, newest first', `${activeSessions} order by s.last_activity_at desc, s.id`),
        copy('COPY, in no order', activeSessions),
        {
          ...tool(['sessions', 'list', '--all', '-o', 'ndjson'], {
            env: bench.env('gro'),
            output: file,
            peak: (megabytes) => peaks.push(megabytes),
          }),
          check: () => assert.equal(lines(file), active),
        },
      ] as const,
      { rounds: 3 },
    )
    return [
      ratio(`sessions list --all -o ndjson of ${active} : COPY of the same`, list, sorted, { atMost: 1.8 }),
      ratio('the same : COPY in no order', list, unsorted),
      figure('memory of it', 'MB', peaks, { atMost: 150 }),
    ]
  },
}
