import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/postgres/inspection/attempt.ts'
import { alike, difference, type Told } from '../../../src/service/isolation/compare.ts'
import { namesIn, nobodys } from '../../../src/service/isolation/probe.ts'

const foreign = namesIn({
  slug: 'nhf',
  email: 'per@nhf.example',
  session: '0192f6b4-7e0a-4c55-9a61-0c8c1f1f7d3e',
})
const nobody = nobodys(foreign)
const third = nobodys(foreign)

const told = (names: Told['names'], outcome: Partial<Outcome>): Told => ({
  names,
  outcome: { rows: null, failure: null, record: [], ...outcome },
})
const raised = (names: Told['names'], code: string, ...text: string[]) =>
  told(names, { failure: { code, text } })
const gave = (names: Told['names'], ...rows: object[]) => told(names, { rows })

describe('alike are', () => {
  it.each<[string, (names: Told['names']) => Told]>([
    ['the same words', (names) => raised(names, 'MC404', 'no such session')],
    ['words with the id in them', (names) => raised(names, 'MC404', `no session ${names.session}`)],
    ['rows with the id in them', (names) => gave(names, { asked: [names.session], found: 0 })],
    ['keys that are the id', (names) => gave(names, { [names.session]: 'notFound' })],
    [
      'a record that names what was asked for',
      (names) => told(names, { rows: [], record: [{ targetId: names.session }] }),
    ],
    [
      'ids inside of words that are nobody’s',
      (names) => gave(names, { organization: names.slug, text: 'nhfish' }),
    ],
  ])('%s', (_, of) => {
    expect(alike(of(foreign), of(nobody))).toBe(true)
  })

  it('words of which a short slug happens to be one', () => {
    const slug = (names: Told['names'], value: string) => ({ ...names, slug: value })
    expect(
      alike(raised(slug(foreign, 'no'), 'MC404', 'no such'), raised(slug(nobody, 'qx'), 'MC404', 'no such')),
    ).toBe(true)
  })

  it('answers that differ in nothing but what is never the same twice', () => {
    const of = (names: Told['names'], left: number) => gave(names, { jti: 'own', left })
    expect(alike(of(foreign, 899), of(nobody, 898))).toBe(false)
    expect(alike(of(foreign, 899), of(nobody, 898), of(third, 897))).toBe(true)
  })
})

describe('apart are', () => {
  const none = gave(nobody)
  it.each<[string, Told, Told, string]>([
    [
      'a row',
      gave(foreign, { id: foreign.session }),
      none,
      'rows: 1 for the foreign, 0 for one that nobody has',
    ],
    [
      'codes',
      raised(foreign, 'MC403', 'no'),
      raised(nobody, 'MC404', 'no'),
      'SQLSTATE MC403 for the foreign, SQLSTATE MC404 for one that nobody has',
    ],
    [
      'an answer and a failure',
      gave(foreign),
      raised(nobody, 'MC404', 'no'),
      'an answer for the foreign, SQLSTATE MC404 for one that nobody has',
    ],
    [
      'messages',
      raised(foreign, 'MC404', 'not yours'),
      raised(nobody, 'MC404', 'no'),
      'another message, both with MC404',
    ],
    ['values', gave(foreign, { found: 1 }), gave(nobody, { found: 0 }), 'other values in the answer'],
    [
      'records',
      told(foreign, { rows: [], record: [{ action: 'seen' }] }),
      told(nobody, { rows: [], record: [] }),
      'events on record: 1 for the foreign, 0 for one that nobody has',
    ],
    [
      'what the records say',
      told(foreign, { rows: [], record: [{ refused: 'MC403' }] }),
      told(nobody, { rows: [], record: [{ refused: 'MC404' }] }),
      'another record',
    ],
  ])('%s', (_, one, other, words) => {
    expect(alike(one, other)).toBe(false)
    // What is the same for all that nobody has is not taken for chance.
    expect(alike(one, other, { ...other, names: nobody })).toBe(false)
    expect(difference(one, other)).toBe(words)
  })
})

it('what nobody has is of the same shape, and new each time', () => {
  expect(nobody).not.toEqual(third)
  expect(nobody.slug).toMatch(/^[a-z]{3}$/)
  expect(nobody.email).toMatch(/^[a-z]{3}@[a-z]{3}\.[a-z]{7}$/)
  expect(nobody.session).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
