import { createHash, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { microsOf } from '../../../src/service/audit/exported-event.ts'
import { organizations, peopledDatabase } from '../../support/people.ts'
import { postgresAt } from '../../support/postgres.ts'
import { run } from '../../support/run.ts'
import { ownFolder } from '../../support/users.ts'

const server = postgresAt(inject('postgres'))
const folder = ownFolder()
const key = folder.path('signing.pem')
const checkpoint = folder.path('checkpoint.json')
let database: string

const formats = ['ndjson', 'json', 'csv'] as const
type Format = (typeof formats)[number]

/** The export of kari's whole record, twelve events, by form; its lines. */
const whole = {} as Record<Format, string[]>

const reasons = [
  "på sak 🚆 “\\'",
  '=HYPERLINK("http://x")',
  '@sum(a)',
  'אבד\u202egnihtyreve',
  'a\u2028b\u200bc\u{e0001}\u{1f3f4}',
  '"quoted", and more',
  "'=1",
  '\\u{202e} \\u202e \\\\',
  '{"a": 1}',
  'plain',
]

const exported = async (login: string, ...argv: string[]) => {
  const { code, stdout } = await run(server, database, login, ['audit', 'export', ...argv])
  expect(code).toBe(0)
  return stdout.trimEnd().split('\n')
}

beforeAll(async () => {
  database = await peopledDatabase(server)
  for (const [n, reason] of reasons.entries()) {
    if (n === 5) {
      const env = { MEANDERCTL_SIGNING_KEY_FILE: key }
      await run(server, database, 'kari', ['audit', 'checkpoint', '--generate-key'], { env })
      const { stdout } = await run(server, database, 'kari', ['audit', 'checkpoint'], { env })
      writeFileSync(checkpoint, stdout)
      continue
    }
    const argv = ['sessions', 'revoke', randomUUID(), '--reason', reason, '--yes', '--ticket', `T-${n % 3}`]
    expect((await run(server, database, 'kari', argv)).code).toBe(3)
  }
  // What no function of ours would write, with the escapes of jsonb: a hash covers it all the same.
  await server.query(
    `select meander.append_audit_events(array[row('${organizations.hlf}', 'test.kept', 'user', '', '', null, null, $1::jsonb)::meander.audit_event])`,
    [
      '{"a": 1.00, "b": 1e3, "c": "\\u0001\\n\\"\\\\u202e\\\\\u202e\u007f\u2028🚆", "1": [null, true, {}], "d": "x\\",\\"prevHash\\":\\"" }',
    ],
    database,
  )
  for (const format of formats) whole[format] = await exported('kari', '-o', format)
})
afterAll(folder.remove)

interface Result {
  readonly items: { organization: string; seq: number; lastSeq: number; fault: string; detail: string }[]
  readonly summary: { organizations: number; events: number; faults: number }
  readonly chains: { organization: string; coverage: string; events: number; anchoredSeq: number | null }[]
}

/** The answer over a file with these lines, without a database. */
const check = async (lines: readonly string[], ...argv: string[]) => {
  const path = folder.path(`${randomUUID()}.export`)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return checkFile(path, ...argv)
}
const checkFile = async (path: string, ...argv: string[]) => {
  const env = { DATABASE_URL: undefined }
  const ran = await run(
    server,
    database,
    'kari',
    ['audit', 'verify', '--export', path, ...argv, '-o', 'json'],
    { env },
  )
  return { ...ran, result: () => ran.json<Result>() }
}
/** What is found, each fault with its number. */
const found = async (lines: readonly string[], ...argv: string[]) => {
  const { code, stderr, result } = await check(lines, ...argv)
  expect([0, 7], stderr).toContain(code)
  const { items, summary } = result()
  expect(summary.faults).toBe(items.length)
  expect(code).toBe(items.length > 0 ? 7 : 0)
  return items.map(({ fault, seq, lastSeq }) => `${fault} ${seq === lastSeq ? seq : `${seq}-${lastSeq}`}`)
}

describe.each(formats)('an export as %s', (format) => {
  /** Lines before the first event. */
  const head = format === 'ndjson' ? 0 : 1
  const at = (seq: number) => head + seq - 1
  const changed = (seq: number, change: (line: string) => string) =>
    whole[format].map((line, n) => {
      if (n !== at(seq)) return line
      const other = change(line)
      expect(other).not.toBe(line)
      return other
    })
  const without = (...seqs: number[]) => whole[format].filter((_, n) => !seqs.map(at).includes(n))

  it('is whole, without a database', async () => {
    const { code, stderr, result } = await check(whole[format])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '13 events in 1 chain: whole and unaltered.\n' })
    expect(result()).toMatchObject({
      kind: 'AuditVerificationResult',
      items: [],
      summary: { organizations: 1, events: 13, faults: 0, matching: null },
      chains: [
        {
          organization: 'hlf',
          organizationId: organizations.hlf,
          firstSeq: 1,
          lastSeq: 13,
          coverage: 'whole',
          faults: 0,
        },
      ],
    })
  })

  it.each<[what: string, change: (line: string) => string]>([
    ['a reason', (line) => line.replace('plain', 'plane')],
    ['a ticket', (line) => line.replace('T-0', 'T-1')],
    ['the actor', (line) => line.replace('kari', 'kåri')],
    [
      'the time',
      (line) => line.replace(/\.(\d{5})(\d)Z/, (_, five, one) => `.${five}${(Number(one) + 1) % 10}Z`),
    ],
    ['the target', (line) => line.replace(/session(["],.*?|,)([0-9a-f]{8})/, 'session$100000000')],
    ['the details', (line) => line.replace('MC404', 'MC403')],
    ['the previous hash', (line) => line.replace(/[0-9a-f]{64}/, 'a'.repeat(64))],
    [
      'the hash',
      (line) => line.replace(/[0-9a-f](?=[",]+(organizationId":")?1111)/, (x) => (x === '0' ? '1' : '0')),
    ],
    ['the organization’s name', (line) => line.replace('hlf', 'nhf')],
  ])('with %s changed', async (_, change) => {
    expect(await found(changed(12, change))).toEqual(['altered 12'])
  })

  it('with a line lost, doubled, moved or broken', async () => {
    expect(await found(without(5))).toEqual(['missing 5'])
    expect(await found(without(3, 4, 8))).toEqual(['missing 3-4', 'missing 8'])
    expect(await found(without(1))).toEqual(['missing 1'])
    expect(await found(without(13))).toEqual(['truncated 13'])
    const line = (seq: number) => whole[format][at(seq)] ?? ''
    expect(await found(whole[format].toSpliced(at(6), 0, line(6)))).toEqual(['duplicate 6'])
    expect(await found(without(6).toSpliced(at(4), 0, line(6)))).toEqual([
      'missing 4-5',
      'outOfOrder 4',
      'outOfOrder 5',
    ])
    expect(await found(changed(6, (text) => text.slice(0, -9)))).toEqual(['damaged 6', 'missing 6'])
    expect(await found(changed(6, (text) => `${text}x`))).toEqual(['damaged 6', 'missing 6'])
  })

  it('that was cut', async () => {
    expect(await found(whole[format].slice(0, -1))).toEqual(['truncated 14'])
    expect(await found(whole[format].slice(0, at(8)))).toEqual(['truncated 8'])
    expect(await found([...whole[format].slice(0, at(8)), whole[format][at(8)]?.slice(0, 40) ?? ''])).toEqual(
      ['damaged 8', 'truncated 8'],
    )
  })

  it('whose proof was changed', async () => {
    const proof = (from: string | RegExp, to: string) => {
      const lines = [...whole[format]]
      const last = lines.pop() ?? ''
      expect(last.replace(from, to)).not.toBe(last)
      return [...lines, last.replace(from, to)]
    }
    const q = format === 'csv' ? '""' : '"'
    expect(await found(proof(/events(""?):13/, 'events$1:12'))).toEqual(['missing 1-13'])
    expect(await found(proof(/digest(""?):(""?)[0-9a-f]{64}/, `digest$1:$2${'0'.repeat(64)}`))).toEqual([
      'altered 1-13',
    ])
    expect(await found(proof(/lastSeq(""?):13/, 'lastSeq$1:15'))).toEqual(['truncated 14-15'])
    expect(await found(proof(/lastSeq(""?):13/, 'lastSeq$1:11'))).toEqual(['head 12-13'])
    expect(await found(proof(/seq(""?):13/, 'seq$1:20'))).toEqual(['truncated 14-20'])
    expect(await found(proof('hlf', 'nhf'))).toEqual(['altered 1-13'])
    expect(await found(proof(/events(""?):13/, `events$1:13,${q}x${q}:1`))).toEqual([
      'damaged 14',
      'truncated 14',
    ])
  })

  it('of a part is a chain, and says what it does not cover', async () => {
    const part = await exported('kari', '-o', format, '--after', '4', '--limit', '5')
    const { code, stderr, result } = await check(part)
    expect(code).toBe(0)
    expect(stderr).toBe(
      '5 events in 1 chain: unaltered.\nWhat comes before or behind a part of a chain is not in this file.\n',
    )
    expect(result().chains).toMatchObject([{ firstSeq: 5, lastSeq: 9, coverage: 'part' }])
    expect(await found(part.toSpliced(head, 1))).toEqual(['missing 5'])
    expect(await found(part.toSpliced(head + 2, 1))).toEqual(['missing 7'])
    expect(await found(part.toSpliced(head + 4, 1))).toEqual(['truncated 9'])
    expect(await found(await exported('kari', '-o', format, '--after', '13'))).toEqual([])
    expect(
      await found(await exported('kari', '-o', format, '--since', '1h', '--until', '2999-01-01')),
    ).toEqual([])
  })

  it('of chosen events is checked event by event, and says so', async () => {
    const chosen = await exported('kari', '-o', format, '--ticket', 'T-0')
    const { code, stderr, result } = await check(chosen)
    expect(code).toBe(0)
    expect(stderr).toBe(
      '4 events in 1 chain: unaltered.\nA filter chose the events: that none of them was left out cannot be seen in this file.\n',
    )
    expect(result().chains).toMatchObject([{ firstSeq: 3, lastSeq: 12, coverage: 'events', events: 4 }])
    const line = (n: number) => chosen[head + n] ?? ''
    expect(await found(chosen.toSpliced(head + 1, 1))).toEqual(['missing 3-12'])
    expect(await found(chosen.toSpliced(head, 1))).toEqual(['missing 3-5'])
    expect(await found(chosen.toSpliced(head + 3, 1))).toEqual(['truncated 10-12'])
    expect(await found(chosen.toSpliced(head, 2, line(1), line(0)))).toEqual(['outOfOrder 3', 'missing 3-5'])
    expect(await found(chosen.toSpliced(head, 1, whole[format][at(4)] ?? ''))).toEqual([
      'foreign 4',
      'missing 3',
    ])
    expect(await found(chosen.toSpliced(head, 1, line(0).replace('T-0', 'T-1')))).toEqual([
      'altered 3',
      'foreign 3',
    ])
  })

  it('in sections, one behind the other, is one chain', async () => {
    const parts = [
      await exported('kari', '-o', format, '--limit', '5'),
      await exported('kari', '-o', format, '--after', '5', '--limit', '5'),
      await exported('kari', '-o', format, '--after', '10'),
    ] as const
    const { code, result } = await check(parts.flat())
    expect(code).toBe(0)
    expect(result()).toMatchObject({
      summary: { events: 13 },
      chains: [{ firstSeq: 1, lastSeq: 13, coverage: 'whole' }],
    })
    // One that was cut, and gone on with behind its last whole line.
    expect(
      await found([
        ...parts[0].slice(0, -1),
        ...(await exported('kari', '-o', format, '--after', '5')).slice(head),
      ]),
    ).toEqual([])
    expect(await found(parts[2].concat(parts[0]))).toEqual([])
    // Of chosen events nobody could say whether the first part was whole.
    const [one, two] = [
      await exported('kari', '-o', format, '--ticket', 'T-0', '--limit', '2'),
      await exported('kari', '-o', format, '--ticket', 'T-0', '--after', '6'),
    ]
    expect(await found(one.concat(two))).toEqual([])
    expect(await found(one.slice(0, -1).concat(two.slice(head)))).toEqual(['missing 3-12'])
  })

  it('of every organization', async () => {
    const all = await exported('admin', '-o', format)
    const { code, result } = await check(all)
    expect(code).toBe(0)
    expect(result().chains.map(({ organization, coverage }) => `${organization} ${coverage}`)).toEqual([
      'empty whole',
      'hlf whole',
      'nhf whole',
      'platform whole',
    ])
  })

  it('against what is kept elsewhere', async () => {
    const kept = ['--checkpoint', checkpoint, '--public-key', `${key}.pub`]
    const { code, result } = await check(whole[format], ...kept)
    expect(code).toBe(0)
    expect(result().chains).toMatchObject([{ anchoredSeq: 8 }])
    expect(await found(await exported('kari', '-o', format, '--after', '9'), ...kept)).toEqual([
      'unanchored 8',
    ])
    expect(await found(await exported('kari', '-o', format, '--limit', '3'), ...kept)).toEqual([
      'unanchored 8',
    ])
    expect(await found(await exported('nils', '-o', format), ...kept)).toEqual(['foreign 8'])
  })
})

it('a spreadsheet’s cell is what was checked, too', async () => {
  const at = whole.csv.findIndex((line) => line.includes('HYPERLINK'))
  const other = (whole.csv[at] ?? '').replace('HYPERLINK', 'HYPERLINE')
  expect(await found(whole.csv.with(at, other))).toEqual(['damaged 4', 'missing 4'])
})

/** The first events with another reason in event 4, every hash and the proof computed anew. */
const rewritten = (count: number): string[] => {
  const events = whole.ndjson.slice(0, -1).map((line) => JSON.parse(line))
  const raw = whole.ndjson.slice(0, -1).map((line) => /"details":(.*),"prevHash"/.exec(line)?.[1] ?? '')
  const int64 = (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(value)
    return bytes
  }
  const prefixed = (value: string | null) => {
    const length = Buffer.alloc(4, 0xff)
    if (value === null) return length
    length.writeUInt32BE(Buffer.byteLength(value))
    return Buffer.concat([length, Buffer.from(value)])
  }
  const proof = JSON.parse(whole.ndjson.at(-1) ?? '')
  const digest = createHash('sha256')
  let before = '0'.repeat(64)
  const forged = events.slice(0, count).map((event, n) => {
    const e = { ...event, reason: event.seq === 4 ? 'nothing to see' : event.reason, prevHash: before }
    const micros = BigInt(Date.parse(e.at)) * 1000n + BigInt(e.at.slice(23, 26))
    const texts = [
      e.actor,
      e.actorUserId,
      e.action,
      e.targetType,
      e.targetId,
      e.reason,
      e.ticket,
      e.requestId,
      raw[n],
    ]
    before = createHash('sha256')
      .update('meander.audit.1')
      .update(Buffer.from(e.prevHash, 'hex'))
      .update(Buffer.from(e.organizationId.replaceAll('-', ''), 'hex'))
      .update(int64(BigInt(e.seq)))
      .update(int64(micros))
      .update(Buffer.concat(texts.map(prefixed)))
      .digest('hex')
    digest.update(before, 'hex')
    const { prevHash: _, hash: __, organizationId: ___, details: ____, ...first } = e
    return `${JSON.stringify(first).slice(0, -1)},"details":${raw[n]},"prevHash":"${e.prevHash}","hash":"${before}","organizationId":"${e.organizationId}"}`
  })
  const [told] = proof.organizations
  const organizations_ = [{ ...told, events: count, lastSeq: count, head: { seq: count, hash: before } }]
  return [
    ...forged,
    JSON.stringify({ ...proof, events: count, digest: digest.digest('hex'), organizations: organizations_ }),
  ]
}

it('an edit whose hashes were computed anew is found by the checkpoint', async () => {
  // The last one's details are written otherwise than they are stored, so the chain is taken up to the one before.
  const lines = rewritten(12)
  expect(await found(lines)).toEqual([])
  expect(await found(lines, '--checkpoint', checkpoint, '--public-key', `${key}.pub`)).toEqual([
    'rewritten 8',
  ])
})

/** Of edits that leave every hash as it is, and of proofs that were written anew with them. */
describe('what was checked is what is read', () => {
  it.each(formats)('a quotation mark behind an escape ends no text (%s)', async (format) => {
    const at = whole[format].findIndex((line) => line.includes('test.kept'))
    const quoted = (text: string) => (format === 'csv' ? text.replaceAll('"', '""') : text)
    // To whoever parses it, d would be gone: a part of the text of c.
    const other = (whole[format][at] ?? '').replace(
      quoted('🚆", "d": "x'),
      '🚆\\u0022, \\u0022d\\u0022: \\u0022x',
    )
    expect(other).not.toBe(whole[format][at])
    expect(await found(whole[format].with(at, other))).toEqual(['altered 13'])
  })

  it('a day that is in no calendar is no moment', async () => {
    const moved = (line: string) => line.replace(/("at":"\d{4}-\d\d-\d\dT)\d\d:/, '$124:')
    const line = whole.ndjson[3] ?? ''
    expect(moved(line)).not.toBe(line)
    expect(await found(whole.ndjson.with(3, moved(line)))).toEqual(['altered 4'])
    expect(microsOf('2026-02-28T23:59:59.000001Z')).toBe(1_772_323_199_000_001)
    for (const none of ['2026-02-30T10:00:00.000000Z', '2026-02-27T24:00:00.000000Z'])
      expect(microsOf(none)).toBeNull()
  })

  it('a column has its own name', async () => {
    const [head = '', ...rows] = whole.csv
    const swapped = head.replace('actor,actorUserId', 'actorUserId,actor')
    expect((await check([swapped, ...rows])).code).toBe(2)
  })

  it('an export of no organization is none', async () => {
    const proof = JSON.parse(whole.ndjson.at(-1) ?? '')
    const digest = createHash('sha256').digest('hex')
    const nobody = JSON.stringify({ ...proof, events: 0, digest, organizations: [] })
    expect(await found([nobody])).toEqual(['damaged 1', 'truncated 1'])
  })

  it('parts that leave something out between them are not the whole', async () => {
    const [first, last] = [
      await exported('kari', '--limit', '4'),
      await exported('kari', '--after', '6'),
    ] as const
    for (const lines of [first.concat(last), whole.ndjson.concat(last), whole.ndjson.concat(whole.ndjson)]) {
      const { code, stderr, result } = await check(lines)
      expect({ code, coverage: result().chains[0]?.coverage }).toEqual({ code: 0, coverage: 'parts' })
      expect(stderr).toContain('Parts that do not follow each other are checked each by itself')
    }
  })

  it('a checkpoint is asked of every section', async () => {
    const kept = ['--checkpoint', checkpoint, '--public-key', `${key}.pub`]
    const other = rewritten(12)
    expect(await found(other)).toEqual([])
    expect(await found(whole.ndjson.concat(other), ...kept)).toEqual(['rewritten 8'])
  })

  it('a tail that the proof was rewritten to leave out is missed by a checkpoint from before the export', async () => {
    const env = { MEANDERCTL_SIGNING_KEY_FILE: key }
    const copy = await server.cloneDatabase(database)
    const { stdout } = await run(server, copy, 'kari', ['audit', 'checkpoint'], { env })
    const later = folder.path('later.json')
    writeFileSync(later, stdout)
    const kept = ['--checkpoint', checkpoint, later, '--public-key', `${key}.pub`]
    // Made before the later checkpoint: it cannot have what that one knows.
    expect(await found(whole.ndjson, ...kept)).toEqual([])
    const { stdout: all } = await run(server, copy, 'kari', ['audit', 'export'])
    const lines = all.trimEnd().split('\n')
    expect(await found(lines, ...kept)).toEqual([])
    const proof = JSON.parse(lines.at(-1) ?? '')
    const { exportedAt } = proof
    const cut = JSON.stringify({ ...JSON.parse(whole.ndjson.at(-1) ?? ''), exportedAt })
    expect(await found([...lines.slice(0, 13), cut], ...kept)).toEqual(['truncated 14'])
  })
})

describe('what is no export', () => {
  it.each<[what: string, lines: string[]]>([
    ['a list', ['{"id":"1"}', '{"id":"2"}']],
    ['a CSV of something else', ['email,reason', 'a@b,c']],
    ['prose', ['Dear auditor,', 'all is well']],
    ['JSON in another layout', ['[', '{"organization":"hlf"}', ']']],
  ])('%s is 2', async (_, lines) => {
    const { code, stdout } = await check(lines)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('an empty file is 3, one that is not there 2, a folder 2', async () => {
    writeFileSync(folder.path('empty'), '')
    expect((await checkFile(folder.path('empty'))).error()).toMatchObject({ code: 'NOT_FOUND' })
    expect((await checkFile(folder.path('nowhere'))).error()).toMatchObject({ code: 'USAGE' })
    expect((await checkFile(folder.path('.'))).error()).toMatchObject({ code: 'USAGE' })
  })

  it('an option that means nothing here is 2', async () => {
    for (const option of ['--org', '--reason']) {
      expect((await check(whole.ndjson, option, 'hlf')).code).toBe(2)
    }
  })

  it('a filter counts, and hides nothing', async () => {
    const { result } = await check(whole.ndjson, '--ticket', 'T-0')
    expect(result().summary).toEqual({ organizations: 1, events: 13, faults: 0, matching: 4 })
    expect(await found(whole.ndjson.toSpliced(4, 1), '--ticket', 'T-0')).toEqual(['missing 5'])
  })

  it('MEANDERCTL_ORG, which may be set for other commands, changes nothing', async () => {
    const path = folder.path('whole.ndjson')
    writeFileSync(path, `${whole.ndjson.join('\r\n')}\r\n`)
    const env = { DATABASE_URL: undefined, MEANDERCTL_ORG: 'nhf' }
    const { code, stdout } = await run(server, database, 'kari', ['audit', 'verify', '--export', path], {
      env,
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ORGANIZATION +EVENTS +FROM +TO +RECORD\nhlf +13 +1 +13 +whole\n$/)
  })
})
