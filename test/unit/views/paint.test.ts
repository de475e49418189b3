import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import type { PaintOptions } from '../../../src/views/paint/options.ts'
import { paintItem, paintList, paintResult } from '../../../src/views/paint/paint.ts'
import type { View } from '../../../src/views/view.ts'
import { options, phones, phoneView, textOf } from './sample.ts'

type Over = Partial<PaintOptions> & { colour?: boolean; nextCursor?: string | null }

const list = async (over: Over = {}, rows = phones): Promise<string> =>
  textOf(paintList(phoneView, rows, { ...(await options(over)), nextCursor: over.nextCursor ?? null }))

describe('a table at a terminal', () => {
  it('becomes sheets where 40 columns cannot hold it', async () => {
    expect(await list({ decorated: true, width: 40 })).toMatchInlineSnapshot(`
      "id          11111111
      owner       Åse Ødegård
                  <ase@hlf.example>
      sessions    2
      last seen   3 min ago
      state       active
      user agent  Mozilla/5.0 (iPhone; CPU
                  iPhone OS 18_1 like Mac OS
                  X)

      id          22222222
      owner       =漢字 शांति\\u{202e}
      sessions    11
      last seen   -
      state       revoked
      user agent  curl/8.5.0\\u{d}

      id          33333333
      owner       -
      sessions    0
      last seen   in 2 h
      state       active
      user agent  -
      "
    `)
  })

  it('fits 80 columns, what matters least giving way first', async () => {
    const text = await list({ decorated: true, width: 80 })
    expect(text).toMatchInlineSnapshot(`
      "ID        OWNER                         SESSIONS  LAST SEEN  STATE    USER AGENT
      11111111  Åse Ødegård <ase@hlf.exampl…         2  3 min ago  active   Mozilla/5…
      22222222  =漢字 शांति\\u{202e}                  11  -          revoked  curl/8.5.…
      33333333  -                                    0  in 2 h     active   -
      "
    `)
    expect(Math.max(...text.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(80)
  })

  it('uses 200 columns', async () => {
    expect(await list({ decorated: true, width: 200 })).toMatchInlineSnapshot(`
      "ID        OWNER                          SESSIONS  LAST SEEN  STATE    USER AGENT
      11111111  Åse Ødegård <ase@hlf.example>         2  3 min ago  active   Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)
      22222222  =漢字 शांति\\u{202e}                   11  -          revoked  curl/8.5.0\\u{d}
      33333333  -                                     0  in 2 h     active   -
      "
    `)
  })

  it('has colour on top, which moves nothing', async () => {
    const plain = await list({ decorated: true, width: 80 })
    const coloured = await list({ decorated: true, width: 80, colour: true })
    expect(coloured).toContain('\u001b[38;5;28mactive\u001b[39m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    expect(coloured.replace(/\u001b\[[\d;]*m/g, '')).toBe(plain)
  })

  it.each([40, 60, 80, 120, 200])('is never wider than %d columns, whatever it holds', async (width) => {
    const agents = ['漢', 'a\u0301', 'ป่า', '👍🏽', 'x'].map((text) => text.repeat(300))
    const rows = agents.map((agent) => ({ ...phones[0], agent, owner: agent }) as (typeof phones)[number])
    const columns = ['id', 'agent']
    for (const line of (await list({ decorated: true, width, columns }, rows)).split('\n')) {
      expect(stringWidth(line)).toBeLessThanOrEqual(width)
      expect(line === '' || stringWidth(line) > width - 3 || line.startsWith('ID')).toBe(true)
    }
  })

  it('aligns what follows a wide or a combining character', async () => {
    const owners = ['plain', '漢字', 'ह शांति', 'שָׁלוֹם', 'สวัสดี', '👍🏽', '한국', 'é']
    const rows = owners.map((owner) => ({ ...phones[0], owner }) as (typeof phones)[number])
    const text = await list({ decorated: true, width: 80, columns: ['owner', 'state'] }, rows)
    const starts = text
      .trimEnd()
      .split('\n')
      .map((line) => stringWidth(line.slice(0, line.search(/STATE|active/))))
    expect(new Set(starts)).toEqual(new Set([8]))
  })

  it('is no text at all without rows', async () => {
    expect(await list({ decorated: true }, [])).toBe('')
    expect(await list({}, [])).toBe('')
  })
})

describe('a table in a pipe', () => {
  it('cuts nothing and tells times in RFC 3339', async () => {
    expect(await list({ width: 40 })).toMatchInlineSnapshot(`
      "ID        OWNER                          SESSIONS  LAST SEEN             STATE    USER AGENT
      11111111  Åse Ødegård <ase@hlf.example>         2  2025-03-01T11:57:00Z  active   Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)
      22222222  =漢字 शांति\\u{202e}                   11  -                     revoked  curl/8.5.0\\u{d}
      33333333  -                                     0  2025-03-01T14:30:00Z  active   -
      "
    `)
  })

  it('becomes sheets where the lines of wide do not fit: it cuts nothing', async () => {
    expect(await list({ format: 'wide', decorated: true, width: 40 })).toMatchInlineSnapshot(`
      "id          11111111
      owner       Åse Ødegård
                  <ase@hlf.example>
      sessions    2
      last seen   3 min ago
      state       active
      user agent  Mozilla/5.0 (iPhone; CPU
                  iPhone OS 18_1 like Mac OS
                  X)
      tags        ["work"]

      id          22222222
      owner       =漢字 शांति\\u{202e}
      sessions    11
      last seen   -
      state       revoked
      user agent  curl/8.5.0\\u{d}
      tags        []

      id          33333333
      owner       -
      sessions    0
      last seen   in 2 h
      state       active
      user agent  -
      tags        []
      "
    `)
  })
})

describe('the forms for programs', () => {
  it('json', async () => {
    const text = await list({ format: 'json', nextCursor: 'abc' })
    expect(text).toMatch(/^\{"schemaVersion":1,"kind":"PhoneList","items":\[\{"id":"11111111",/)
    expect(text).toMatch(/\],"nextCursor":"abc"\}\n$/)
    const { items } = JSON.parse(text)
    expect(items).toHaveLength(3)
    expect(Object.keys(items[0])).toEqual(phoneView.columns.map(({ key }) => key))
    expect(items[1].owner).toBe(phones[1]?.owner)
    expect(text).not.toContain('\u202e')
    expect(items[2]).toMatchObject({ owner: null, secretless: null, agent: '', tags: [] })
  })

  it('json without rows', async () => {
    expect(await list({ format: 'json' }, [])).toBe(
      '{"schemaVersion":1,"kind":"PhoneList","items":[],"nextCursor":null}\n',
    )
  })

  it('ndjson', async () => {
    const text = await list({ format: 'ndjson' })
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(phones.map(({ id }) => id))
    expect(JSON.parse(lines[0] ?? '')).toEqual({ ...phones[0], secretless: null })
    expect(text).not.toContain('\u202e')
    expect(await list({ format: 'ndjson' }, [])).toBe('')
  })

  it('csv', async () => {
    expect(await list({ format: 'csv' })).toMatchInlineSnapshot(`
      "id,owner,sessions,seenAt,state,agent,tags,secretless
      11111111,Åse Ødegård <ase@hlf.example>,2,2025-03-01T11:57:00Z,active,Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X),"[""work""]",
      22222222,'=漢字 शांति\\u{202e},11,,revoked,curl/8.5.0\\u{d},[],
      33333333,,0,2025-03-01T14:30:00Z,active,,[],
      "
    `)
    expect(await list({ format: 'csv' }, [])).toBe('id,owner,sessions,seenAt,state,agent,tags,secretless\n')
  })

  it('csv keeps numbers, quotes what needs it and prints moments in UTC', async () => {
    const view: View<null> = {
      kind: 'Odd',
      noun: ['odd', 'odds'],
      id: () => '',
      columns: [
        { key: 'number', value: () => -3 },
        { key: 'text', value: () => '-3' },
        { key: 'quoted', value: () => 'a,"b"' },
        { key: 'moment', value: () => new Date(0) },
        { key: 'object', value: () => ({ a: '\u202e' }) },
        { key: 'truth', value: () => false },
      ],
    }
    expect(await textOf(paintList(view, [null], await options({ format: 'csv' })))).toBe(
      `${[
        'number,text,quoted,moment,object,truth',
        '-3,\'-3,"a,""b""",1970-01-01T00:00:00.000Z,"{""a"":""\\u202e""}",false',
      ].join('\n')}\n`,
    )
  })

  it('id', async () => {
    expect(await list({ format: 'id' })).toBe('11111111\n22222222\n33333333\n')
  })
})

describe('--columns', () => {
  it('chooses and orders, for table, wide and csv, also what has no cell of its own', async () => {
    const columns = ['state', 'secretless', 'id']
    const line = /^STATE\s+SECRETLESS\s+ID\nactive\s+-\s+11111111\n/
    expect(await list({ columns })).toMatch(line)
    expect(await list({ columns, format: 'wide' })).toMatch(line)
    expect(await list({ columns, format: 'csv' })).toMatch(/^state,secretless,id\nactive,,11111111\n/)
  })

  it.each([
    [['state', 'nope'], 'csv', 'There is no column nope.'],
    [[], 'table', 'No column was named.'],
    [['id'], 'json', '--columns is for table, wide and csv: json never drops a field.'],
    [['id'], 'ndjson', '--columns is for table, wide and csv: ndjson never drops a field.'],
    [['id'], 'id', '--columns is for table, wide and csv: id never drops a field.'],
    [undefined, 'prometheus', '-o prometheus is for stats, not for phones.'],
  ] as const)('%j for %s is refused before a row is read', async (columns, format, message) => {
    const paint = await options({ columns, format })
    expect(() => paintList(phoneView, phones, paint)).toThrow(
      expect.objectContaining({ code: 'USAGE', message }),
    )
    const result = { items: phones }
    expect(() => paintResult('R', phoneView, result, paint)).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    )
  })

  it('names the known ones', async () => {
    const paint = await options({ columns: ['nope'] })
    expect(() => paintList(phoneView, phones, paint)).toThrow(
      expect.objectContaining({
        hint: 'The columns are id,owner,sessions,seenAt,state,agent,tags,secretless',
      }),
    )
  })
})

describe('one thing', () => {
  const [, phone] = phones
  const item = async (over: Over = {}) =>
    phone ? textOf(paintItem(phoneView, phone, await options(over))) : ''

  it('is a sheet of every field at a terminal', async () => {
    expect(await item({ decorated: true, width: 40 })).toMatchInlineSnapshot(`
      "id          22222222
      owner       =漢字 शांति\\u{202e}
      sessions    11
      last seen   -
      state       revoked
      user agent  curl/8.5.0\\u{d}
      tags        []
      secretless  -
      "
    `)
  })

  it('breaks long text between words, beside its label, and only at a terminal', async () => {
    const long = { ...phones[0], owner: `${'शांति '.repeat(8)}${'a'.repeat(20)}` } as (typeof phones)[number]
    const sheet = async (over: Over) => textOf(paintItem(phoneView, long, await options(over)))
    const shown = (await sheet({ decorated: true, width: 40 })).split('\n').slice(1, 4)
    expect(shown.map((text) => stringWidth(text) <= 40)).toEqual([true, true, true])
    expect(shown.slice(1).every((text) => text.startsWith(' '.repeat(12)))).toBe(true)
    expect(shown.map((text) => text.slice(12)).join(' ')).toBe(long.owner)
    expect((await sheet({ decorated: false, width: 40 })).split('\n')[1]).toContain(long.owner)
  })

  it('puts below its label what the terminal would break beside it', async () => {
    const owner = 'a'.repeat(36)
    const long = { ...phones[0], owner } as (typeof phones)[number]
    const shown = await textOf(paintItem(phoneView, long, await options({ decorated: true, width: 40 })))
    expect(shown.split('\n').slice(1, 3)).toEqual(['owner', `  ${owner}`])
  })

  it('is an item in json, bare in ndjson, a line in csv and id', async () => {
    const json = await item({ format: 'json' })
    expect(json).toMatch(/^\{"schemaVersion":1,"kind":"Phone","item":\{"id":"22222222",/)
    expect(json).not.toContain('\u202e')
    expect(JSON.parse(json).item).toEqual({ ...phone, secretless: null })
    expect(JSON.parse(await item({ format: 'ndjson' }))).toEqual({ ...phone, secretless: null })
    expect((await item({ format: 'csv' })).split('\n')).toHaveLength(3)
    expect(await item({ format: 'id' })).toBe('22222222\n')
  })
})

describe('a result', () => {
  const result = { requestId: null, dryRun: true, summary: { requested: 3 }, items: phones.slice(0, 1) }
  const paint = async (over: Over) =>
    textOf(paintResult('PhoneResult', phoneView, result, await options(over)))

  it('is whole in json, in its own order', async () => {
    expect(await paint({ format: 'json' })).toMatch(
      /^\{"schemaVersion":1,"kind":"PhoneResult","requestId":null,"dryRun":true,"summary":\{"requested":3\},"items":\[\{"id":"11111111",.*\}\]\}\n$/,
    )
  })

  it('is its items otherwise', async () => {
    expect(await paint({ format: 'id' })).toBe('11111111\n')
    expect(JSON.parse(await paint({ format: 'ndjson' })).id).toBe('11111111')
  })
})

describe('a long stream', () => {
  it.each(['ndjson', 'csv', 'id'] as const)('%s goes out in chunks while it is read', async (format) => {
    let read = 0
    const endless = (function* () {
      for (;;) {
        read += 1
        yield phones[0] as (typeof phones)[number]
      }
    })()
    const sizes: number[] = []
    for await (const chunk of paintList(phoneView, endless, await options({ format }))) {
      sizes.push(chunk.length)
      if (sizes.length === 4) break
    }
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(64 * 1024)
    expect(Math.max(...sizes)).toBeLessThan(256 * 1024)
    expect(read).toBeLessThan(60_000)
    // Who stops reading ends the source: a cursor behind it is closed.
    expect(endless.next().done).toBe(true)
  })
})
