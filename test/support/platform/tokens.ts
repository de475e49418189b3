import { createHash, randomBytes } from 'node:crypto'
import { errors, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { Refused } from './answers.ts'

/** What an access token says: one person, one session, one place, until a moment. */
export interface Access {
  readonly jti: string
  readonly session: string
  readonly user: string
  readonly organization: string
  readonly expires: Date
}

/**
 * Signing and reading. A cookie and an access token are signed alike and told apart by their audience, or the
 * one would pass for the other, and a cookie has no `jti` that could be blocked.
 */
export interface Signatures {
  accessToken(access: Access): Promise<string>
  /** @throws Refused token_expired, invalid_token. */
  readAccessToken(token: string): Promise<Access>
  /** A portal session's cookie says which record it stands for, and nothing that could grow old. */
  cookie(session: string): Promise<string>
  /** @throws Refused invalid_token. */
  readCookie(cookie: string): Promise<string>
  /** The next key pair: whatever the last one signed is good no more, whoever holds it. */
  rotate(): Promise<void>
}

const algorithm = 'EdDSA'

export const createSignatures = async (): Promise<Signatures> => {
  let { publicKey, privateKey } = await generateKeyPair(algorithm)
  const read = async (token: string, audience: string) => {
    try {
      return (await jwtVerify(token, publicKey, { audience, algorithms: [algorithm] })).payload
    } catch (error) {
      throw new Refused(error instanceof errors.JWTExpired ? 'token_expired' : 'invalid_token', error)
    }
  }
  return {
    accessToken: ({ jti, session, user, organization, expires }) =>
      new SignJWT({ sid: session, org: organization })
        .setProtectedHeader({ alg: algorithm })
        .setAudience('api')
        .setSubject(user)
        .setJti(jti)
        .setExpirationTime(expires)
        .sign(privateKey),
    readAccessToken: async (token) => {
      const { jti, sid, sub, org, exp } = await read(token, 'api')
      return {
        jti: String(jti),
        session: String(sid),
        user: String(sub),
        organization: String(org),
        expires: new Date(Number(exp) * 1000),
      }
    },
    cookie: (session) =>
      new SignJWT({ sid: session })
        .setProtectedHeader({ alg: algorithm })
        .setAudience('portal')
        .sign(privateKey),
    readCookie: async (cookie) => String((await read(cookie, 'portal')).sid),
    rotate: async () => {
      ;({ publicKey, privateKey } = await generateKeyPair(algorithm))
    },
  }
}

/** A refresh token is a secret and says nothing. */
export const newRefreshToken = (): string => randomBytes(32).toString('base64url')

/** What the database keeps of it: whoever reads the table cannot refresh. */
export const hashOf = (refreshToken: string): Buffer => createHash('sha256').update(refreshToken).digest()
