import { z } from 'zod'
import { variables } from './variables.ts'

const keys = Object.values(variables).flatMap(({ profile }) => profile ?? [])

/** One profile: text values only; `passwordCommand` stands for the password, which is never written here. */
const profile = z.strictObject({
  ...Object.fromEntries(keys.map((key) => [key, z.string().min(1).optional()])),
  passwordCommand: z.string().min(1).optional(),
})

/** `config.json`: the profiles, and which of them is used when nobody names one. */
export const profilesFile = z.strictObject({
  current: z.string().min(1).optional(),
  profiles: z.record(z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i), profile).default({}),
})
