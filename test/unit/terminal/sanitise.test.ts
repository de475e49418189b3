import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clean, cleanCsvCell, cleanJson } from '../../../src/terminal/sanitise.ts'

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\p{DI}]/u
/** What may stay where it belongs. */
const placed = /\u200c|\u200d|\p{VS}/gu
/** As a runner of CI jobs reads a line. */
const order = /^\s*::(?![\da-f:.]*$)|##\w{0,20}\[/i

/** Any code units at all, lone surrogates included, with what attacks are made of in between. */
const nasty = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
      fc.constantFrom(
        ...['\u001b', '\u009b', '\r', '\n', '\t', '\\', '"', '{', '}', '\u202e', '\u200d', '\u200c'],
        ...[
          '\u0301',
          '\u0301'.repeat(9),
          '\u094d',
          'क',
          'ش',
          'a',
          '=',
          '+',
          '-',
          '@',
          "'",
          ',',
          ' ',
          '\ufeff',
        ],
        ...['\ufe0f', '\u{e0100}', '\u034f', '\u3164', '❤', '::', '##', '[', 'vso', ';', '\u00a0'],
      ),
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(''))

/** A million strings for each property in the soak; a failure says its seed. */
const numRuns = Number(
  process.env.MEANDERCTL_FUZZ ?? (process.env.MEANDERCTL_SOAK === '1' ? 1_000_000 : 20_000),
)
const many = { numRuns }
const patience = { timeout: Math.max(60_000, numRuns * 3) }

describe('clean, over any text', patience, () => {
  it('leaves nothing unseen but joiners between letters, and is idempotent valid UTF-8', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = clean(text)
        expect(unseen.test(shown.replace(placed, ''))).toBe(false)
        for (const { index, 0: char } of shown.matchAll(placed)) {
          if (char === '\u200c' || char === '\u200d') {
            expect(shown.slice(0, index)).toMatch(/\p{L}\p{M}*$/u)
            expect(shown.slice(index + 1)).toMatch(/^\p{L}/u)
          } else expect(shown.slice(0, index)).toMatch(/[\p{L}\p{Emoji}]$/u)
        }
        expect(shown).not.toMatch(order)
        expect(shown).not.toMatch(/\p{M}{9}/u)
        expect(clean(shown)).toBe(shown)
        expect(Buffer.from(shown, 'utf8').toString('utf8')).toBe(shown)
      }),
      many,
    )
  })

  it('lets no character through unseen, one by one', () => {
    for (let point = 0; point <= 0x10ffff; point += 1) {
      const char = String.fromCodePoint(point)
      if (unseen.test(clean(char)) || unseen.test(cleanJson(char).replace(/[\t\n\r]/, ''))) {
        expect.fail(`U+${point.toString(16)}`)
      }
    }
  })

  it('keeps visible text as it is', () => {
    for (const text of [
      '',
      'Åse Ødegård',
      '漢字 한국',
      'שָׁלוֹם',
      'सत्यम्',
      'می‌خواهم',
      'क्‍ष',
      '😀 👍🏽 🇳🇴',
      'e\u0301',
      '❤\ufe0f 1\ufe0f\u20e3',
      '葛\u{e0100}飾',
      '::1',
      '::ffff:192.0.2.1',
      'fe80::1',
      'std::string ## [1] a;b ;-)',
      'C:\\temp',
    ]) {
      expect(clean(text)).toBe(text)
    }
  })
})

describe('clean, attack by attack', () => {
  it.each([
    ['writing the clipboard (OSC 52)', '\u001b]52;c;ZWNobyBoaQ==\u0007', '\\u{1b}]52;c;ZWNobyBoaQ==\\u{7}'],
    ['setting the title', '\u001b]0;root\u001b\\', '\\u{1b}]0;root\\u{1b}\\'],
    ['a device control string', '\u001bP$qm\u001b\\', '\\u{1b}P$qm\\u{1b}\\'],
    ['the same in one C1 byte', '\u0090$qm\u009c\u009b2J', '\\u{90}$qm\\u{9c}\\u{9b}2J'],
    ['moving the cursor', '\u001b[1A\u001b[2K', '\\u{1b}[1A\\u{1b}[2K'],
    ['overwriting the line', 'revoked\ractive ', 'revoked\\u{d}active '],
    ['adding a line', 'a\nadmin', 'a\\u{a}admin'],
    ['erasing with backspaces and DEL', 'no\b\b\u007f', 'no\\u{8}\\u{8}\\u{7f}'],
    ['overriding the direction', 'a\u202egnp.exe', 'a\\u{202e}gnp.exe'],
    ['isolating the direction', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['hiding in zero width', 'a\u200bb\u2060c\ufeff', 'a\\u{200b}b\\u{2060}c\\u{feff}'],
    ['hiding in tags', 'a\u{e0041}', 'a\\u{e0041}'],
    ['a soft hyphen', 'ad\u00admin', 'ad\\u{ad}min'],
    ['line and paragraph separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['private use', '\ue000', '\\u{e000}'],
    ['a lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
    ['unassigned', '\u0378', '\\u{378}'],
    ['joiners where no letters are', '1\u200d2 \u200ca\u200d', '1\\u{200d}2 \\u{200c}a\\u{200d}'],
    ['hiding in what is drawn as nothing', 'a\u3164b\u034f', 'a\\u{3164}b\\u{34f}'],
    ['hiding bytes in variation selectors', 'a \ufe00❤\ufe0f\ufe01', 'a \\u{fe00}❤\ufe0f\\u{fe01}'],
    ['an order to a CI job', '::set-output name=a::b', '\\u{3a}:set-output name=a::b'],
    ['the same behind blanks', ' \u3000::add-mask::b', ' \u3000\\u{3a}:add-mask::b'],
    ['the same in hexadecimal letters', '::add-path::b', '\\u{3a}:add-path::b'],
    ['the older form, anywhere', 'a ##[set-env name=PATH]b', 'a ##\\u{5b}set-env name=PATH]b'],
    ['that of another service', 'a ##vso[task.setvariable]b', 'a ##vso\\u{5b}task.setvariable]b'],
    ['a flood of marks', `a${'\u0301'.repeat(10)}`, `a${'\u0301'.repeat(8)}\\u{301}\\u{301}`],
  ])('%s', (_, text, shown) => {
    expect(clean(text)).toBe(shown)
  })

  it('lets eight of a flood of marks through', () => {
    expect(clean(`a${'\u0301'.repeat(200_000)}`).match(/\u0301/g)).toHaveLength(8)
  })

  // Blanks that were gone through anew at every character took 11 s at half as many.
  it.each([' ', '\u3000', ':', '#', '[', ';', '; ', '\u200d', '\ufe0f', '\u001b', 'a\u0301', '=', '\t'])(
    'is done with 200,000 times %j and an order behind it',
    { timeout: 20_000 },
    (piece) => {
      const text = `${piece.repeat(200_000)}::x`
      for (const sanitise of [clean, cleanCsvCell]) expect(sanitise(text)).toMatch(/:x$/)
      expect(JSON.parse(cleanJson(JSON.stringify(text)))).toBe(text)
    },
  )
})

describe('cleanJson', patience, () => {
  it('parses to the same value, and shows nothing unseen', () => {
    const value = fc.dictionary(nasty, fc.oneof(nasty, fc.array(nasty, { maxLength: 3 }), fc.double()), {
      maxKeys: 4,
    })
    fc.assert(
      fc.property(value, fc.constantFrom(0, 2), (data, indent) => {
        const text = JSON.stringify(data, null, indent)
        const shown = cleanJson(text)
        expect(JSON.parse(shown)).toEqual(JSON.parse(text))
        expect(unseen.test(shown.replace(placed, '').replaceAll('\n', ''))).toBe(false)
        expect(shown).not.toMatch(/##\w{0,20}\[/)
        expect(cleanJson(shown)).toBe(shown)
      }),
      many,
    )
  })

  it.each([
    ['"\u009b2J"', '"\\u009b2J"'],
    ['"\u202e\u{e0041}"', '"\\u202e\\udb40\\udc41"'],
    ['["\u007f"]\n', '["\\u007f"]\n'],
    ['"\\\\\u202e"', '"\\\\\\u202e"'],
    ['["a ##[debug]b"]', '["a ##\\u005bdebug]b"]'],
    ['["a; =1"]', '["a\\u003b =1"]'],
  ])('%j', (text, shown) => {
    expect(cleanJson(text)).toBe(shown)
  })
})

describe('cleanCsvCell', patience, () => {
  it.each([
    ['=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'],
    ['+1', "'+1"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\\u{9}=1"],
    ['\r=1', "'\\u{d}=1"],
    ['  =1', "'  =1"],
    ['＝1', "'＝1"],
    ['\ufeff=1', "'\\u{feff}=1"],
    ['a; =1', 'a\\u{3b} =1'],
    ['a;b;@c', 'a;b\\u{3b}@c'],
    ['a=1', 'a=1'],
    ["O'Brien", "O'Brien"],
  ])('%j', (text, shown) => {
    expect(cleanCsvCell(text)).toBe(shown)
  })

  it('never starts a formula, and is idempotent', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = cleanCsvCell(text)
        expect(shown).not.toMatch(/(?:^|;\s*)[=+\-@\t\r]/)
        expect(cleanCsvCell(shown)).toBe(shown)
        expect(unseen.test(shown.replace(placed, ''))).toBe(false)
      }),
      many,
    )
  })
})
