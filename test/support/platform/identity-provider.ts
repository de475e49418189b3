import { generateKeyPair, jwtVerify, SignJWT } from 'jose'

/** Who somebody is, is told by somebody else: a bank's login, a single sign-on. */
export interface IdentityProvider {
  /** The proof that a person brings to the login. */
  proofOf(userId: string): Promise<string>
  /** The person behind a proof. @throws for one that is not good. */
  personOf(proof: string): Promise<string>
}

export const startIdentityProvider = async (): Promise<IdentityProvider> => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA')
  return {
    proofOf: (userId) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'EdDSA' })
        .setSubject(userId)
        .setAudience('meander')
        .setIssuedAt()
        .setExpirationTime('5 minutes')
        .sign(privateKey),
    personOf: async (proof) => {
      const { payload } = await jwtVerify(proof, publicKey, { audience: 'meander', algorithms: ['EdDSA'] })
      if (payload.sub === undefined) throw new Error('a proof of nobody')
      return payload.sub
    },
  }
}
