import * as z from 'zod'

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const selector = z.record(z.string(), z.union([z.string(), z.array(z.string())])).nullable()

/** The first line of a plan. */
export const planHeadSchema = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('Plan'),
  id: uuid,
  act: z.enum(['revoke_sessions', 'offboard_users']),
  organization: z.string().min(1),
  selector,
  reason: z.string().min(1),
  ticket: z.string().nullable(),
  author: z.string().min(1),
  createdAt: z.string().min(1),
  expiresAt: z.string().min(1),
  targets: z.int().min(1),
})

/** Its other lines: what is acted on, and what a second pair of eyes wants to know of it. */
export const planTargetSchema = z.strictObject({
  id: uuid,
  userId: uuid,
  email: z.string().nullable(),
  what: z.string().nullable(),
  state: z.string(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
})
