import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { password } from './as-login.ts'
import { organizations, people, peopledDatabase } from './people.ts'
import type { PostgresServer } from './postgres.ts'

/** What other people may call themselves, their devices and their reasons. */
export const attacks: readonly string[] = [
  '\u001b[2J\u001b[H\u001b]0;root\u0007\u001b]52;c;ZXZpbA==\u0007\u001b]8;;http://evil.example\u001b\\here\u001b]8;;\u001b\\',
  '\u009b2J\u009d52;c;ZXZpbA==\u009c\u0090$qm\u009c\u001bP$qm\u001b\\',
  'a\u202egnp.exe\u202c \u2066isolated\u2069 \u200fright',
  'zero\u200bwidth\u2060\ufeff\u3164\u034f\u200d\u{e0041}\ufe0f',
  `flood${'\u0301'.repeat(300)}${'\u0e47'.repeat(40)}`,
  'revoked\ractive \b\b\u007f\u0085',
  'two\nlines\n::error::smuggled\u2028::error::more\u2029::error::and more',
  '::set-output name=evil::yes',
  ' \u3000::add-mask::e',
  '::add-path::/tmp',
  '##[set-env name=PATH]/tmp ##vso[task.setvariable variable=a]b',
  '=HYPERLINK("http://evil.example","x")',
  '\t=1+1',
  '\ufeff@SUM(1)',
  '-2+3',
  'x;=1+1\n=2+2',
  '<script>alert(1)</script><img src=x onerror="alert(1)"> &lt; \' --><!--',
  `"quoted" 'apostrophe' \\ \\u0041 \\n {"json": 1}, comma; semicolon`,
  'شکلي می‌خواهم \u0661 שלום नमस्ते क्‍ष 漢字 😀👍🏽',
  'x'.repeat(10_000),
]

/** An organization (hlf) whose every column of text is against whoever reads it. */
export interface HostileWorld {
  readonly database: string
  /** A login with a name of that sort, which acts for an org_admin as kari does. */
  readonly login: string
  /** Of each attack: somebody's active session, ended session, user, their address, and a grant. */
  readonly sessions: readonly string[]
  readonly ended: readonly string[]
  readonly users: readonly string[]
  readonly emails: readonly string[]
  readonly grants: readonly string[]
  readonly jtis: readonly string[]
  /** What stands in the columns, by the mark that each of them ends with. */
  readonly stored: ReadonlyMap<string, string>
}

/** The marks of stored texts in a text. */
export const marksIn = (text: string): string[] => text.match(/#[a-z]+\d+#/g) ?? []

export const makeHostileWorld = async (server: PostgresServer): Promise<HostileWorld> => {
  const database = await peopledDatabase(server)
  const stored = new Map<string, string>()
  /** An attack, cut to what the column takes, with a mark of its own behind it. */
  const text = (column: string, at: number, most = 200_000): string => {
    const mark = `#${column}${at}#`
    const value = `${[...(attacks[at] ?? '')].slice(0, most).join('')}${mark}`
    stored.set(mark, value)
    return value
  }
  const client = new pg.Client({ connectionString: server.url(server.superuser, database) })
  await client.connect()
  const login = `::error::\u001b[2J\u202e=${randomUUID().slice(0, 8)}`
  const world = { sessions: [], ended: [], users: [], emails: [], grants: [], jtis: [] } as Record<
    'sessions' | 'ended' | 'users' | 'emails' | 'grants' | 'jtis',
    string[]
  >
  try {
    await client.query(`create role ${client.escapeIdentifier(login)} login password '${password}'`)
    await client.query('select meander.add_operator($1, $2, null)', [login, people.liv.id])
    await client.query("begin; set local session_replication_role = 'replica'")
    await client.query('update meander.organizations set name = $1 where id = $2', [
      text('organization', 0),
      organizations.hlf,
    ])
    for (const at of attacks.keys()) {
      const [user, session, ended, grant, jti] = Array.from({ length: 5 }, () => randomUUID()) as [
        string,
        string,
        string,
        string,
        string,
      ]
      const email = `${text('email', at, 100).replace(/[A-Z]/g, (letter) => letter.toLowerCase())}@hlf.example`
      stored.set(`#email${at}#`, email)
      await client.query(
        `insert into meander.users (id, organization_id, email, display_name, role) values ($1, $2, $3, $4, 'member')`,
        [user, organizations.hlf, email, text('name', at)],
      )
      await client.query(
        `insert into meander.support_access_grants (id, organization_id, grantee_user_id, granted_by, reason, ticket, created_at,
           expires_at, revoked_at, revoked_by, revoke_reason)
         values ($1, $2, $3, $4, $5, $6, now() - interval '2 hours', now() + interval '1 hour', now(), $7, $8)`,
        [
          ...[grant, organizations.hlf, people.gro.id, text('grantedby', at), text('grantreason', at)],
          ...[text('grantticket', at), text('grantrevokedby', at), text('grantrevokereason', at)],
        ],
      )
      for (const [id, by, why] of [
        [session, null, null],
        [ended, text('revokedby', at), text('revokereason', at)],
      ] as const) {
        const which = by === null ? '' : 'e'
        await client.query(
          `insert into meander.sessions (id, user_id, organization_id, kind, device_type, device_name, user_agent, ip,
             created_at, last_activity_at, expires_at, revoked_at, revoked_by, revoke_reason)
           values ($1, $2, $3, 'mobile', $4, $5, $6, '::1', now() - interval '1 hour', now(), now() + interval '30 days',
             $7, $8, $9)`,
          [
            ...[id, user, organizations.hlf, text(`type${which}`, at), text(`device${which}`, at)],
            ...[text(`agent${which}`, at), by && new Date(), by, why],
          ],
        )
      }
      await client.query(
        `insert into meander.refresh_tokens (id, session_id, organization_id, token_hash, access_jti, access_expires_at)
         values (gen_random_uuid(), $1, $2, sha256(gen_random_uuid()::text::bytea), $3, now() + interval '14 minutes')`,
        [session, organizations.hlf, jti],
      )
      for (const [list, id] of Object.entries({
        sessions: session,
        ended,
        users: user,
        emails: email,
        grants: grant,
        jtis: jti,
      }))
        world[list as keyof typeof world].push(id)
    }
    await client.query('commit')
    // As no function of ours lets anybody write it, and yet with hashes that fit.
    await client.query(
      `select meander.append_audit_events(array(select (row($1::uuid, e ->> 0, e ->> 1, e ->> 2, e ->> 3, e ->> 4, null,
         jsonb_build_object('sessions', jsonb_build_array(e ->> 5), e ->> 5, 1)))::meander.audit_event
         from jsonb_array_elements($2) as e))`,
      [
        organizations.hlf,
        JSON.stringify(
          attacks.map((_, at) => [
            ...[text('action', at, 1000), text('targettype', at, 1000), text('target', at, 1000)],
            ...[text('reason', at), text('ticket', at, 1000), text('details', at)],
          ]),
        ),
      ],
    )
  } finally {
    await client.end()
  }
  return { database, login, stored, ...world }
}

/** Takes back what belongs to the cluster. */
export const endHostileWorld = async (
  server: PostgresServer,
  { database, login }: HostileWorld,
): Promise<void> => {
  const name = pg.escapeIdentifier(login)
  await server.query(`drop owned by ${name}; drop role ${name}`, [], database)
}
