-- The blocked tokens that still count, organization by organization: what fills Redis anew, and what is compared with it.
create index token_blocklist_live on meander.token_blocklist (organization_id, expires_at, jti);

-- Another server than these, or one that started anew, may have lost what was published.
alter table meander.installation add column redis_run_ids text[] not null default '{}';
comment on column meander.installation.redis_run_ids is 'The Redis servers (run_id of INFO) that were last known to hold every blocked token; empty: none was filled yet.';
