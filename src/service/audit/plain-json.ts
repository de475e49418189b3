/** Why a text that is no JSON for our purposes is none. */
const broken = 'it is not JSON, or cut off'
const ambiguous = 'a name stands twice in it, or a number is not written as it is read'

/**
 * The value of a JSON text that everybody reads alike, whatever its layout. A name that stands twice is one thing to
 * this parser and another to the next, or to a person; and a signature would cover only what this one read.
 * `refuse` is told what is wrong: the parser's own words could quote what is in the file.
 */
export const plainJson = (text: string, refuse: (what: string, cause?: unknown) => never): unknown => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return refuse(broken, error)
  }
  const read = text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (token) =>
    token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : '',
  )
  return JSON.stringify(value) === read ? value : refuse(ambiguous)
}
