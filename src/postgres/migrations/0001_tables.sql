-- The tables. Every scoped table carries its organization, so that policies and indexes can lead with it;
-- composite keys tie each row to a parent of the same organization.

create table meander.organizations (
  id uuid not null default gen_random_uuid(),
  slug text not null,
  name text not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint organizations_pkey primary key (id),
  constraint organizations_slug_unique unique (slug),
  constraint organizations_slug_shape check (slug collate "C" ~ '^[a-z0-9][a-z0-9-]{0,62}$')
);
comment on table meander.organizations is 'Tenants, and the platform itself (slug platform, nil id): home of staff''s own sessions and of acts that concern no tenant.';

create table meander.organization_settings (
  organization_id uuid not null,
  idle_timeout interval,
  absolute_lifetime interval,
  max_support_access interval,
  updated_at timestamptz not null default clock_timestamp(),
  constraint organization_settings_pkey primary key (organization_id),
  constraint organization_settings_organization_fkey foreign key (organization_id) references meander.organizations (id),
  constraint organization_settings_idle_timeout_positive check (idle_timeout > interval '0'),
  constraint organization_settings_absolute_lifetime_positive check (absolute_lifetime > interval '0'),
  constraint organization_settings_max_support_access_positive check (max_support_access > interval '0')
);
comment on table meander.organization_settings is 'Session policy. No row or null means: no idle timeout, no absolute lifetime, 72 h of support access.';

create table meander.users (
  id uuid not null default gen_random_uuid(),
  organization_id uuid,
  email text collate "C" not null,
  display_name text not null,
  role text not null,
  status text not null default 'active',
  deactivated_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  constraint users_pkey primary key (id),
  constraint users_organization_fkey foreign key (organization_id) references meander.organizations (id),
  constraint users_email_unique_in_organization unique nulls not distinct (organization_id, email),
  constraint users_email_lower_case check (email !~ '[A-Z]' and email <> ''),
  constraint users_role_known check (role in ('member', 'peer_mentor', 'coordinator', 'org_admin', 'global_admin')),
  constraint users_global_admin_in_no_tenant check ((role = 'global_admin') = (organization_id is null)),
  constraint users_status_known check (status in ('active', 'deactivated')),
  constraint users_deactivated_has_moment check ((status = 'deactivated') = (deactivated_at is not null))
);
comment on table meander.users is 'People on the platform. E-mail addresses are stored in lower case (ASCII), unique in their organization.';

create table meander.support_access_grants (
  id uuid not null default gen_random_uuid(),
  organization_id uuid not null,
  grantee_user_id uuid not null,
  granted_by text not null,
  reason text not null,
  ticket text,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_by text,
  revoke_reason text,
  created_xid xid8 not null default pg_current_xact_id(),
  constraint support_access_grants_pkey primary key (id),
  constraint support_access_grants_organization_fkey foreign key (organization_id) references meander.organizations (id),
  constraint support_access_grants_grantee_fkey foreign key (grantee_user_id) references meander.users (id),
  constraint support_access_grants_key unique (id, organization_id, grantee_user_id),
  constraint support_access_grants_ends_after_start check (expires_at > created_at),
  constraint support_access_grants_revoked_whole check ((revoked_at is null) = (revoked_by is null))
);
comment on table meander.support_access_grants is 'An organization''s permission for one global admin, until a moment.';
comment on column meander.support_access_grants.created_xid is 'A grant counts only in transactions after the one that made it.';
create index support_access_grants_grantee on meander.support_access_grants (grantee_user_id, organization_id);
create index support_access_grants_organization on meander.support_access_grants (organization_id, created_at desc, id);

create table meander.sessions (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  organization_id uuid not null,
  kind text not null,
  device_type text,
  device_name text,
  user_agent text,
  ip inet,
  created_at timestamptz not null default clock_timestamp(),
  last_activity_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  support_access_grant_id uuid,
  revoked_at timestamptz,
  revoked_by text,
  revoke_reason text,
  constraint sessions_pkey primary key (id),
  constraint sessions_key unique (id, organization_id),
  constraint sessions_user_fkey foreign key (user_id) references meander.users (id),
  constraint sessions_organization_fkey foreign key (organization_id) references meander.organizations (id),
  constraint sessions_grant_fkey foreign key (support_access_grant_id, organization_id, user_id)
    references meander.support_access_grants (id, organization_id, grantee_user_id),
  constraint sessions_kind_known check (kind in ('mobile', 'portal')),
  constraint sessions_ip_is_one_address check (ip is null or masklen(ip) = case family(ip) when 4 then 32 else 128 end),
  constraint sessions_revoked_whole check ((revoked_at is null) = (revoked_by is null))
);
comment on table meander.sessions is 'One login each: mobile (JWT and refresh tokens) or portal (HTTP-only cookie over this record).';
create index sessions_live_by_activity on meander.sessions (organization_id, last_activity_at desc, id) where revoked_at is null;
create index sessions_by_creation on meander.sessions (organization_id, created_at desc, id);
create index sessions_user on meander.sessions (user_id, organization_id);
create index sessions_grant on meander.sessions (support_access_grant_id) where support_access_grant_id is not null;

create table meander.refresh_tokens (
  id uuid not null default gen_random_uuid(),
  session_id uuid not null,
  organization_id uuid not null,
  parent_id uuid,
  token_hash bytea not null,
  access_jti uuid not null,
  access_expires_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  rotated_at timestamptz,
  revoked_at timestamptz,
  constraint refresh_tokens_pkey primary key (id),
  constraint refresh_tokens_session_fkey foreign key (session_id, organization_id) references meander.sessions (id, organization_id),
  constraint refresh_tokens_parent_unique unique (parent_id),
  constraint refresh_tokens_hash_unique unique (token_hash),
  constraint refresh_tokens_jti_unique unique (access_jti),
  constraint refresh_tokens_parent_fkey foreign key (parent_id) references meander.refresh_tokens (id),
  constraint refresh_tokens_access_15_minutes check (access_expires_at <= created_at + interval '15 minutes')
);
comment on table meander.refresh_tokens is 'The chain that rotation produced for each session. The row without rotated_at and revoked_at is the one that still refreshes.';
create index refresh_tokens_session on meander.refresh_tokens (session_id);

create table meander.token_blocklist (
  jti uuid not null,
  session_id uuid not null,
  organization_id uuid not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  constraint token_blocklist_pkey primary key (jti),
  constraint token_blocklist_session_fkey foreign key (session_id, organization_id) references meander.sessions (id, organization_id)
);
comment on table meander.token_blocklist is 'Access tokens of ended sessions until they expire: the truth, and the outbox for Redis (published_at is null).';
create index token_blocklist_session on meander.token_blocklist (session_id);
create index token_blocklist_pending on meander.token_blocklist (organization_id, expires_at) where published_at is null;

create table meander.audit_heads (
  organization_id uuid not null,
  seq bigint not null default 0,
  hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000',
  constraint audit_heads_pkey primary key (organization_id),
  constraint audit_heads_organization_fkey foreign key (organization_id) references meander.organizations (id)
);
comment on table meander.audit_heads is 'The last position of each organization''s chain; its row lock orders the writers.';

create table meander.audit_log (
  organization_id uuid not null,
  seq bigint not null,
  at timestamptz not null,
  actor text not null,
  actor_user_id uuid,
  action text not null,
  target_type text not null,
  target_id text not null,
  reason text,
  ticket text,
  request_id uuid,
  details jsonb not null default '{}',
  prev_hash bytea not null,
  hash bytea not null,
  constraint audit_log_pkey primary key (organization_id, seq),
  constraint audit_log_organization_fkey foreign key (organization_id) references meander.organizations (id),
  constraint audit_log_seq_from_one check (seq >= 1)
);
comment on table meander.audit_log is 'The record: append-only, one hash chain per organization.';
create index audit_log_target on meander.audit_log (organization_id, target_id, seq);
create index audit_log_ticket on meander.audit_log (organization_id, ticket, seq) where ticket is not null;

create table meander.operators (
  login text not null,
  login_oid oid not null,
  user_id uuid not null,
  role text,
  created_at timestamptz not null default clock_timestamp(),
  disabled_at timestamptz,
  constraint operators_pkey primary key (login),
  constraint operators_login_oid_unique unique (login_oid),
  constraint operators_user_fkey foreign key (user_id) references meander.users (id),
  constraint operators_role_known check (role = 'auditor')
);
comment on table meander.operators is 'Which PostgreSQL login acts for which platform user. The oid counts: a login dropped and made again inherits nothing.';
create index operators_user on meander.operators (user_id);

create table meander.intents (
  id uuid not null default gen_random_uuid(),
  organization_id uuid not null,
  login_oid oid not null,
  function text not null,
  arguments jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  created_xid xid8 not null default pg_current_xact_id(),
  constraint intents_pkey primary key (id),
  constraint intents_organization_fkey foreign key (organization_id) references meander.organizations (id)
);
comment on table meander.intents is 'What a global admin said before reading or acting under a grant; serves that login and call for 15 minutes. The audit event beside it says why.';
create index intents_login on meander.intents (login_oid, organization_id, created_at desc);

create table meander.requests (
  login text not null,
  request_id uuid not null,
  command text not null,
  arguments jsonb not null,
  result jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint requests_pkey primary key (login, request_id)
);
comment on table meander.requests is 'Results of commands that carried a request id, for their repeats by the same login.';

create table meander.installation (
  only_row boolean not null default true,
  database_id uuid not null default gen_random_uuid(),
  blocklist_mode text not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint installation_pkey primary key (only_row),
  constraint installation_one_row check (only_row),
  constraint installation_blocklist_mode_known check (blocklist_mode in ('redis', 'database'))
);
comment on table meander.installation is 'What is true of this database as a whole. blocklist_mode says whether the platform reads Redis.';

-- What list_sessions and its kin return: the contract's fields, in the contract's order.
create type meander.session_record as (
  id uuid,
  user_id uuid,
  user_email text,
  user_name text,
  organization_id uuid,
  organization text,
  kind text,
  device_type text,
  device_name text,
  user_agent text,
  ip inet,
  created_at timestamptz,
  last_activity_at timestamptz,
  expires_at timestamptz,
  effective_expires_at timestamptz,
  state text,
  support_access_grant_id uuid,
  revoked_at timestamptz,
  revoked_by text,
  revoke_reason text
);

-- Who calls, as current_operator() found it.
create type meander.operator_identity as (
  login text,
  login_oid oid,
  user_id uuid,
  organization_id uuid,
  home_id uuid,
  role text
);

-- One event to append: what the caller of append_audit_events decides.
create type meander.audit_event as (
  organization_id uuid,
  action text,
  target_type text,
  target_id text,
  reason text,
  ticket text,
  request_id uuid,
  details jsonb
);

-- What end_sessions did to one session.
create type meander.ended_session as (
  session_id uuid,
  organization_id uuid,
  user_id uuid,
  prior_state text,
  refresh_tokens integer,
  access_tokens integer
);

-- What a caller may change, as authorize_change() found it; refusal says why it may change nothing.
create type meander.change_access as (
  login text,
  user_id uuid,
  home_id uuid,
  role text,
  organizations uuid[],
  refusal text
);
