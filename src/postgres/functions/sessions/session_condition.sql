-- Which sessions a selector means, but for their state: the condition on session_details s that every list and count
-- puts into its query, so that they cannot disagree. $4 to $14 are the values of session_filter() from p_user on.
create or replace function meander.session_condition()
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select $condition$
    ($4 is null or s.user_id = $4)
    and ($5 is null or s.id = any ($5))
    and ($6 is null or s.kind = $6)
    and ($7 is null or position($7 in lower(concat_ws(E'\n', s.device_type, s.device_name) collate "C")) > 0)
    and ($8 is null or position($8 in lower(s.user_agent collate "C")) > 0)
    and ($9 is null or s.ip >= host(network($9))::inet and s.ip <= host(broadcast($9))::inet)
    and ($10 is null or s.support_access_grant_id = $10)
    and ($11 is null or s.last_activity_at < $11)
    and ($12 is null or s.last_activity_at >= $12)
    and ($13 is null or s.created_at < $13)
    and ($14 is null or s.created_at > $14)
  $condition$
$$;
alter function meander.session_condition owner to meander_functions;
grant execute on function meander.session_condition to meander_system;
