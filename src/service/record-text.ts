/**
 * What may stand on the record as a reason or a ticket, told before anything runs. The database has the same rule
 * (`check_reason.sql`) for whoever comes without this tool. Other invisible characters are legitimate in some scripts:
 * they are kept, and shown escaped.
 */
const limits = { reason: 1000, ticket: 200 } as const

/** Why this text cannot be a reason or a ticket, as the end of a sentence that begins with its name; null if it can. */
export const problemOfText = (what: keyof typeof limits, text: string): string | null => {
  if (text.trim() === '') return 'is empty'
  // As PostgreSQL counts: an emoji is one.
  const characters = [...text]
  const most = limits[what]
  if (characters.length > most)
    return `has ${characters.length} characters, and at most ${most} go on the record`
  const at = characters.findIndex((character) => /\p{Cc}/u.test(character))
  if (at === -1) return null
  const code = (characters[at]?.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return `has a control character, U+${code}, at position ${at + 1}`
}
