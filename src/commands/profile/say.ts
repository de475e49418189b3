import type { Context } from '../../context.ts'
import { profileSheet, profileView } from '../../views/profile.view.ts'

type Book = Awaited<ReturnType<Context['profiles']>>

/** Says what goes before the default profile here, so that nobody trusts a name that does not count. */
export const sayNearer = async (book: Book, { terminal }: Context): Promise<void> => {
  const { profile, database } = await book.nearer()
  if (profile !== null && profile !== '--profile') {
    terminal.warn(`${profile} is set here, and goes before the default profile.`)
  }
  if (database !== null)
    terminal.warn(`${database} is set here, and goes before the database of any profile.`)
}

/** One profile: every field for a program, what it says for a person. */
export const showOne = async (
  profile: Awaited<ReturnType<Book['show']>>,
  { show }: Context,
): Promise<void> => {
  const person = show.format === 'table' || show.format === 'wide'
  await show.item(person ? profileSheet(profile) : profileView, profile)
}
