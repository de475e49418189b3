/** A moment as the database or the tool gave it: text is RFC 3339 already. */
export type Moment = Date | string

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** `3 min ago`, `in 2 h`; what is further away than 60 days is its date. */
export const relativeTime = (moment: Moment, now: Date): string => {
  const date = new Date(moment)
  const seconds = Math.trunc((date.getTime() - now.getTime()) / 1000)
  const far = Math.abs(seconds)
  if (Number.isNaN(far)) return String(moment)
  if (far > 60 * day) return date.toISOString().slice(0, 10)
  if (far < 1) return 'now'
  const [unit, name] =
    far < minute ? [1, 's'] : far < hour ? [minute, 'min'] : far < 2 * day ? [hour, 'h'] : [day, 'd']
  const amount = `${Math.trunc(far / unit)} ${name}`
  return seconds < 0 ? `${amount} ago` : `in ${amount}`
}

/** A table's time: relative for a person, RFC 3339 in UTC for a pipe, nothing for nothing. */
export const timeText = (
  moment: Moment | null,
  { now, relative }: { now: Date; relative: boolean },
): string => {
  if (moment === null) return ''
  if (relative) return relativeTime(moment, now)
  return typeof moment === 'string' ? moment : moment.toISOString()
}

/** `0 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`: the two largest units. */
export const durationText = (seconds: number): string => {
  const whole = Math.round(seconds)
  const parts = [
    [Math.trunc(whole / day), 'd'],
    [Math.trunc((whole % day) / hour), 'h'],
    [Math.trunc((whole % hour) / minute), 'min'],
    [whole % minute, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first < 0) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ')
}
