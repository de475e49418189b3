-- Lets one global admin into the caller's own organization until a moment. An org admin's alone: nobody grants to
-- themselves, and nobody opens another's door.
-- p_organization: the own one by slug or id, or null; p_grantee: e-mail or id; p_expires: a timestamp, or an
-- ISO 8601 duration ahead (PT4H), no further than the organization's max_support_access (72 h when it is null).
-- Several grants to one person may overlap; each stands alone.
-- Returns {grant}, or {refused}: MC403 for any other role or an end too far ahead, MC404 for an organization or a
-- grantee that is not there (unknown or foreign, alike); recorded on the caller's own chain.
-- Raises MC400 (also an end that is not ahead), MC401, MC412.
create or replace function meander.create_grant(
  p_organization text,
  p_grantee text,
  p_expires text,
  p_reason text,
  p_ticket text,
  p_request_id uuid
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '5s'
as $$
declare
  v_operator meander.operator_identity := meander.current_operator();
  v_at timestamptz := clock_timestamp();
  v_expires timestamptz;
  v_longest interval;
  v_seconds bigint;
  v_organization uuid;
  v_grantee uuid;
  v_grant uuid;
  v_code text := 'MC403';
  v_refusal text;
begin
  perform meander.check_reason(p_reason, p_ticket);
  if v_operator.login is null then
    raise exception using errcode = 'MC401', message = 'this login is no enabled operator of an active user';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'MC412', message = 'changes run at isolation level read committed only';
  elsif p_grantee is null or p_expires is null or length(p_grantee) > 320 or length(p_organization) > 320
    or length(p_expires) > 100 then
    raise exception using errcode = 'MC400', message = 'a grant names a person and an end';
  end if;
  v_expires := meander.moment_ahead(p_expires, v_at);

  if v_operator.role <> 'org_admin' then
    v_refusal := 'only an org admin gives support access, and only to the own organization';
  else
    select o.id into v_organization
    from meander.organizations o
    where o.id = v_operator.organization_id
      and (p_organization is null or o.slug = p_organization or o.id::text = p_organization);
    v_grantee := meander.find_staff(p_grantee);
    if v_organization is null then
      v_code := 'MC404';
      v_refusal := 'no such organization within your reach';
    elsif v_grantee is null then
      v_code := 'MC404';
      v_refusal := 'no such global admin';
    else
      if v_expires <= v_at then
        raise exception using errcode = 'MC400', message = 'a grant ends in the future';
      end if;
      v_longest := coalesce((
        select p.max_support_access from meander.organization_settings p where p.organization_id = v_organization),
        interval '72 hours');
      if v_expires > v_at + v_longest then
        v_seconds := extract(epoch from v_longest);
        v_refusal := 'this organization allows support access for at most ' || case
          when v_seconds % 3600 = 0 then v_seconds / 3600 || ' h'
          when v_seconds % 60 = 0 then v_seconds / 60 || ' min'
          else v_seconds || ' s'
        end;
      end if;
    end if;
  end if;
  if v_refusal is not null then
    perform meander.append_audit_events(array[
      row(v_operator.home_id, 'grant.create_refused', 'user',
        coalesce(v_grantee::text, meander.named_by_id(p_grantee, v_operator.organization_id)), p_reason, p_ticket, p_request_id,
        jsonb_build_object('refused', v_code, 'organization', p_organization, 'expires', p_expires)
      )::meander.audit_event]);
    return meander.refusal(v_code, v_refusal);
  end if;

  insert into meander.support_access_grants
    (organization_id, grantee_user_id, granted_by, reason, ticket, created_at, expires_at)
  values (v_organization, v_grantee, session_user, p_reason, p_ticket, v_at, v_expires)
  returning id into v_grant;
  perform meander.append_audit_events(array[
    row(v_organization, 'grant.created', 'grant', v_grant::text, p_reason, p_ticket, p_request_id,
      jsonb_build_object('granteeUserId', v_grantee, 'expiresAt', v_expires))::meander.audit_event]);
  return jsonb_build_object('grant', (select to_jsonb(r) from meander.grant_records(array[v_grant], v_at) r));
end
$$;
alter function meander.create_grant owner to meander_functions;
grant execute on function meander.create_grant to meander_operator;
