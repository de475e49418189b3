import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { Timeline, TimelineStep } from '../../../src/service/audit/audit.ts'
import { type NamedSessions, seedNamed } from '../../support/named-sessions.ts'
import { emailOf, people, peopledDatabase, seedGrant } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { type RunOptions, run } from '../../support/run.ts'

const server = postgresAt(inject('postgres'))
const redis = inject('redis').url
const hostile = '<script>alert("x")</script> & \u202e =cmd'
let database: string
let s: NamedSessions<'one' | 'two' | 'three' | 'mari' | 'nils'>

const go = (login: string, argv: readonly string[], options?: RunOptions) =>
  run(server, database, login, argv, { redis, ...options })
const timeline = (login: string, ...argv: string[]) => go(login, ['audit', 'timeline', ...argv])
const done = async (login: string, ...argv: string[]): Promise<void> => {
  const { code, stderr } = await go(login, argv)
  expect(code, stderr).toBe(0)
}
const incident = ['--ticket', 'INC-42']

/** Two commands of kari and one of gro, who was let in; a ticket of the same name elsewhere, and an act without one. */
beforeAll(async () => {
  database = await peopledDatabase(server)
  s = await seedNamed(server, database, {
    one: { person: 'ola' },
    two: { person: 'ola' },
    three: { person: 'liv' },
    mari: { person: 'mari', chain: 2 },
    nils: { person: 'nils' },
  })
  await done('kari', 'sessions', 'revoke', s.id.one, s.id.two, '--reason', hostile, '--yes', ...incident)
  await done('kari', 'sessions', 'revoke', s.id.three, '--reason', 'routine', '--yes')
  await seedGrant(server, database, 'gro', 'hlf')
  await done('gro', 'sessions', 'list', '--reason', 'looking', ...incident)
  await done('kari', 'users', 'offboard', emailOf('mari'), '--reason', 'stolen', '--yes', ...incident)
  await done('nils', 'sessions', 'revoke', s.id.nils, '--reason', 'mine', '--yes', ...incident)
})

describe('a whole incident', () => {
  it('comes in order, across commands and operators, with what lies between', async () => {
    const ran = await timeline('kari', ...incident, '-o', 'json')
    expect(ran.code).toBe(0)
    const { kind, item } = ran.json<{ kind: string; item: Timeline }>()
    expect(kind).toBe('Timeline')
    expect(item).toMatchObject({
      selector: { ticket: 'INC-42' },
      events: 4,
      organizations: ['hlf'],
      operators: ['gro', 'kari'],
    })
    expect(
      item.steps.map(({ actor, action, function: called, events }) => [actor, action, called, events]),
    ).toEqual([
      ['kari', 'session.revoked', null, 2],
      ['gro', 'intent.recorded', 'list_sessions', 1],
      ['kari', 'user.offboarded', null, 1],
    ])
    const [first, second, third] = item.steps as [TimelineStep, TimelineStep, TimelineStep]
    expect([...first.targetIds].sort()).toEqual([s.id.one, s.id.two].sort())
    expect(first).toMatchObject({
      organization: 'hlf',
      targetType: 'session',
      reason: hostile,
      sincePreviousSeconds: null,
      sinceStartSeconds: 0,
      sums: { refreshTokensRevoked: 2, accessTokensBlocked: 2 },
    })
    expect(third).toMatchObject({ targetIds: [people.mari.id], reason: 'stolen', fromSeq: third.toSeq })
    // Seconds as the record has them.
    const ms = (from: string, to: string) => Date.parse(to) - Date.parse(from)
    expect(second.sincePreviousSeconds).toBe(ms(first.endedAt, second.startedAt) / 1000)
    expect(third.sinceStartSeconds).toBe(ms(first.startedAt, third.startedAt) / 1000)
    expect(item.durationSeconds).toBe(third.sinceStartSeconds)
    expect(item.durationSeconds).toBeGreaterThan(0)
    const record = await go('kari', ['audit', 'list', '--limit', '1', ...incident, '-o', 'json'])
    const [newest] = record.json<{ items: { seq: number; hash: string }[] }>().items
    expect(item.heads).toEqual([{ organization: 'hlf', seq: newest?.seq, hash: newest?.hash }])
    expect(ran.stdout).not.toContain(s.id.nils)
  })

  it('is a table for a person, moments in full, and says its length', async () => {
    const ran = await timeline('kari', ...incident)
    expect(ran.stdout.split('\n')[0]).toMatch(/^WHEN \(UTC\) +AFTER +IN ALL +ACTOR +ACTION +TARGET +REASON$/)
    expect(ran.stdout).toContain('2 sessions')
    expect(ran.stdout).toContain('intent.recorded list_sessions')
    expect(ran.stdout).toContain('\\u{202e}')
    expect(ran.stderr).toMatch(
      /^4 events in 3 steps by gro, kari, from 20\d\d-\S+ \S+ to 20\d\d-\S+ \S+ \(UTC\): \d+ s\.\n$/,
    )
    expect((await timeline('kari', ...incident, '-o', 'id')).stdout.split('\n')).toHaveLength(4)
    expect((await timeline('kari', ...incident, '-o', 'csv')).stdout.split('\n')[0]).toContain(
      'startedAt,endedAt',
    )
  })

  it('a filtered one says so; one of everything is refused, one of nothing is empty', async () => {
    const ran = await timeline('kari', ...incident, '--actor', 'kari', '--since', '1h')
    expect(ran.stderr).toContain('Filtered by --since, --actor: what else happened is not among it.')
    expect(ran.stdout).not.toContain('gro')
    for (const argv of [[], ['--org', 'hlf']]) {
      expect((await timeline('kari', ...argv)).code).toBe(2)
    }
    expect(await timeline('kari', '--ticket', 'INC-43')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No event matches.\n',
    })
    expect((await timeline('kari', ...incident, '--org', 'nhf')).code).toBe(3)
  })

  it('a pause of more than a minute begins another step', async () => {
    const own = await server.cloneDatabase(database)
    await server.query(
      `set session_replication_role = replica;
       update meander.audit_log set at = at - interval '61 seconds'
       where (organization_id, seq) in (select a.organization_id, min(a.seq) from meander.audit_log a
         where a.ticket = 'INC-42' group by a.organization_id)`,
      [],
      own,
    )
    const ran = await run(server, own, 'kari', ['audit', 'timeline', ...incident, '-o', 'json'])
    const { steps } = ran.json<{ item: Timeline }>().item
    expect(steps.map(({ events }) => events)).toEqual([1, 1, 1, 1])
    expect(steps[1]?.sincePreviousSeconds).toBeGreaterThanOrEqual(61)
  })

  it('an administrator sees every organization, a global admin leaves the look on the record', async () => {
    const all = await timeline('admin', ...incident, '-o', 'json')
    expect(all.json<{ item: Timeline }>().item.organizations).toEqual(['hlf', 'nhf'])
    const own = await server.cloneDatabase(database)
    const ran = await run(server, own, 'gro', ['audit', 'timeline', ...incident, '-o', 'json'])
    expect(ran.json<{ item: Timeline }>().item.steps.at(-1)).toMatchObject({
      actor: 'gro',
      action: 'intent.recorded',
      function: 'list_audit_events',
      ticket: 'INC-42',
    })
    expect((await timeline('siv', ...incident, '-o', 'json')).json<{ item: Timeline }>().item.events).toBe(0)
    expect((await timeline('stranger', ...incident)).code).toBe(4)
  })
})

describe('-o html', () => {
  /** The elements of a page in order; fails where one is not closed. */
  const elements = (page: string): { name: string; attributes: string }[] => {
    const empty = ['meta', '!doctype']
    const open: string[] = []
    const found: { name: string; attributes: string }[] = []
    for (const [, slash, name = '', attributes = ''] of page.matchAll(/<(\/?)([a-z0-9!]+)([^>]*)>/gi)) {
      const lower = name.toLowerCase()
      if (slash) expect(open.pop(), `</${name}>`).toBe(lower)
      else {
        found.push({ name: lower, attributes })
        if (!empty.includes(lower)) open.push(lower)
      }
    }
    expect(open).toEqual([])
    return found
  }

  it('is one page without script or anything from outside, and hostile text stays text', async () => {
    const { stdout: page, code } = await timeline('kari', ...incident, '-o', 'html')
    expect(code).toBe(0)
    const found = elements(page)
    const names = found.map(({ name }) => name)
    expect(names).not.toEqual(expect.arrayContaining(['script']))
    for (const name of ['script', 'img', 'link', 'iframe', 'object', 'svg', 'form', 'base']) {
      expect(names).not.toContain(name)
    }
    const targets = found.flatMap(({ attributes }) =>
      [...attributes.matchAll(/\s(?:href|src|action|on\w+)="([^"]*)"/g)].map(([, to]) => to),
    )
    expect(targets).toEqual(['#step-1', '#step-2', '#step-3'])
    for (const to of targets) expect(page).toContain(`id="${to?.slice(1)}"`)
    expect(page).not.toMatch(/url\(|@import|https?:/)
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; \\u{202e} =cmd')
    expect(page).toContain("default-src 'none'")
  })

  it('can be read aloud and printed', async () => {
    const { stdout: page } = await timeline('kari', ...incident, '--actor', 'kari', '-o', 'html')
    const found = elements(page)
    expect(found.find(({ name }) => name === 'html')?.attributes).toContain('lang="en"')
    expect(found.filter(({ name }) => /^h\d$/.test(name)).map(({ name }) => name)).toEqual([
      ...['h1', 'h2', 'h2', 'h2', 'h3', 'h3', 'h2'],
    ])
    const cells = found.filter(({ name }) => name === 'th')
    expect(cells).toHaveLength(10 + 2)
    for (const { attributes } of cells) expect(attributes).toMatch(/scope="(col|row)"/)
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['caption', 'thead', 'main', 'title', 'time']),
    )
    expect(page).toContain('@media print')
    // Every colour of text stands out from every background of this page by 7 or more.
    const shades = (property: string) =>
      [...page.matchAll(new RegExp(`[{;\\s]${property}: (#[0-9a-f]{3,6})`, 'g'))].map(([, hex = '']) =>
        luminance(hex),
      )
    expect(shades('color').length * shades('background').length).toBeGreaterThan(1)
    for (const dark of shades('color')) {
      for (const light of shades('background')) expect((light + 0.05) / (dark + 0.05)).toBeGreaterThan(7)
    }
    expect(page).toContain('<strong>Filtered:</strong>')
    for (const id of [s.id.one, s.id.two, people.mari.id]) expect(page).toContain(`<li>${id}</li>`)
  })

  it('of nothing says so, and is for timelines alone', async () => {
    const { stdout } = await timeline('kari', '--ticket', 'INC-43', '-o', 'html')
    elements(stdout)
    expect(stdout).toContain('No event matches.')
    expect(await go('kari', ['sessions', 'list', '-o', 'html'])).toMatchObject({ code: 2, stdout: '' })
    expect((await timeline('kari', ...incident, '-o', 'html', '--columns', 'actor')).code).toBe(2)
  })
})

/** Relative luminance, as the accessibility guidelines reckon it. */
const luminance = (hex: string): number => {
  const full = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join('') : hex.slice(1)
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const share = Number.parseInt(full.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
