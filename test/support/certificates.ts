import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string
  readonly serverCert: string
  readonly serverKey: string
  readonly clientCert: string
  readonly clientKey: string
}

export interface CertificateOptions {
  /** What the server's certificate is for. */
  readonly names?: readonly string[]
  /** Whom the client's certificate logs in. */
  readonly client?: string
  /** How long they last; -1 for what has expired. */
  readonly days?: number
}

/** A private authority in `folder`, with a certificate for a server and one for a client. */
export const makeCertificates = (folder: string, options: CertificateOptions = {}): Certificates => {
  mkdirSync(folder, { recursive: true })
  const names = options.names ?? ['DNS:localhost', 'IP:127.0.0.1']
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  )
  for (const [name, subject, extension] of [
    ['server', '/CN=server', `subjectAltName=${names.join(',')}`],
    ['client', `/CN=${options.client ?? 'postgres'}`, 'extendedKeyUsage=clientAuth'],
  ] as const) {
    writeFileSync(at(`${name}.ext`), `${extension}\n`)
    openssl('req', '-new', ...key, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const sign = [
      'x509',
      '-req',
      '-days',
      String(options.days ?? 2),
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
    ]
    openssl(...sign, '-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.crt`)
  }
  return {
    ca: at('ca.crt'),
    serverCert: at('server.crt'),
    serverKey: at('server.key'),
    clientCert: at('client.crt'),
    clientKey: at('client.key'),
  }
}
