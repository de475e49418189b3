/** Turns what Redis, TLS and the network say into one plain sentence, which never holds a password. */

/** Why a command, or all of them, did nothing: `code` is Redis's own word or the system's. */
export interface Cause {
  readonly code: string
  readonly message: string
}

/** By the first word of Redis's answer. */
const refusals: Readonly<Record<string, string>> = {
  OOM: 'it is full (maxmemory) and refuses to write',
  READONLY: 'it is a replica, or read-only, and refuses to write',
  NOAUTH: 'it asks for a password, and none was given',
  WRONGPASS: 'it refuses the user name or the password',
  LOADING: 'it is still loading its data',
  MISCONF: 'it refuses to write because it could not save to its disk',
  MASTERDOWN: 'it is a replica that lost its master',
  NOREPLICAS: 'it refuses to write because it has too few replicas',
  MOVED: 'another node of the cluster has the key now',
  ASK: 'the key is just moving to another node of the cluster',
  TRYAGAIN: 'the key is just moving to another node of the cluster',
  CLUSTERDOWN: 'the cluster is not whole and refuses',
  BUSY: 'it is busy with a script',
}

/** By the code of the system, or of Node. */
const failures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'no answer in time',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
}

/** Certificates have a code for each way to be wrong; the answer to all is the same. */
const aboutCertificates = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/

/** The cause of an error; `secret` is not repeated, wherever the text has it from. */
export const causeOf = (error: unknown, secret?: string): Cause => {
  // Only the text leaves here: the client hangs the refused command on its errors, AUTH and the password too.
  const { message = String(error), code } = error as { message?: string; code?: string }
  const text = secret ? message.replaceAll(secret, '***') : message
  if (code !== undefined) {
    const plain = aboutCertificates.test(code) ? `its certificate is not trusted (${text})` : failures[code]
    return { code, message: plain ?? text }
  }
  if (/^Connection is closed|^Stream isn't writeable/.test(text)) {
    return { code: 'ECONNRESET', message: 'the connection was lost' }
  }
  const word = /^[A-Z]+(?= |$)/.exec(text)?.[0] ?? 'ERR'
  const plain = refusals[word]
  return { code: word, message: plain === undefined ? text : `${word}: ${plain}` }
}
