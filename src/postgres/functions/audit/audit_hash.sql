-- One link of the chain: sha256 over a domain tag, the previous hash, the position and every field, each as
-- its UTF-8 bytes behind a four-byte length (ffffffff for null), the moment as int8 microseconds.
create or replace function meander.audit_hash(
  p_prev_hash bytea,
  p_organization_id uuid,
  p_seq bigint,
  p_at timestamptz,
  p_fields text[]
)
returns bytea
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select sha256(
    convert_to('meander.audit.1', 'UTF8')
    || p_prev_hash
    || uuid_send(p_organization_id)
    || int8send(p_seq)
    || int8send((extract(epoch from p_at) * 1000000)::bigint)
    || (
      select string_agg(
        case
          when f.value is null then int4send(-1)
          else int4send(octet_length(convert_to(f.value, 'UTF8'))) || convert_to(f.value, 'UTF8')
        end, ''::bytea order by f.position)
      from unnest(p_fields) with ordinality as f (value, position)
    )
  )
$$;
alter function meander.audit_hash owner to meander_audit;
