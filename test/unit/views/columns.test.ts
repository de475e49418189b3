import stringWidth from 'string-width'
import { expect, it } from 'vitest'
import { isPlain, measureOf } from '../../../src/views/paint/columns.ts'

it('takes for plain only what string-width gives one column', () => {
  let plain = 0
  for (let point = 0; point <= 0x10_ff_ff; point++) {
    const text = String.fromCodePoint(point)
    if (!isPlain(text)) continue
    plain += 1
    expect.soft(stringWidth(text), `U+${point.toString(16)}`).toBe(1)
  }
  expect(plain).toBe(95 + 12 + 0x2ff - 0xad + 24)
})

it.each(['', 'Åse Ødegård', '“Zoës” – œuvre…'])('measures %j without string-width', async (text) => {
  const measure = await measureOf(['plain', text])
  expect(measure).not.toBe(stringWidth)
  expect(measure(text)).toBe(stringWidth(text))
})

it.each(['漢字', 'e\u0301', 'שָׁלוֹם', 'a\u00adb', '\u200b', '👍🏽'])(
  'leaves %j to string-width',
  async (text) => {
    expect(await measureOf(['plain', text])).toBe(stringWidth)
  },
)
