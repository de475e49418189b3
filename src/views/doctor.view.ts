import type { Check, CheckState, Setup } from '../service/doctor/doctor.ts'
import type { Tone, View } from './view.ts'

const tones: Readonly<Record<CheckState, Tone>> = {
  ok: 'good',
  warning: 'warn',
  finding: 'bad',
  'not checked': 'dim',
}

/** One thing that was looked at. */
export const checkView: View<Check> = {
  kind: 'Check',
  noun: ['check', 'checks'],
  columns: [
    { key: 'name', value: (c) => c.name, cell: { header: 'check' } },
    { key: 'state', value: (c) => c.state, cell: { header: 'state', tone: ({ state }) => tones[state] } },
    { key: 'expected', value: (c) => c.expected, cell: { header: 'expected', wide: true } },
    { key: 'actual', value: (c) => c.actual, cell: { header: 'actual', shrink: 1 } },
    { key: 'fix', value: (c) => c.fix, cell: { header: 'fix', wide: true } },
  ],
  id: (c) => c.name,
}

/** What is to be mended, in full: a terminal cuts the table of all checks to its width. */
export const mendView: View<Check> = {
  ...checkView,
  columns: [
    { key: 'name', value: (c) => c.name, cell: { header: 'check' } },
    { key: 'actual', value: (c) => c.actual, cell: { header: 'actual', tone: ({ state }) => tones[state] } },
    { key: 'fix', value: (c) => c.fix, cell: { header: 'fix' } },
  ],
}

/** One setting in force. */
export const settingView: View<Setup['settings'][number]> = {
  kind: 'Setting',
  noun: ['setting', 'settings'],
  columns: [
    { key: 'name', value: (s) => s.name, cell: { header: 'setting' } },
    { key: 'value', value: (s) => s.value, cell: { header: 'value', shrink: 1 } },
    { key: 'source', value: (s) => s.source, cell: { header: 'source' } },
  ],
  id: (s) => s.name,
}
