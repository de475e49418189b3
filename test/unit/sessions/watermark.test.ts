import { describe, expect, it } from 'vitest'
import { Watermark } from '../../../src/service/sessions/watermark.ts'

const second = 1_000_000
const at = (seconds: number): string => String(1_700_000_000 * second + seconds * second)
const ago = (mark: Watermark, now: number): number => (Number(at(now)) - Number(mark.since)) / second

describe('from where on to read', () => {
  it('is nowhere before the first look, then a little before the last one', () => {
    const mark = new Watermark()
    expect(mark.since).toBeNull()
    mark.advance(at(0), [])
    expect(ago(mark, 0)).toBe(5)
    mark.advance(at(2), [])
    expect(ago(mark, 2)).toBe(5)
    expect(mark.running).toEqual({})
  })

  it('is before each transaction that still writes, from the look that did not see it', () => {
    const mark = new Watermark()
    mark.advance(at(0), ['7'])
    mark.advance(at(2), ['7', '9'])
    mark.advance(at(90), ['7', '9'])
    expect(mark.running).toEqual({ 7: Number(at(-65)), 9: Number(at(-5)) })
    mark.advance(at(92), ['9'])
    expect(mark.running).toEqual({ 9: Number(at(-5)) })
  })

  it('waits five minutes for one, and says so once', () => {
    const mark = new Watermark()
    mark.advance(at(0), [])
    mark.advance(at(1), ['7'])
    mark.advance(at(290), ['7'])
    expect(mark.held()).toBeNull()
    mark.advance(at(400), ['7'])
    expect(mark.running).toEqual({ 7: Number(at(95)) })
    expect(mark.held()).toContain('more than 5 minutes')
    expect(mark.held()).toBeNull()
  })
})

describe('what was seen', () => {
  it('is new once, and forgotten when it cannot come again', () => {
    const mark = new Watermark()
    mark.advance(at(0), ['7'])
    expect(mark.isNew('a', at(1))).toBe(true)
    expect(mark.isNew('a', at(1))).toBe(false)
    mark.advance(at(30), ['7'])
    expect(mark.isNew('a', at(1))).toBe(false)
    mark.advance(at(32), [])
    expect(mark.isNew('a', at(1))).toBe(true)
  })
})
