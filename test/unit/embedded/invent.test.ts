import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { invent } from '../../../src/embedded/invent.ts'

const now = Date.parse('2026-11-21T06:00:00Z')

describe('what the demo invents', () => {
  it('is the same at every moment, but for the moment', () => {
    const later = JSON.stringify(invent(now + 86_400_000))
    expect(JSON.stringify(invent(now))).not.toBe(later)
    const timeless = (text: string) => text.replaceAll(/"\d{4}-[^"]*Z"/g, '""')
    expect(timeless(JSON.stringify(invent(now)))).toBe(timeless(later))
  })

  it('has addresses and e-mail addresses that belong to nobody', () => {
    const { sessions, users } = invent(now)
    const ranges = new Set(sessions.map(({ ip }) => ipaddr.parse(String(ip)).range()))
    expect(ranges).toEqual(new Set(['reserved']))
    for (const { email } of users) expect(email).toMatch(/^[a-z.]+@(hlf|nhf|mot|meander)\.example$/)
    expect(new Set(users.map(({ email }) => email)).size).toBe(users.length)
  })

  it('has ids of version 4, each once', () => {
    const { organizations, users, sessions, tokens } = invent(now)
    const ids = [...organizations, ...users, ...sessions, ...tokens].map((row) => String(row.id))
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
