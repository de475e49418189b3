import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { MeanderError } from '../errors.ts'
import { isThere, refuseOpenToOthers } from './files.ts'
import type { Layer } from './variables.ts'

export interface Login {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** A password that nothing can print: it is known to a function only. */
export interface PasswordSource {
  /** `command` may be slow, or ask a person: not for completing a word on the command line. */
  readonly kind: 'value' | 'command' | 'file' | 'none'
  /** null where there is none for this login. @throws MeanderError when the command fails. */
  readonly get: (login: Login) => Promise<string | null>
}

/** Where the password for PostgreSQL comes from, nothing read or run yet but the mode of the password file. */
export const passwordSource = (values: Layer, home: string): PasswordSource => {
  const value = values.PGPASSWORD?.value
  if (value) return { kind: 'value', get: async () => value }
  const command = values.passwordCommand?.value
  if (command) return { kind: 'command', get: () => run(command) }

  const named = values.PGPASSFILE?.value
  const file = named ?? join(home, '.pgpass')
  if (!isThere(file)) {
    if (named) throw new MeanderError('USAGE', `PGPASSFILE names ${named}, and there is no such file`)
    return { kind: 'none', get: async () => null }
  }
  refuseOpenToOthers(file, named ? 'PGPASSFILE' : 'The password file')
  return { kind: 'file', get: (login) => find(file, login) }
}

const find = async (file: string, login: Login): Promise<string | null> => {
  const { getPassword } = await import('pgpass/lib/helper.js')
  // The file knows a socket as localhost.
  const host = login.host.startsWith('/') ? 'localhost' : login.host
  return new Promise((resolve) =>
    getPassword({ ...login, host }, createReadStream(file), (password) => resolve(password || null)),
  )
}

const run = async (command: string): Promise<string> => {
  const { exec } = await import('node:child_process')
  return new Promise((resolve, reject) => {
    // What it says on stderr is for the person who wrote it, but might hold a secret: only its end is reported.
    exec(command, { timeout: 60_000, maxBuffer: 64 * 1024 }, (error, stdout) => {
      const password = stdout.replace(/\r?\n$/, '')
      if (!error && password && !password.includes('\n')) return resolve(password)
      const why = error
        ? error.killed
          ? 'did not end within 60 seconds'
          : `ended with ${error.code ?? error.signal}`
        : password
          ? 'printed more than one line'
          : 'printed nothing'
      const hint = 'Run it by hand; its standard output must be the password and nothing else'
      reject(new MeanderError('UNAUTHENTICATED', `passwordCommand of the profile ${why}`, { hint }))
    })
  })
}
