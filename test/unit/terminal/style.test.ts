import { describe, expect, it } from 'vitest'
import { createStyle, palette } from '../../../src/terminal/style.ts'

/** WCAG's relative luminance of one of xterm's 256 colours from 16 on. */
const luminance = (color: number): number => {
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step)
  const cube = color - 16
  const rgb =
    color >= 232
      ? Array<number>(3).fill(8 + 10 * (color - 232))
      : [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level)
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
    const part = value / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

describe('the tones', () => {
  it.each(Object.entries(palette))('%s is readable on white and on black', (_, color) => {
    expect(1.05 / (luminance(color) + 0.05)).toBeGreaterThan(4)
    expect((luminance(color) + 0.05) / 0.05).toBeGreaterThan(4)
  })

  it('colour nothing when colour is off, whatever the environment says', async () => {
    const style = await createStyle(false)
    expect(style.tone('bad', 'revoked')).toBe('revoked')
  })

  it('colour when it is on, whatever the environment says', async () => {
    const style = await createStyle(true)
    expect(style.tone('bad', 'revoked')).toBe('\u001b[38;5;161mrevoked\u001b[39m')
    expect(style.tone('plain', 'x')).toBe('x')
  })
})
