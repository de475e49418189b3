import { devices, firstNames, iphone, lastNames, networks, organizations } from './people.ts'
import { hashOf, lostPhoneOwner } from './phone.ts'

type Rows = Record<string, unknown>[]

const [minute, hour, day] = [60, 3600, 86_400]
const sessionCount = 600

/** mulberry32: the same people and devices in every store, so that a guide can name them. */
const randomFrom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), seed | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

const emailOf = (name: string, slug: string): string => {
  const local = name.toLowerCase().replaceAll('å', 'a').replaceAll('ø', 'o').replaceAll('æ', 'ae')
  return `${local.replaceAll(' ', '.')}@${slug}.example`
}

/** Everything that a store starts with, as rows of its tables. */
export const invent = (now: number) => {
  const random = randomFrom(2026)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString()
  const uuid = (): string =>
    'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replaceAll('x', () => below(16).toString(16))

  const orgs = organizations.map(({ slug, name }) => ({
    id: uuid(),
    slug,
    name,
    created_at: ago(1500 * day),
  }))
  const settings = organizations.map(({ idle, lifetime }, index) => ({
    organization_id: orgs[index]?.id,
    idle_timeout: idle,
    absolute_lifetime: lifetime,
    updated_at: ago(400 * day),
  }))

  const person = (organization_id: string | null, display_name: string, email: string, role: string) => ({
    id: uuid(),
    organization_id,
    email,
    display_name,
    role,
    status: 'active',
    created_at: ago((200 + below(900)) * day),
  })
  const [hlf] = orgs
  const owner = person(hlf?.id ?? null, lostPhoneOwner.name, lostPhoneOwner.email, 'peer_mentor')
  const named = [
    owner,
    person(hlf?.id ?? null, 'Kari Haugen', 'kari@hlf.example', 'org_admin'),
    person(null, 'Gro Lunde', 'gro@meander.example', 'global_admin'),
  ]
  const others = organizations.flatMap(({ slug, users }, index) =>
    Array.from({ length: users }, (_, n) => {
      // Every pair of names once in an organization; each organization starts somewhere else.
      const first = firstNames[(n + index * 7) % firstNames.length]
      const last = lastNames[(n * 5 + Math.floor(n / lastNames.length) + index * 3) % lastNames.length]
      const role = n < 1 ? 'org_admin' : n < 4 ? 'coordinator' : n < 12 ? 'peer_mentor' : 'member'
      const name = `${first} ${last}`
      return person(orgs[index]?.id ?? null, name, emailOf(name, slug), role)
    }),
  )

  const sessions: Rows = []
  const tokens: Rows = []
  const signedIn = (
    user: typeof owner,
    device: (typeof devices)[number],
    age: number,
    idle: number,
    rotations: number,
  ): void => {
    const id = uuid()
    const { organization_id } = user
    sessions.push({
      id,
      user_id: user.id,
      organization_id,
      kind: device.kind,
      device_type: device.type,
      device_name: device.name,
      user_agent: device.agent,
      ip: `${pick(networks)}${1 + below(254)}`,
      created_at: ago(age),
      last_activity_at: ago(idle),
      expires_at: ago(age - (device.kind === 'portal' ? 12 * hour : 120 * day)),
    })
    if (device.kind === 'portal') return
    // An app refreshes when its access token has a minute left.
    for (let left = rotations, parent_id: string | null = null; left >= 0; left--) {
      const token = uuid()
      const at = idle + left * 14 * minute
      tokens.push({
        id: token,
        session_id: id,
        organization_id,
        parent_id,
        token_hash: hashOf(token),
        access_jti: uuid(),
        created_at: ago(at),
        access_expires_at: ago(at - 15 * minute),
        rotated_at: left > 0 ? ago(at - 14 * minute) : null,
      })
      parent_id = token
    }
  }
  signedIn(owner, iphone, 23 * day, 4 * minute, 6)
  signedIn(owner, pick(devices.filter(({ kind }) => kind === 'portal')), 3 * hour, 25 * minute, 0)
  while (sessions.length < sessionCount) {
    const device = pick(devices)
    // Squared, so that most are young; a portal is open for a working day, an app for months.
    const age = Math.ceil((device.kind === 'portal' ? 16 * hour : 180 * day) * random() ** 2) + hour
    // As many within the last hour as between a day and a month ago.
    const idle = Math.min(age - hour, Math.ceil(minute * ((40 * day) / minute) ** random()))
    signedIn(pick(others), device, age, idle, below(4))
  }
  return { organizations: orgs, settings, users: [...named, ...others], sessions, tokens }
}
