/**
 * Better Auth on tables of its own: run by a comparison in a folder where npm has put it, told what to do by messages.
 * `{ seed }`: so many people with ten sessions each. `{ revoke: [from, to] }`: everybody in between, one after the other.
 */
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { admin } from 'better-auth/plugins'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.argv[2] })
const auth = betterAuth({
  baseURL: 'http://localhost:3000',
  secret: 'a secret for a measurement and for nothing else',
  database: pool,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [admin()],
})
const person = { email: 'admin@meander.example', password: 'correct horse' }
let headers

const acts = {
  seed: async (people) => {
    const { runMigrations } = await getMigrations(auth.options)
    await runMigrations()
    await auth.api.signUpEmail({ body: { ...person, name: 'Admin' } })
    await pool.query(`update "user" set role = 'admin'`)
    await pool.query(
      `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt", role)
       select 'user' || n, 'Member ' || n, 'member' || n || '@meander.example', true, now(), now(), 'user'
       from generate_series(0, $1::integer - 1) as n`,
      [people],
    )
    await pool.query(
      `insert into session (id, token, "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent")
       select gen_random_uuid(), gen_random_uuid(), 'user' || n, now() + interval '30 days', now(), now(), '198.51.100.7',
         'Meander/4.2 (iPhone; iOS 19.1)'
       from generate_series(1, 10) as k, generate_series(0, $1::integer - 1) as n`,
      [people],
    )
    await pool.query('vacuum analyze')
  },
  signIn: async () => {
    const { headers: given } = await auth.api.signInEmail({ body: person, asResponse: true })
    headers = new Headers({
      cookie: given
        .getSetCookie()
        .map((one) => one.split(';')[0])
        .join('; '),
    })
  },
  revoke: async ([from, to]) => {
    for (let n = from; n < to; n++)
      await auth.api.revokeUserSessions({ body: { userId: `user${n}` }, headers })
  },
}

process.on('message', async ({ act, value }) => {
  try {
    await acts[act](value)
    process.send({})
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) })
  }
})
