import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { afterAll, describe, expect, it } from 'vitest'
import {
  parseCount,
  parseNetwork,
  parseSeconds,
  parseTime,
  parseUuid,
} from '../../../src/commands/shared/parsers.ts'
import { openUserFile } from '../../../src/commands/users/user-file.ts'
import { MeanderError } from '../../../src/errors.ts'
import { readPlan, writePlan } from '../../../src/service/plans/plan-file.ts'
import { cleanJson } from '../../../src/terminal/sanitise.ts'
import { fakeTerminal } from '../../support/terminal.ts'

/** Whatever is typed or lies in a file is understood, or refused in words: nothing else ever comes of it. */

const folder = mkdtempSync(join(tmpdir(), 'meanderctl-input-'))
afterAll(() => rmSync(folder, { recursive: true }))
const patience = { timeout: 60_000 }
const words = { numRuns: 2_000 }
const files = { numRuns: 100 }

/** What was understood; null for what was refused as commander wants it. */
const understood = <T>(parse: (text: string) => T, text: string): T | null => {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof InvalidArgumentError && error.message.endsWith('.')) return null
    throw error
  }
}
const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.stringMatching(/^[0-9a-fsmhdwTZ:.+\-/% ]{0,40}$/),
)

describe('words', patience, () => {
  it.each([parseSeconds, parseTime, parseNetwork, parseUuid, parseCount])(
    '%o understands or refuses',
    (parse) => {
      fc.assert(
        fc.property(anything, (text) => {
          understood<unknown>(parse, text)
        }),
        words,
      )
    },
  )

  it('a duration is the sum of its parts', () => {
    const units = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const
    const part = fc.tuple(
      fc.integer({ min: 0, max: 999_999 }),
      fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        const sum = parts.reduce((all, [amount, unit]) => all + amount * units[unit], 0)
        const fits = sum > 0 && sum <= 36_525 * 86_400
        expect(understood(parseSeconds, parts.map(([amount, unit]) => `${amount}${unit}`).join(''))).toBe(
          fits ? sum : null,
        )
      }),
      words,
    )
  })

  it('a moment stays the moment that it is', () => {
    const moment = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(moment, (date) => {
        const text = date.toISOString()
        expect(Date.parse(parseTime(text))).toBe(date.getTime())
        expect(Date.parse(parseTime(text.slice(0, 10)))).toBe(Date.parse(text.slice(0, 10)))
      }),
      words,
    )
  })

  it('a day that no calendar has is refused', () => {
    const two = (number: number) => String(number).padStart(2, '0')
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 9999 }),
        fc.integer({ min: 0, max: 15 }),
        fc.integer({ min: 0, max: 35 }),
        (year, month, day) => {
          const real =
            month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
          expect(understood(parseTime, `${year}-${two(month)}-${two(day)}`) !== null).toBe(real)
        },
      ),
      words,
    )
  })

  it('a network is one wherever another library takes it for one', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/))
    fc.assert(
      fc.property(address, fc.option(fc.integer({ min: 0, max: 140 })), (ip, bits) => {
        const four = ipaddr.IPv4.isValidFourPartDecimal(ip)
        const valid = four || ipaddr.IPv6.isValid(ip)
        const fits = valid && (bits === null || bits <= (four ? 32 : 128))
        expect(understood(parseNetwork, bits === null ? ip : `${ip}/${bits}`) !== null).toBe(fits)
      }),
      words,
    )
  })
})

/** The rows of a file, or the code of what it was refused for. */
const read = async (content: string | Uint8Array) => {
  const path = join(folder, 'users.csv')
  writeFileSync(path, content)
  try {
    const file = await openUserFile(path, { terminal: fakeTerminal(), signal: new AbortController().signal })
    try {
      const rows = []
      for await (const row of file.rows()) rows.push(row)
      return rows
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof MeanderError) return error.code
    throw error
  }
}

describe('a list of users', patience, () => {
  const plainText = fc
    .string({ minLength: 1, maxLength: 40 })
    .map((text) => text.trim())
    .filter((text) => text !== '' && !text.startsWith("'"))
  // An apostrophe before what would be a formula is taken for ours.
  const email = fc.emailAddress().filter((address) => !/^'+[=+\-@]/.test(address))
  const row = fc.record({ email, reason: plainText, ticket: plainText })

  it('comes back as it was written, by whatever spreadsheet', async () => {
    const style = fc.record({
      bom: fc.boolean(),
      delimiter: fc.constantFrom(',', ';'),
      record_delimiter: fc.constantFrom('\n', '\r\n'),
      quoted: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), style, async (rows, options) => {
        const found = await read(
          stringify(rows, {
            ...options,
            header: true,
            columns: ['email', 'reason', 'ticket'],
            quoted_match: /[,;]/,
          }),
        )
        expect(found).toMatchObject(rows.map((given, at) => ({ ...given, row: at + 1, problem: null })))
      }),
      files,
    )
  })

  it('of any bytes is read, or refused as a mistake', async () => {
    const pieces = fc.array(
      fc
        .oneof(
          fc.constantFrom(
            'email',
            'user_id',
            'reason',
            ',',
            ';',
            '\n',
            '\r\n',
            '\r',
            '"',
            '""',
            '\ufeff',
            'a@b',
            '\0',
            ' ',
            "'=",
          ),
          fc.string({ unit: 'binary', maxLength: 8 }),
        )
        .map((text) => Buffer.from(text)),
      { maxLength: 30 },
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      pieces.map((parts) => Buffer.concat(parts)),
      pieces.map((parts) => Buffer.concat([Buffer.from('email,reason\n'), ...parts])),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        const found = await read(content)
        if (typeof found === 'string') expect(['USAGE', 'NOT_FOUND']).toContain(found)
        else
          for (const { problem, email, userId } of found)
            expect(problem !== null || email !== '' || userId !== '').toBe(true)
      }),
      files,
    )
  })
})

describe('a plan', patience, () => {
  const head = {
    ...{
      id: randomUUID(),
      act: 'revoke_sessions' as const,
      organization: 'hlf',
      selector: null,
      reason: 'lost \u202e',
      ticket: null,
    },
    ...{ author: 'kari', createdAt: '2026-01-31T12:00:00Z', expiresAt: '2026-01-31T12:15:00Z', targets: 1 },
  } as const
  const item = {
    ...{ id: randomUUID(), userId: randomUUID(), email: 'a@b', what: '\u001b[2J##[x]' },
    ...{ state: 'active', reason: null, ticket: null },
  }
  const path = join(folder, 'plan')
  const { text } = writePlan(head, [item], cleanJson)
  const refused = async (content: string | Uint8Array): Promise<void> => {
    writeFileSync(path, content)
    await expect(readPlan(path)).rejects.toMatchObject({ code: 'USAGE' })
  }

  it('comes back as it was written, and leads nobody', async () => {
    writeFileSync(path, text)
    expect(await readPlan(path)).toMatchObject({ ...head, items: [item] })
    for (const led of ['\u202e', '\u001b', '##[']) expect(text).not.toContain(led)
  })

  it('with any byte changed, left out or put in is refused', async () => {
    const bytes = Buffer.from(text)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(2),
        async (at, by, how) => {
          const changed = Buffer.from([(bytes[at] ?? 0) ^ by])
          const kept =
            [Buffer.alloc(0), changed, Buffer.concat([changed, bytes.subarray(at, at + 1)])][how] ?? changed
          await refused(Buffer.concat([bytes.subarray(0, at), kept, bytes.subarray(at + 1)]))
        },
      ),
      files,
    )
  })

  it('of any bytes is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), (bytes) => refused(bytes)),
      files,
    )
  })
})
