-- What a watch asks for again and again: which refresh tokens are new, and which sessions have reached their end.
create index refresh_tokens_by_creation on meander.refresh_tokens (organization_id, created_at);
create index sessions_by_expiry on meander.sessions (organization_id, expires_at) where revoked_at is null;
