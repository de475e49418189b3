import { afterAll, beforeAll, expect, it } from 'vitest'
import { meanderctl } from '../e2e/meanderctl.ts'
import { password } from '../support/as-login.ts'
import { createTemplate, templateName } from '../support/people.ts'
import { type PrivatePostgres, startPostgres } from '../support/postgres.ts'
import { bareNode, tool } from './processes.ts'
import { compare, expectTargets } from './ratio.ts'

let postgres: PrivatePostgres

beforeAll(async () => {
  postgres = await startPostgres({ tls: true })
  await createTemplate(postgres)
})
afterAll(() => postgres.stop())

it('connects with TLS and SCRAM and answers in a few starts of node', async () => {
  const env = {
    PGHOST: postgres.host,
    PGPORT: String(postgres.port),
    PGDATABASE: templateName,
    PGUSER: 'kari',
    PGPASSWORD: password,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: postgres.certificates?.ca ?? '',
  }
  expect((await meanderctl(['whoami', '-o', 'json'], { env })).stdout).toContain('kari')
  expectTargets(await compare('whoami over TLS and SCRAM', [bareNode, tool(['whoami'], 5, env)]))
})
