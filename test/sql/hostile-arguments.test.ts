import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { callOf, type Names, operatorCalls } from '../../src/postgres/operator-calls.ts'
import { asLogin, closeLogins, type Login } from '../support/as-login.ts'
import {
  emailOf,
  organizations,
  people,
  peopledDatabase,
  seedGrant,
  seedSessions,
} from '../support/people.ts'
import { postgresAt } from '../support/postgres.ts'

/** Whatever an operator's login puts into a call with psql, the answer is ours: no constraint, no cast, no plan speaks. */

const server = postgresAt(inject('postgres'))
const many = (count: number) => `{${Array.from({ length: count }, () => randomUUID()).join(',')}}`

const hostile: Readonly<Record<string, readonly unknown[]>> = {
  jsonb: [
    null,
    ...[
      'null',
      '[]',
      '"x"',
      '1',
      '{"organization": null}',
      '{"organization": {}}',
      '{"state": []}',
      '{"x": "y"}',
    ],
    ...['{"ids": 3}', '{"ids": "x"}', '{"ids": [null]}', '{"ids": [[1]]}', '{"ip": "::/0"}', '{"ip": {}}'],
    ...['{"user": ""}', '{"user": "%"}', '{"grant": 5}', '{"since": "infinity"}', '{"x": "-9e400"}'],
    ...['{"idleFor": "P99999999999Y"}', '{"createdBefore": "P-300000Y"}', '{"createdAfter": "294277-01-01"}'],
    `{"a": ${'['.repeat(2000)}${']'.repeat(2000)}}`,
  ],
  'uuid[]': [null, '{}', '{NULL}', `{{${randomUUID()}},{${randomUUID()}}}`, many(10_001)],
  'text[]': [null, '{}', '{NULL}', '{""}', '{{a},{b}}', `{${'x,'.repeat(20_000)}x}`],
  text: [
    ...[null, '', ' ', 'x'.repeat(200_000), '\u202eabc', "';--", '%', 'a@b', '{', '0.0.0.0/0', '1/999'],
    ...['::ffff:1.2.3.4/200', 'P-1Y', 'P3000Y', 'P178000000Y', 'infinity', '-infinity'],
  ],
  integer: [null, '0', '-1', '2147483647', '-2147483648'],
  bigint: [null, '0', '-1', '9223372036854775807', '-9223372036854775808'],
  uuid: [null, randomUUID(), organizations.platform],
  boolean: [null],
  'timestamp with time zone': [null, 'infinity', '-infinity'],
}
/** A moment that is in no calendar: PostgreSQL says so itself, and tells nothing by it. */
const noMoment = '22008'

let kari: Login
let names: Names
let parameters: Map<string, { name: string; type: string }[]>

beforeAll(async () => {
  const database = await peopledDatabase(server)
  const grant = await seedGrant(server, database, 'gro', 'hlf')
  const [session] = await seedSessions(server, database, [{ person: 'mari', chain: 2 }])
  names = {
    ...{
      organization: organizations.hlf,
      slug: 'hlf',
      user: people.mari.id,
      email: emailOf('mari'),
      login: 'kari',
    },
    ...{
      session: session?.id ?? '',
      grant,
      jti: session?.jtis[0] ?? '',
      request: randomUUID(),
      ticket: 'T-1',
    },
  }
  const rows = await server.query<{ proname: string; parameters: { name: string; type: string }[] }>(
    `select p.proname, coalesce((select json_agg(json_build_object('name', a.name, 'type', format_type(a.type, null)))
       from unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) as a (name, type)), '[]') as parameters
     from pg_proc p where p.pronamespace = 'meander'::regnamespace`,
    [],
    database,
  )
  parameters = new Map(rows.map((row) => [row.proname, row.parameters]))
  kari = await asLogin(server, database, 'kari')
})
afterAll(closeLogins)

it.each(Object.keys(operatorCalls))('%s', async (name) => {
  const raw: string[] = []
  for (const { name: parameter, type } of parameters.get(name) ?? []) {
    const values = hostile[type]
    expect(values, `a hostile ${type} for ${name}`).toBeDefined()
    for (const value of values ?? []) {
      await kari.rows('begin')
      const call = callOf(name, { ...operatorCalls[name]?.(names)[0], [parameter]: value })
      const { code = '', message = '' } = await kari.rows(...call).catch((error) => error)
      await kari.rows('rollback')
      if (message && !/^MC\d{3}$/.test(code) && code !== noMoment)
        raw.push(`${parameter} = ${String(value).slice(0, 40)}: ${code} ${message}`)
    }
  }
  expect(raw).toEqual([])
})
