-- What an investigation asks for: who was at an address, and which sessions were ended lately.
create index sessions_by_address on meander.sessions (organization_id, ip) where ip is not null;
create index sessions_by_revocation on meander.sessions (organization_id, revoked_at, id) where revoked_at is not null;
