-- Acts that were planned by one operator and are carried out by the same or another.
create table meander.plans (
  organization_id uuid not null,
  id uuid not null,
  act text not null,
  targets uuid[] not null,
  sha256 text not null,
  reason text not null,
  ticket text,
  author text not null,
  author_user_id uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  started_at timestamptz,
  applied_by text,
  finished_at timestamptz,
  constraint plans_pkey primary key (organization_id, id),
  constraint plans_organization_fkey foreign key (organization_id) references meander.organizations (id),
  constraint plans_act_known check (act in ('revoke_sessions', 'offboard_users')),
  constraint plans_started_whole check ((started_at is null) = (applied_by is null)),
  constraint plans_finished_after_start check (finished_at is null or started_at is not null)
);
comment on table meander.plans is 'Frozen sets of sessions or users: the file beside it is the same to the byte (sha256), or an edit shows.';
