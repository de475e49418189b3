-- A policy after some of its limits were changed. Whole seconds are kept, never days or months: what a day is would
-- depend on the time zone of whoever asks when a session ends.
-- p_changes: any of idleTimeout, absoluteLifetime, maxSupportAccess: an ISO 8601 duration (PT15M) of 1 second to 100
--   years, or null, which lifts the limit. What is left out stays.
-- Raises MC400.
create or replace function meander.changed_policy(p_policy meander.organization_settings, p_changes jsonb)
returns meander.organization_settings
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The platform writes a session's activity once a minute at most: a shorter idle timeout would end sessions that
  -- are in use.
  v_activity_granularity constant interval := '60 seconds';
  v_name text;
  v_value interval;
begin
  perform meander.check_selector(p_changes, array['idleTimeout', 'absoluteLifetime', 'maxSupportAccess']);
  if p_changes = '{}' then
    raise exception using errcode = 'MC400', message = 'at least one limit is required';
  end if;
  for v_name in select jsonb_object_keys(p_changes) loop
    -- PostgreSQL reads much as an interval, brackets and all: only ISO 8601 is meant here.
    if p_changes ->> v_name not like 'P%' then
      raise exception using errcode = 'MC400', message = 'not a duration';
    end if;
    begin
      v_value := make_interval(secs => floor(extract(epoch from (p_changes ->> v_name)::interval)));
    exception
      when invalid_datetime_format or datetime_field_overflow or interval_field_overflow or invalid_text_representation
        or numeric_value_out_of_range or invalid_parameter_value then
        raise exception using errcode = 'MC400', message = 'not a duration';
    end;
    if v_value not between interval '1 second' and make_interval(hours => 24 * 36525) then
      raise exception using errcode = 'MC400', message = 'a limit is 1 second to 100 years';
    end if;
    case v_name
      when 'idleTimeout' then
        p_policy.idle_timeout := case when v_value is not null then greatest(v_value, v_activity_granularity) end;
      when 'absoluteLifetime' then p_policy.absolute_lifetime := v_value;
      when 'maxSupportAccess' then p_policy.max_support_access := v_value;
    end case;
  end loop;
  return p_policy;
end
$$;
alter function meander.changed_policy owner to meander_functions;
