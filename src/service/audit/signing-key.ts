import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { fstatSync } from 'node:fs'
import { access, open, readFile, rm } from 'node:fs/promises'
import { MeanderError, problemOfFile } from '../../errors.ts'

/**
 * The Ed25519 keys of signed checkpoints: a PKCS#8 private key that only its owner can read, and public keys that
 * whoever verifies has from a place which the database's owner cannot write to.
 */

/** What signs, and the name by which the public half is known. */
export interface SigningKey {
  readonly keyId: string
  /** Base64. */
  sign(bytes: Buffer): string
}

/** The public halves that a verification trusts, by their ids. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>

/** What `doctor` can say of a signing key without signing anything. */
export interface SigningKeyState {
  readonly path: string | null
  readonly state: 'not set' | 'usable' | 'unusable'
  readonly keyId: string | null
  /** Why it is unusable, and what mends it. */
  readonly problem: string | null
  readonly hint: string | null
}

const setting = 'MEANDERCTL_SIGNING_KEY_FILE'
const generateHint = `Set ${setting} to a path and run: meanderctl audit checkpoint --generate-key`

/** `SHA256:…` over the key's DER, as ssh names keys. */
const idOf = (key: KeyObject): string =>
  `SHA256:${createHash('sha256')
    .update((key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' }))
    .digest('base64')
    .replace(/=+$/, '')}`

/**
 * Makes a key pair: the private key at `path` with mode 0600, the public one beside it. Never overwrites either.
 * @throws MeanderError USAGE
 */
export const generateSigningKey = async (
  path: string | null,
): Promise<{ keyId: string; path: string; publicKeyPath: string; publicKey: string }> => {
  if (path === null)
    throw new MeanderError('USAGE', 'Where to put the key is not set.', { hint: generateHint })
  const publicKeyPath = `${path}.pub`
  // Looked at first, so that nothing is made where one of the two is in the way.
  for (const one of [path, publicKeyPath]) {
    const there = await access(one).then(
      () => true,
      () => false,
    )
    if (there) throw refuseOverwriting(one)
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  await writeNew(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600)
  try {
    await writeNew(publicKeyPath, pem, 0o644)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  return { keyId: idOf(publicKey), path, publicKeyPath, publicKey: pem }
}

const refuseOverwriting = (path: string): MeanderError =>
  new MeanderError('USAGE', `${path} is there already, and a key is never overwritten.`, {
    hint: `Name another file in ${setting}; keep the old public key as long as checkpoints signed with it are kept`,
  })

const writeNew = async (path: string, text: string, mode: number): Promise<void> => {
  try {
    // The mode holds from the first moment: no wider one is narrowed afterwards.
    const file = await open(path, 'wx', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw refuseOverwriting(path)
    throw new MeanderError('USAGE', `${path} cannot be written: ${(error as Error).message}.`, {
      cause: error,
    })
  }
}

/**
 * The private key in `path`. @throws MeanderError USAGE for none, for one that others can read, and for what is no
 * Ed25519 key in PKCS#8.
 */
export const readSigningKey = async (path: string | null): Promise<SigningKey> => {
  if (path === null) throw new MeanderError('USAGE', 'No signing key is set.', { hint: generateHint })
  const refuse = (what: string, hint?: string, cause?: unknown): never => {
    throw new MeanderError('USAGE', `The signing key ${path} ${what}`, { hint, cause })
  }
  const pem = await readPrivate(path, refuse)
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, format: 'pem' })
  } catch (error) {
    // The parser's message could quote what is in the file.
    const encrypted = pem.includes('ENCRYPTED')
    return refuse(
      encrypted ? 'is encrypted with a passphrase' : 'is no private key in PEM',
      encrypted ? 'Keep it unencrypted, with mode 0600' : generateHint,
      error,
    )
  }
  if (key.asymmetricKeyType !== 'ed25519') refuse('is not an Ed25519 key', generateHint)
  return { keyId: idOf(key), sign: (bytes) => sign(null, bytes, key).toString('base64') }
}

/** Looked at and read through one opening: what was looked at is what is read. */
const readPrivate = async (
  path: string,
  refuse: (what: string, hint?: string, cause?: unknown) => never,
): Promise<string> => {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) =>
    refuse(
      `cannot be read: ${problemOfFile(error)}`,
      error.code === 'ENOENT' ? generateHint : undefined,
      error,
    ),
  )
  try {
    const { mode } = fstatSync(file.fd)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      refuse('can be read by others than its owner', `chmod 600 ${path}`)
    return await file.readFile('utf8')
  } catch (error) {
    if (error instanceof MeanderError) throw error
    return refuse(`cannot be read: ${problemOfFile(error)}`, undefined, error)
  } finally {
    await file.close()
  }
}

/** Whether the configured key would sign. */
export const signingKeyState = async (path: string | null): Promise<SigningKeyState> => {
  if (path === null) return { path, state: 'not set', keyId: null, problem: null, hint: generateHint }
  try {
    const { keyId } = await readSigningKey(path)
    return { path, state: 'usable', keyId, problem: null, hint: null }
  } catch (error) {
    if (!(error instanceof MeanderError)) throw error
    return { path, state: 'unusable', keyId: null, problem: error.message, hint: error.hint ?? null }
  }
}

/**
 * The keys that the operator trusts. @throws MeanderError USAGE for what is no Ed25519 public key; also for a
 * private one, which has no business where checkpoints are verified.
 */
export const readTrustedKeys = async (paths: readonly string[]): Promise<TrustedKeys> => {
  const keys = new Map<string, KeyObject>()
  for (const path of paths) {
    const refuse = (what: string, cause?: unknown): never => {
      throw new MeanderError('USAGE', `The public key ${path} ${what}`, {
        hint: 'Give the .pub file that audit checkpoint --generate-key wrote',
        cause,
      })
    }
    const pem = await readFile(path, 'utf8').catch((error) =>
      refuse(`cannot be read: ${problemOfFile(error)}`, error),
    )
    if (pem.includes('PRIVATE KEY')) refuse('is a private key')
    let key: KeyObject
    try {
      key = createPublicKey({ key: pem, format: 'pem' })
    } catch (error) {
      return refuse('is no public key in PEM', error)
    }
    if (key.asymmetricKeyType !== 'ed25519') refuse('is not an Ed25519 key')
    keys.set(idOf(key), key)
  }
  return keys
}

/** Whether one of the trusted keys made this signature: `unknown key` when the one that it names is not among them. */
export const checkSignature = (
  keys: TrustedKeys,
  { keyId, signature, bytes }: { keyId: string; signature: string; bytes: Buffer },
): 'valid' | 'invalid' | 'unknown key' => {
  const key = keys.get(keyId)
  if (!key) return 'unknown key'
  return verify(null, bytes, key, Buffer.from(signature, 'base64')) ? 'valid' : 'invalid'
}
