/** The part of pgpass that reads a file it is given; its front door reads the process's environment and writes to stderr. */
declare module 'pgpass/lib/helper.js' {
  export function getPassword(
    connection: { host: string; port: number; database: string; user: string },
    file: import('node:stream').Readable,
    done: (password: string | undefined) => void,
  ): void
}
