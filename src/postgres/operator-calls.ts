/** What a call may name: the things of one organization, or ones that nobody has. */
export interface Names {
  readonly organization: string
  readonly slug: string
  readonly user: string
  readonly email: string
  readonly login: string
  readonly session: string
  readonly grant: string
  readonly jti: string
  readonly request: string
  readonly ticket: string
}

export type Arguments = Readonly<Record<string, unknown>>

const selecting = (selector: object, others: Arguments): Arguments => ({
  p_selector: JSON.stringify(selector),
  ...others,
})
const page = { p_sort: 'created', p_after_at: null, p_after_id: null, p_limit: 100 }
const changes = { p_since: null, p_running: '{}', p_after_at: null, p_after_key: null, p_limit: 100 }
const people = (user: string): Arguments => ({
  p_users: [user],
  p_reasons: ['why not'],
  p_tickets: [null],
  p_request_id: null,
})
const reason = { p_reason: 'why not', p_ticket: null, p_request_id: null }

const sessionSelectors = (names: Names): object[] => [
  { organization: names.slug, state: 'any' },
  { organization: names.organization, state: 'any' },
  { ids: [names.session], state: 'any' },
  { grant: names.grant, state: 'any' },
]

const readSelectors = (names: Names): object[] => [
  ...sessionSelectors(names),
  { user: names.user, state: 'any' },
  { user: names.email, state: 'any' },
  { organization: names.slug, user: names.email },
]

/**
 * Every function that an operator may execute, with the calls that try to reach what `names` names: for
 * `doctor isolation` and for the tests. A function that is missing here fails the test of escapes. None may change
 * anything where the names are foreign or nobody's.
 */
export const operatorCalls: Readonly<Record<string, (names: Names) => Arguments[]>> = {
  begin_plan: ({ request }) => [
    { p_plan: request, p_sha256: '0'.repeat(64), p_targets_sha256: '0'.repeat(64) },
  ],
  blocklist_status: () => [{}],
  checkpoint_audit: ({ slug, organization }) =>
    [slug, organization].map((name) => ({
      p_organization: name,
      p_key_id: `SHA256:${'A'.repeat(43)}`,
      p_reason: 'why not',
      p_ticket: null,
    })),
  calls_on_record: () => [{}],
  check_token: ({ jti }) => [{ p_jti: jti }],
  create_plan: (names) =>
    [names.slug, names.organization].flatMap((organization) =>
      (
        [
          ['revoke_sessions', names.session],
          ['offboard_users', names.user],
        ] as const
      ).map(([act, target]) => ({
        p_plan: names.request,
        p_organization: organization,
        p_act: act,
        p_targets: [target],
        p_sha256: '0'.repeat(64),
        p_expires: new Date(Date.now() + 60_000),
        p_reason: 'why not',
        p_ticket: null,
      })),
    ),
  database_identity: () => [{}],
  finish_plan: ({ request }) => [{ p_plan: request }],
  claim_blocklist: ({ jti }) => [{ p_limit: 100 }, { p_limit: 100, p_after_at: 0, p_after_jti: jti }],
  claim_tokens: ({ session }) => [
    { p_sessions: [session], p_limit: 100, p_after_at: null, p_after_jti: null },
  ],
  find_users: ({ user, email, slug, organization }) => [
    { p_names: [user], p_organization: null },
    { p_names: [email], p_organization: null },
    { p_names: [email], p_organization: slug },
    { p_names: [email], p_organization: organization },
  ],
  get_grant: ({ grant }) => [{ p_grant: grant }],
  get_own_session: ({ session }) => [{ p_session: session }],
  get_policy: ({ slug, organization }) => [{ p_organization: slug }, { p_organization: organization }],
  get_session: ({ session }) => [{ p_session: session }],
  get_trace: ({ slug, organization, user, email, session, jti }) => [
    ...[user, email, session, jti].map((fact) => ({
      p_fact: fact,
      p_window: 'P30D',
      p_organization: null,
    })),
    { p_fact: '0.0.0.0/0', p_window: 'P30D', p_organization: slug },
    { p_fact: 'phone', p_window: 'P30D', p_organization: organization },
    { p_fact: '203.0.113.77', p_window: 'P30D', p_organization: null },
  ],
  get_user: ({ user, email }) => [{ p_user: user }, { p_user: email }],
  last_checkpoints: () => [{}],
  list_audit_events: (names) =>
    [
      { organization: names.slug },
      { organization: names.organization },
      { target: names.session },
      { target: names.user },
      { actor: names.login },
      { ticket: names.ticket },
    ].map((selector) =>
      selecting(selector, { p_after_at: null, p_after_organization: null, p_after_seq: null, p_limit: 100 }),
    ),
  list_audit_heads: ({ slug, organization }) => [{ p_organization: slug }, { p_organization: organization }],
  list_blocked_tokens: () =>
    [true, false].map((publishable) => ({
      p_publishable: publishable,
      p_after_organization: null,
      p_after_at: null,
      p_after_jti: null,
      p_limit: 100,
    })),
  list_grants: (names) =>
    [
      { organization: names.slug, state: 'any' },
      { organization: names.organization, state: 'any' },
      { to: names.user, state: 'any' },
      { to: names.email, state: 'any' },
    ].map((selector) => selecting(selector, { p_after_at: null, p_after_id: null, p_limit: 100 })),
  list_own_session_changes: (names) =>
    [{ organization: names.slug }, { organization: names.organization }, { grant: names.grant }].map(
      (selector) => selecting(selector, changes),
    ),
  list_own_sessions: (names) => sessionSelectors(names).map((selector) => selecting(selector, page)),
  list_session_changes: (names) =>
    [
      { organization: names.slug },
      { organization: names.organization },
      { user: names.user },
      { user: names.email },
      { grant: names.grant },
    ].map((selector) => selecting(selector, changes)),
  list_sessions: (names) => readSelectors(names).map((selector) => selecting(selector, page)),
  list_users: (names) =>
    [
      { organization: names.slug },
      { organization: names.organization },
      { search: names.email },
      // All but the end: the beginning alone may be the own people's as well.
      { search: names.email.slice(0, -1) },
    ].map((selector) => selecting(selector, { p_after_email: null, p_after_id: null, p_limit: 100 })),
  lock_holders: () => [{ p_pid: 1 }],
  mark_published: ({ jti }) => [{ p_jtis: [jti] }],
  offboard_users: ({ user }) => [people(user)],
  own_session_stats: (names) => sessionSelectors(names).map((selector) => selecting(selector, {})),
  read_audit_chain: (names) =>
    [
      { organization: names.slug },
      { organization: names.organization },
      { organization: names.organization, target: names.user },
    ].map((selector) => selecting(selector, { p_from_seq: null, p_skip: 0, p_limit: 100 })),
  recall_result: ({ request }) => [
    { p_request_id: request, p_command: 'sessions.revoke', p_arguments: '{}' },
  ],
  record_intent: (names) =>
    [names.slug, names.organization].map((organization) => ({
      p_organization: organization,
      p_function: 'get_session',
      p_arguments: JSON.stringify({ session: names.session }),
      p_reason: 'why not',
      p_ticket: null,
    })),
  refused_offboardings: ({ user }) => [{ p_users: [user] }],
  reinstate_users: ({ user }) => [people(user)],
  remember_result: ({ request }) => [
    { p_request_id: request, p_command: 'sessions.revoke', p_arguments: '{}', p_result: '{}' },
  ],
  residual_access: ({ session }) => [{ p_sessions: [session] }],
  revoke_grants: ({ grant }) => [{ p_grants: [grant], ...reason }],
  revoke_own_sessions: ({ session }) => [{ p_sessions: [session], ...reason }],
  revoke_sessions: ({ session }) => [{ p_sessions: [session], ...reason }],
  schema_version: () => [{}],
  session_stats: (names) => readSelectors(names).map((selector) => selecting(selector, {})),
  set_policy: ({ slug, organization }) =>
    [slug, organization].map((name) => ({
      p_organization: name,
      p_changes: JSON.stringify({ absoluteLifetime: 'PT87600H' }),
      ...reason,
    })),
  sign_out_users: ({ user }) => [people(user)],
  terminate_grantees: ({ grant }) => [{ p_grants: [grant] }],
  sweep_sessions: ({ slug, organization, session }) =>
    [null, { organization, at: 0, id: session }].flatMap((after) =>
      [slug, organization].map((name) => ({
        p_organization: name,
        p_after: after && JSON.stringify(after),
        p_limit: 100,
        ...reason,
      })),
    ),
  verify_users: ({ user }) => [{ p_users: [user] }],
  whoami: () => [{}],
  // The last: what it is refused names a user, and the calls above look for what is about that user. Never somebody
  // who could be let in: these calls are to change nothing.
  create_grant: ({ slug, organization, user }) =>
    [slug, organization].map((name) => ({
      p_organization: name,
      p_grantee: user,
      p_expires: 'PT1H',
      ...reason,
    })),
}

/** The statement that makes a call, and its values. */
export const callOf = (name: string, args: Arguments): [text: string, values: unknown[]] => [
  `select * from meander.${name}(${Object.keys(args)
    .map((key, index) => `${key} => $${index + 1}`)
    .join(', ')})`,
  Object.values(args),
]
