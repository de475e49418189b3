import { describe, expect, it } from 'vitest'
import { relativeTime, timeText } from '../../../src/views/time.ts'

const now = new Date('2025-03-01T12:00:00Z')

describe('relative times', () => {
  it.each([
    ['2025-03-01T12:00:00Z', 'now'],
    ['2025-03-01T11:59:59.500Z', 'now'],
    ['2025-03-01T11:59:59Z', '1 s ago'],
    ['2025-03-01T11:59:01Z', '59 s ago'],
    ['2025-03-01T11:59:00Z', '1 min ago'],
    ['2025-03-01T11:56:01Z', '3 min ago'],
    ['2025-03-01T11:00:00Z', '1 h ago'],
    ['2025-02-27T12:00:01Z', '47 h ago'],
    ['2025-02-27T12:00:00Z', '2 d ago'],
    ['2024-12-31T12:00:00Z', '60 d ago'],
    ['2024-12-31T11:59:59Z', '2024-12-31'],
    ['2025-03-01T12:00:30.123456Z', 'in 30 s'],
    ['2025-03-01T14:59:00Z', 'in 2 h'],
    ['2026-03-01T14:59:00+05:00', '2026-03-01'],
    ['no time', 'no time'],
  ])('%s is %s', (moment, text) => {
    expect(relativeTime(moment, now)).toBe(text)
  })

  it('are for people; a pipe gets RFC 3339', () => {
    const moment = '2025-03-01T11:00:00.123456Z'
    expect(timeText(moment, { now, relative: true })).toBe('59 min ago')
    expect(timeText(moment, { now, relative: false })).toBe(moment)
    expect(timeText(new Date(moment), { now, relative: false })).toBe('2025-03-01T11:00:00.123Z')
    expect(timeText(null, { now, relative: true })).toBe('')
  })
})
