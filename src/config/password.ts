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

/** A command may ask somebody for a second factor; whoever waits for nobody is not kept longer. */
const patienceMs = 60_000
const longest = 64 * 1024

/**
 * What `command` prints, without the newline at its end. `sh` runs it, so that it may be a pipeline; it gets no
 * arguments from here, nothing on stdin, which may be a list of people, and our stderr, on which it can say what it
 * waits for. What it prints is told to nobody.
 */
const run = async (command: string): Promise<string> => {
  const { spawn } = await import('node:child_process')
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] })
    let stopped: string | null = null
    const stop = (why: string) => {
      stopped ??= why
      child.kill()
      // What the shell started may live on, and keep the pipe open.
      child.stdout.destroy()
    }
    const timer = setTimeout(() => stop(`did not end within ${patienceMs / 1000} seconds`), patienceMs)
    const parts: Buffer[] = []
    let length = 0
    child.stdout.on('data', (part: Buffer) => {
      parts.push(part)
      length += part.length
      if (length > longest) stop(`printed more than ${longest / 1024} KiB`)
    })
    const fail = (why: string) => {
      const hint = 'Run it by hand: its standard output must be the password, and nothing else'
      reject(new MeanderError('UNAUTHENTICATED', `passwordCommand of the profile ${why}`, { hint }))
    }
    child.once('error', (error) => {
      clearTimeout(timer)
      fail(`could not be started: ${error.message}`)
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const password = Buffer.concat(parts)
        .toString('utf8')
        .replace(/\r?\n$/, '')
      if (stopped !== null) fail(stopped)
      else if (signal === 'SIGINT') reject(new MeanderError('INTERRUPTED', 'Interrupted.'))
      else if (code !== 0)
        fail(`ended with ${code ?? signal}${code === 126 || code === 127 ? ': sh could not run it' : ''}`)
      else if (password === '') fail('printed nothing')
      else if (/[\r\n]/.test(password)) fail('printed more than one line')
      else resolve(password)
    })
  })
}
