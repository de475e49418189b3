import type { SessionStats, StatsGroup } from '../service/sessions/sessions.ts'
import { timeText } from './time.ts'
import type { Metric, View } from './view.ts'

/** Sums over all organizations within reach. */
export interface StatsTotals {
  readonly active: number
  readonly expired: number
  readonly revokedLastDay: number
}

const sumOf = (groups: readonly StatsGroup[]): number =>
  groups.reduce((sum, { sessions }) => sum + sessions, 0)

const totalsOf = ({ groups }: SessionStats): StatsTotals => {
  const of = (state: string) =>
    sumOf(groups.filter(({ dimension, value }) => dimension === 'state' && value === state))
  return { active: of('active'), expired: of('expired'), revokedLastDay: of('revoked in 24h') }
}

/** The totals for a person, everything for a program. */
export const sessionStatsView: View<SessionStats> = {
  kind: 'SessionStats',
  noun: ['statistic', 'statistics'],
  columns: [
    { key: 'at', value: (s) => s.at, cell: { header: 'counted', text: (s, at) => timeText(s.at, at) } },
    { key: 'active', value: (s) => totalsOf(s).active, cell: { header: 'active' } },
    {
      key: 'revokedLastDay',
      value: (s) => totalsOf(s).revokedLastDay,
      cell: { header: 'revoked in the last 24 h' },
    },
    { key: 'expired', value: (s) => totalsOf(s).expired, cell: { header: 'expired' } },
    { key: 'state', value: (s) => s.state, cell: { header: 'below: sessions in state' } },
    { key: 'groups', value: (s) => s.groups },
  ],
  id: (s) => s.at,
}

/** One group a line, for spreadsheets and scripts. */
export const statsGroupView: View<StatsGroup> = {
  kind: 'SessionStatsGroup',
  noun: ['group', 'groups'],
  columns: [
    { key: 'organization', value: (g) => g.organization, cell: { header: 'organization' } },
    { key: 'dimension', value: (g) => g.dimension, cell: { header: 'by' } },
    { key: 'value', value: (g) => g.value, cell: { header: 'value' } },
    { key: 'sessions', value: (g) => g.sessions, cell: { header: 'sessions', align: 'right' } },
  ],
  id: (g) => g.value,
}

/** A line of a person's table: how many, and how long that is beside the others. */
export interface Bar {
  readonly label: string
  readonly sessions: number
  /** Of the longest of its table, from 0 to 1. */
  readonly length: number
}

/** The block that is `eighths` of a column wide. */
const eighth = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const longest = 60

const drawn = (length: number, room: number): string => {
  const eighths = Math.round(length * Math.min(room, longest) * 8)
  const text = `${'█'.repeat(Math.floor(eighths / 8))}${eighth[eighths % 8]}`
  return text === '' && length > 0 ? '▏' : text
}

/** Columns that the number takes, with the gaps on both sides. */
const numberWidth = 12

/**
 * The bars are for the eye alone: whoever has the numbers read out gets a table without them.
 * @param width of the terminal; null draws none.
 */
export const barView = (bars: readonly Bar[], width: number | null): View<Bar> => ({
  kind: 'Bar',
  noun: ['group', 'groups'],
  columns: [
    { key: 'value', value: (b) => b.label, cell: { header: 'value', shrink: 1 } },
    { key: 'sessions', value: (b) => b.sessions, cell: { header: 'sessions', align: 'right' } },
    ...(width === null ? [] : [barColumn(width - numberWidth - widest(bars))]),
  ],
  id: (b) => b.label,
})

const barColumn = (room: number) => ({
  key: 'bar',
  value: ({ length }: Bar) => drawn(length, Math.max(room, 1)),
  cell: { header: ' ', shrink: 2 },
})

/** Labels are ours but for reasons, which give way to nothing wider than the header of a line. */
const widest = (bars: readonly Bar[]): number => Math.max(5, ...bars.map(({ label }) => label.length))

const headings: readonly [StatsGroup['dimension'], string][] = [
  ['kind', 'By kind'],
  ['deviceType', 'By device type'],
  ['age', 'By age'],
  ['idle', 'By time since the last activity'],
  ['reason', 'Revoked in the last 24 h, by reason'],
]
const shownBars = 12

/** What a person looks at: the groups of all organizations added up, a heading for each. */
export const barsOf = ({ groups }: SessionStats): { heading: string; bars: Bar[] }[] => {
  const organizations = new Set(groups.map(({ organization }) => organization))
  const kinds = groups.filter(({ dimension }) => dimension === 'kind')
  const byOrganization = { heading: 'By organization', bars: bars(kinds, ({ organization }) => organization) }
  return [
    ...(organizations.size > 1 ? [byOrganization] : []),
    ...headings.map(([dimension, heading]) => ({
      heading,
      bars: bars(
        groups.filter((group) => group.dimension === dimension),
        ({ value }) => value,
        dimension === 'age' || dimension === 'idle',
      ),
    })),
  ]
}

/** Added up by label: the most first, or in the order in which they come. */
const bars = (
  groups: readonly StatsGroup[],
  labelOf: (group: StatsGroup) => string,
  inOrder = false,
): Bar[] => {
  const sums = new Map<string, number>()
  for (const group of groups) sums.set(labelOf(group), (sums.get(labelOf(group)) ?? 0) + group.sessions)
  const most = Math.max(1, ...sums.values())
  const all = [...sums].map(([label, sessions]) => ({ label, sessions, length: sessions / most }))
  if (inOrder) return all
  const sorted = all
    .filter(({ sessions }) => sessions > 0)
    .sort((one, other) => other.sessions - one.sessions)
  const [shown, rest] = [sorted.slice(0, shownBars), sorted.slice(shownBars)]
  const sessions = rest.reduce((sum, bar) => sum + bar.sessions, 0)
  return rest.length === 0
    ? shown
    : [...shown, { label: `${rest.length} more`, sessions, length: sessions / most }]
}

/** For a monitoring system; every series says its organization, so that several files can lie side by side. */
export const metricsOf = ({ state, groups }: SessionStats): Metric[] => {
  const metric = (
    name: string,
    help: string,
    dimension: StatsGroup['dimension'],
    labels: (group: StatsGroup) => Record<string, string>,
  ): Metric => ({
    name,
    help,
    samples: groups
      .filter((group) => group.dimension === dimension)
      .map((group) => ({
        labels: { organization: group.organization, ...labels(group) },
        value: group.sessions,
      })),
  })
  const states = metric(
    'meander_sessions',
    'Sessions by state; expired: not swept yet.',
    'state',
    ({ value }) => ({
      state: value,
    }),
  )
  const recent = 'revoked in 24h'
  return [
    { ...states, samples: states.samples.filter(({ labels }) => labels.state !== recent) },
    {
      name: 'meander_sessions_revoked_last_day',
      help: 'Sessions that were revoked in the last 24 hours.',
      samples: states.samples
        .filter(({ labels }) => labels.state === recent)
        .map(({ labels: { organization = '' }, value }) => ({ labels: { organization }, value })),
    },
    metric(
      'meander_sessions_revoked_last_day_by_reason',
      'Sessions that were revoked in the last 24 hours, by reason.',
      'reason',
      ({ value }) => ({ reason: value }),
    ),
    metric('meander_sessions_by_kind', 'Sessions by kind.', 'kind', ({ value }) => ({ state, kind: value })),
    metric('meander_sessions_by_device_type', 'Sessions by device type.', 'deviceType', ({ value }) => ({
      state,
      device_type: value,
    })),
    metric('meander_sessions_by_age', 'Sessions by time since the login.', 'age', ({ value }) => ({
      state,
      age: value,
    })),
    metric('meander_sessions_by_idle', 'Sessions by time since the last activity.', 'idle', ({ value }) => ({
      state,
      idle: value,
    })),
  ]
}
