

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA meander;

ALTER SCHEMA meander OWNER TO meander_owner;

CREATE TYPE meander.audit_event AS (
	organization_id uuid,
	action text,
	target_type text,
	target_id text,
	reason text,
	ticket text,
	request_id uuid,
	details jsonb
);

ALTER TYPE meander.audit_event OWNER TO meander_owner;

CREATE TYPE meander.change_access AS (
	login text,
	user_id uuid,
	home_id uuid,
	role text,
	organizations uuid[],
	refusal text
);

ALTER TYPE meander.change_access OWNER TO meander_owner;

CREATE TYPE meander.ended_session AS (
	session_id uuid,
	organization_id uuid,
	user_id uuid,
	prior_state text,
	refresh_tokens integer,
	access_tokens integer
);

ALTER TYPE meander.ended_session OWNER TO meander_owner;

CREATE TYPE meander.operator_identity AS (
	login text,
	login_oid oid,
	user_id uuid,
	organization_id uuid,
	home_id uuid,
	role text
);

ALTER TYPE meander.operator_identity OWNER TO meander_owner;

CREATE TYPE meander.session_record AS (
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
	created_at timestamp with time zone,
	last_activity_at timestamp with time zone,
	expires_at timestamp with time zone,
	effective_expires_at timestamp with time zone,
	state text,
	support_access_grant_id uuid,
	revoked_at timestamp with time zone,
	revoked_by text,
	revoke_reason text
);

ALTER TYPE meander.session_record OWNER TO meander_owner;

CREATE FUNCTION meander.access_token_deadline(p_session uuid) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.access_token_deadline(p_session uuid) OWNER TO meander_guard;

CREATE FUNCTION meander.add_operator(p_login text, p_user text, p_role text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.add_operator(p_login text, p_user text, p_role text) OWNER TO meander_registrar;

CREATE FUNCTION meander.append_audit_events(p_events meander.audit_event[], p_user uuid DEFAULT NULL::uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.append_audit_events(p_events meander.audit_event[], p_user uuid) OWNER TO meander_audit;

CREATE FUNCTION meander.audit_hash(p_prev_hash bytea, p_organization_id uuid, p_seq bigint, p_at timestamp with time zone, p_fields text[]) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.audit_hash(p_prev_hash bytea, p_organization_id uuid, p_seq bigint, p_at timestamp with time zone, p_fields text[]) OWNER TO meander_audit;

CREATE FUNCTION meander.auditable_organizations() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.auditable_organizations() OWNER TO meander_guard;

CREATE FUNCTION meander.authorize_audit(p_function text, p_arguments jsonb, p_organization text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.authorize_audit(p_function text, p_arguments jsonb, p_organization text) OWNER TO meander_functions;

CREATE FUNCTION meander.authorize_change(p_function text, p_arguments jsonb) RETURNS meander.change_access
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.authorize_change(p_function text, p_arguments jsonb) OWNER TO meander_guard;

CREATE FUNCTION meander.authorize_read(p_function text, p_arguments jsonb, p_organization text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.authorize_read(p_function text, p_arguments jsonb, p_organization text) OWNER TO meander_guard;

CREATE FUNCTION meander.begin_plan(p_plan uuid, p_sha256 text, p_targets_sha256 text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.begin_plan(p_plan uuid, p_sha256 text, p_targets_sha256 text) OWNER TO meander_functions;

CREATE FUNCTION meander.blocklist_status() RETURNS TABLE(mode text, live bigint, pending bigint, oldest_pending_at timestamp with time zone, everywhere boolean, redis_run_ids text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.blocklist_status() OWNER TO meander_functions;

CREATE FUNCTION meander.calls_on_record() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.calls_on_record() OWNER TO meander_guard;

CREATE FUNCTION meander.changeable_organizations() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.changeable_organizations() OWNER TO meander_guard;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE meander.organization_settings (
    organization_id uuid NOT NULL,
    idle_timeout interval,
    absolute_lifetime interval,
    max_support_access interval,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT organization_settings_absolute_lifetime_positive CHECK ((absolute_lifetime > '00:00:00'::interval)),
    CONSTRAINT organization_settings_idle_timeout_positive CHECK ((idle_timeout > '00:00:00'::interval)),
    CONSTRAINT organization_settings_max_support_access_positive CHECK ((max_support_access > '00:00:00'::interval))
);

ALTER TABLE ONLY meander.organization_settings FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.organization_settings OWNER TO meander_owner;

COMMENT ON TABLE meander.organization_settings IS 'Session policy. No row or null means: no idle timeout, no absolute lifetime, 72 h of support access.';

CREATE FUNCTION meander.changed_policy(p_policy meander.organization_settings, p_changes jsonb) RETURNS meander.organization_settings
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.changed_policy(p_policy meander.organization_settings, p_changes jsonb) OWNER TO meander_functions;

CREATE FUNCTION meander.check_limit(p_limit integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.check_limit(p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.check_people(p_users uuid[], p_reasons text[], p_tickets text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.check_people(p_users uuid[], p_reasons text[], p_tickets text[]) OWNER TO meander_functions;

CREATE FUNCTION meander.check_reason(p_reason text, p_ticket text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.check_reason(p_reason text, p_ticket text) OWNER TO meander_functions;

CREATE FUNCTION meander.check_selector(p_selector jsonb, p_keys text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.check_selector(p_selector jsonb, p_keys text[]) OWNER TO meander_functions;

CREATE FUNCTION meander.check_targets(p_ids uuid[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.check_targets(p_ids uuid[]) OWNER TO meander_functions;

CREATE FUNCTION meander.check_token(p_jti uuid) RETURNS TABLE(jti uuid, session_id uuid, organization_id uuid, expires_at timestamp with time zone, remaining_ms bigint, published_at timestamp with time zone, mode text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.check_token(p_jti uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.checkpoint_audit(p_organization text, p_key_id text, p_reason text, p_ticket text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.checkpoint_audit(p_organization text, p_key_id text, p_reason text, p_ticket text) OWNER TO meander_functions;

CREATE FUNCTION meander.claim_blocklist(p_limit integer, p_after_at bigint DEFAULT NULL::bigint, p_after_jti uuid DEFAULT NULL::uuid) RETURNS TABLE(jti uuid, session_id uuid, expires_at timestamp with time zone, remaining_ms bigint, at bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.claim_blocklist(p_limit integer, p_after_at bigint, p_after_jti uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.claim_tokens(p_sessions uuid[], p_limit integer, p_after_at bigint, p_after_jti uuid) RETURNS TABLE(jti uuid, session_id uuid, expires_at timestamp with time zone, remaining_ms bigint, at bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.claim_tokens(p_sessions uuid[], p_limit integer, p_after_at bigint, p_after_jti uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.count_sessions(p_selector jsonb, p_organizations uuid[], p_own uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.count_sessions(p_selector jsonb, p_organizations uuid[], p_own uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.create_grant(p_organization text, p_grantee text, p_expires text, p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.create_grant(p_organization text, p_grantee text, p_expires text, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.create_plan(p_plan uuid, p_organization text, p_act text, p_targets uuid[], p_sha256 text, p_expires timestamp with time zone, p_reason text, p_ticket text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.create_plan(p_plan uuid, p_organization text, p_act text, p_targets uuid[], p_sha256 text, p_expires timestamp with time zone, p_reason text, p_ticket text) OWNER TO meander_functions;

CREATE FUNCTION meander.current_operator() RETURNS meander.operator_identity
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.current_operator() OWNER TO meander_guard;

CREATE FUNCTION meander.database_identity() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.database_identity() OWNER TO meander_functions;

CREATE FUNCTION meander.describe_operators(p_login text) RETURNS TABLE(login text, state text, role text, user_id uuid, user_email text, organization_id uuid, organization text, created_at timestamp with time zone, disabled_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.describe_operators(p_login text) OWNER TO meander_registrar;

CREATE FUNCTION meander.describe_session(p_session uuid, p_organizations uuid[], p_own uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.describe_session(p_session uuid, p_organizations uuid[], p_own uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.disable_operator(p_login text, p_reason text, p_ticket text, p_request_id uuid DEFAULT NULL::uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.disable_operator(p_login text, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_registrar;

CREATE FUNCTION meander.duration_text(p_duration interval) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.duration_text(p_duration interval) OWNER TO meander_functions;

CREATE FUNCTION meander.enable_operator(p_login text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.enable_operator(p_login text) OWNER TO meander_registrar;

CREATE FUNCTION meander.end_other_sessions(p_user uuid, p_session uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.end_other_sessions(p_user uuid, p_session uuid) OWNER TO meander_system;

CREATE FUNCTION meander.end_session(p_session uuid, p_cause text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.end_session(p_session uuid, p_cause text) OWNER TO meander_system;

CREATE FUNCTION meander.end_sessions(p_sessions uuid[], p_reasons text[]) RETURNS meander.ended_session[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS …;

ALTER FUNCTION meander.end_sessions(p_sessions uuid[], p_reasons text[]) OWNER TO meander_functions;

CREATE FUNCTION meander.end_user_session(p_user uuid, p_session uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.end_user_session(p_user uuid, p_session uuid) OWNER TO meander_system;

CREATE FUNCTION meander.end_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid, p_deactivate boolean) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.end_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid, p_deactivate boolean) OWNER TO meander_functions;

CREATE FUNCTION meander.find_fact(p_fact text, p_window interval, p_organizations uuid[], p_at timestamp with time zone, OUT kind text, OUT users uuid[], OUT sessions uuid[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET parallel_tuple_cost TO '0'
    AS …;

ALTER FUNCTION meander.find_fact(p_fact text, p_window interval, p_organizations uuid[], p_at timestamp with time zone, OUT kind text, OUT users uuid[], OUT sessions uuid[]) OWNER TO meander_functions;

CREATE TABLE meander.operators (
    login text NOT NULL,
    login_oid oid NOT NULL,
    user_id uuid NOT NULL,
    role text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    disabled_at timestamp with time zone,
    CONSTRAINT operators_role_known CHECK ((role = 'auditor'::text))
);

ALTER TABLE ONLY meander.operators FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.operators OWNER TO meander_owner;

COMMENT ON TABLE meander.operators IS 'Which PostgreSQL login acts for which platform user. The oid counts: a login dropped and made again inherits nothing.';

CREATE FUNCTION meander.find_operator(p_login text) RETURNS meander.operators
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.find_operator(p_login text) OWNER TO meander_registrar;

CREATE FUNCTION meander.find_staff(p_name text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.find_staff(p_name text) OWNER TO meander_guard;

CREATE FUNCTION meander.find_users(p_names text[], p_organization text) RETURNS TABLE(place bigint, user_id uuid, email text, name text, organization text, role text, status text, myself boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.find_users(p_names text[], p_organization text) OWNER TO meander_functions;

CREATE FUNCTION meander.finish_plan(p_plan uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.finish_plan(p_plan uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.forbid_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.forbid_change() OWNER TO meander_audit;

CREATE FUNCTION meander.get_grant(p_grant uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.get_grant(p_grant uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.get_own_session(p_session uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.get_own_session(p_session uuid) OWNER TO meander_system;

CREATE FUNCTION meander.get_policy(p_organization text) RETURNS TABLE(organization_id uuid, organization text, idle_timeout text, absolute_lifetime text, max_support_access text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.get_policy(p_organization text) OWNER TO meander_functions;

CREATE FUNCTION meander.get_session(p_session uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.get_session(p_session uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.get_trace(p_fact text, p_window text, p_organization text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

ALTER FUNCTION meander.get_trace(p_fact text, p_window text, p_organization text) OWNER TO meander_functions;

CREATE FUNCTION meander.get_user(p_user text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.get_user(p_user text) OWNER TO meander_functions;

CREATE FUNCTION meander.grant_intents(p_grants uuid[]) RETURNS TABLE(grant_id uuid, organization_id uuid, seq bigint, reads boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.grant_intents(p_grants uuid[]) OWNER TO meander_functions;

CREATE FUNCTION meander.grant_records(p_grants uuid[], p_at timestamp with time zone) RETURNS TABLE(id uuid, organization_id uuid, organization text, grantee_user_id uuid, grantee_email text, granted_by text, reason text, ticket text, created_at timestamp with time zone, expires_at timestamp with time zone, state text, revoked_at timestamp with time zone, revoked_by text, active_sessions bigint, sessions bigint, reads bigint, acts bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.grant_records(p_grants uuid[], p_at timestamp with time zone) OWNER TO meander_functions;

CREATE FUNCTION meander.grantable_organizations() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.grantable_organizations() OWNER TO meander_guard;

CREATE FUNCTION meander.granted_organizations() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.granted_organizations() OWNER TO meander_guard;

CREATE FUNCTION meander.grantee_logins(p_grants uuid[]) RETURNS oid[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.grantee_logins(p_grants uuid[]) OWNER TO meander_guard;

CREATE FUNCTION meander.guard_grant_ending() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.guard_grant_ending() OWNER TO meander_guard;

CREATE FUNCTION meander.guard_session_activity() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.guard_session_activity() OWNER TO meander_guard;

CREATE FUNCTION meander.guard_session_ending() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.guard_session_ending() OWNER TO meander_guard;

CREATE FUNCTION meander.guard_session_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.guard_session_insert() OWNER TO meander_guard;

CREATE FUNCTION meander.guard_token_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.guard_token_insert() OWNER TO meander_guard;

CREATE FUNCTION meander.guard_token_rotation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.guard_token_rotation() OWNER TO meander_guard;

CREATE FUNCTION meander.guard_user_status() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.guard_user_status() OWNER TO meander_guard;

CREATE FUNCTION meander.hold_session(p_session uuid) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    AS …;

ALTER FUNCTION meander.hold_session(p_session uuid) OWNER TO meander_guard;

CREATE FUNCTION meander.intended_organizations(p_function text, p_arguments jsonb) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.intended_organizations(p_function text, p_arguments jsonb) OWNER TO meander_guard;

CREATE FUNCTION meander.intent_arguments(p_arguments jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.intent_arguments(p_arguments jsonb) OWNER TO meander_guard;

CREATE FUNCTION meander.is_administrator() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.is_administrator() OWNER TO meander_guard;

CREATE FUNCTION meander.last_checkpoints() RETURNS TABLE(organization text, organization_id uuid, seq bigint, at timestamp with time zone, key_id text, head_seq bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.last_checkpoints() OWNER TO meander_functions;

CREATE FUNCTION meander.list_audit_events(p_selector jsonb, p_after_at bigint, p_after_organization uuid, p_after_seq bigint, p_limit integer) RETURNS TABLE(organization text, organization_id uuid, seq bigint, at timestamp with time zone, actor text, actor_user_id uuid, action text, target_type text, target_id text, reason text, ticket text, request_id uuid, details jsonb, prev_hash text, hash text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

ALTER FUNCTION meander.list_audit_events(p_selector jsonb, p_after_at bigint, p_after_organization uuid, p_after_seq bigint, p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.list_audit_heads(p_organization text) RETURNS TABLE(organization text, organization_id uuid, seq bigint, hash text, at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.list_audit_heads(p_organization text) OWNER TO meander_functions;

CREATE FUNCTION meander.list_blocked_tokens(p_publishable boolean, p_after_organization uuid, p_after_at bigint, p_after_jti uuid, p_limit integer) RETURNS TABLE(organization_id uuid, at bigint, jti uuid, session_id uuid, expires_at timestamp with time zone, remaining_ms bigint, published boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.list_blocked_tokens(p_publishable boolean, p_after_organization uuid, p_after_at bigint, p_after_jti uuid, p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.list_grants(p_selector jsonb, p_after_at bigint, p_after_id uuid, p_limit integer) RETURNS TABLE(id uuid, organization_id uuid, organization text, grantee_user_id uuid, grantee_email text, granted_by text, reason text, ticket text, created_at timestamp with time zone, expires_at timestamp with time zone, state text, revoked_at timestamp with time zone, revoked_by text, active_sessions bigint, sessions bigint, reads bigint, acts bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

ALTER FUNCTION meander.list_grants(p_selector jsonb, p_after_at bigint, p_after_id uuid, p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.list_operators() RETURNS TABLE(login text, state text, role text, user_id uuid, user_email text, organization_id uuid, organization text, created_at timestamp with time zone, disabled_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.list_operators() OWNER TO meander_registrar;

CREATE FUNCTION meander.list_own_session_changes(p_selector jsonb, p_since bigint, p_running jsonb, p_after_at bigint, p_after_key text, p_limit integer) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET jit TO 'off'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.list_own_session_changes(p_selector jsonb, p_since bigint, p_running jsonb, p_after_at bigint, p_after_key text, p_limit integer) OWNER TO meander_system;

CREATE FUNCTION meander.list_own_sessions(p_selector jsonb, p_sort text, p_after_at bigint, p_after_id uuid, p_limit integer, p_floor_at bigint DEFAULT NULL::bigint) RETURNS SETOF meander.session_record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.list_own_sessions(p_selector jsonb, p_sort text, p_after_at bigint, p_after_id uuid, p_limit integer, p_floor_at bigint) OWNER TO meander_system;

CREATE FUNCTION meander.list_session_changes(p_selector jsonb, p_since bigint, p_running jsonb, p_after_at bigint, p_after_key text, p_limit integer) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET jit TO 'off'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.list_session_changes(p_selector jsonb, p_since bigint, p_running jsonb, p_after_at bigint, p_after_key text, p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.list_sessions(p_selector jsonb, p_sort text, p_after_at bigint, p_after_id uuid, p_limit integer, p_floor_at bigint DEFAULT NULL::bigint) RETURNS SETOF meander.session_record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.list_sessions(p_selector jsonb, p_sort text, p_after_at bigint, p_after_id uuid, p_limit integer, p_floor_at bigint) OWNER TO meander_functions;

CREATE FUNCTION meander.list_user_sessions(p_user uuid) RETURNS SETOF meander.session_record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.list_user_sessions(p_user uuid) OWNER TO meander_system;

CREATE FUNCTION meander.list_users(p_selector jsonb, p_after_email text, p_after_id uuid, p_limit integer) RETURNS TABLE(id uuid, email text, name text, organization_id uuid, organization text, role text, status text, deactivated_at timestamp with time zone, active_sessions bigint, last_activity_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

ALTER FUNCTION meander.list_users(p_selector jsonb, p_after_email text, p_after_id uuid, p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.lock_holders(p_pid integer) RETURNS TABLE(login text, pid integer, since timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.lock_holders(p_pid integer) OWNER TO meander_signal;

CREATE FUNCTION meander.mark_published(p_jtis uuid[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.mark_published(p_jtis uuid[]) OWNER TO meander_functions;

CREATE FUNCTION meander.moment(p_value text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS …;

ALTER FUNCTION meander.moment(p_value text) OWNER TO meander_functions;

CREATE FUNCTION meander.moment_ahead(p_value text, p_from timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS …;

ALTER FUNCTION meander.moment_ahead(p_value text, p_from timestamp with time zone) OWNER TO meander_functions;

CREATE FUNCTION meander.named_by_id(p_name text, p_organization uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.named_by_id(p_name text, p_organization uuid) OWNER TO meander_guard;

CREATE FUNCTION meander.note_redis_filled(p_run_ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.note_redis_filled(p_run_ids text[]) OWNER TO meander_system;

CREATE FUNCTION meander.offboard_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) RETURNS jsonb
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.offboard_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.offboarding_refusals(p_users uuid[], p_organizations uuid[], p_me uuid) RETURNS TABLE(user_id uuid, message text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.offboarding_refusals(p_users uuid[], p_organizations uuid[], p_me uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.own_ended_sessions() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.own_ended_sessions() OWNER TO meander_guard;

CREATE FUNCTION meander.own_scope(OUT p_user uuid, OUT p_home uuid, OUT p_organizations uuid[]) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.own_scope(OUT p_user uuid, OUT p_home uuid, OUT p_organizations uuid[]) OWNER TO meander_guard;

CREATE FUNCTION meander.own_selection(p_selector jsonb, OUT p_user uuid, OUT p_organizations uuid[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.own_selection(p_selector jsonb, OUT p_user uuid, OUT p_organizations uuid[]) OWNER TO meander_system;

CREATE FUNCTION meander.own_session_stats(p_selector jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.own_session_stats(p_selector jsonb) OWNER TO meander_system;

CREATE FUNCTION meander.people_act(p_act text, p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    AS …;

ALTER FUNCTION meander.people_act(p_act text, p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.people_outcome(p_act text, p_ended boolean) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.people_outcome(p_act text, p_ended boolean) OWNER TO meander_functions;

CREATE FUNCTION meander.plain_address(p_address inet) RETURNS inet
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.plain_address(p_address inet) OWNER TO meander_guard;

CREATE TABLE meander.plans (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    act text NOT NULL,
    targets uuid[] NOT NULL,
    sha256 text NOT NULL,
    reason text NOT NULL,
    ticket text,
    author text NOT NULL,
    author_user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    applied_by text,
    finished_at timestamp with time zone,
    CONSTRAINT plans_act_known CHECK ((act = ANY (ARRAY['revoke_sessions'::text, 'offboard_users'::text]))),
    CONSTRAINT plans_finished_after_start CHECK (((finished_at IS NULL) OR (started_at IS NOT NULL))),
    CONSTRAINT plans_started_whole CHECK (((started_at IS NULL) = (applied_by IS NULL)))
);

ALTER TABLE ONLY meander.plans FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.plans OWNER TO meander_owner;

COMMENT ON TABLE meander.plans IS 'Frozen sets of sessions or users: the file beside it is the same to the byte (sha256), or an edit shows.';

CREATE FUNCTION meander.plan_drift(p_plan meander.plans) RETURNS TABLE(target uuid, why text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.plan_drift(p_plan meander.plans) OWNER TO meander_functions;

CREATE FUNCTION meander.policy_effect(p_prior meander.organization_settings, p_policy meander.organization_settings) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.policy_effect(p_prior meander.organization_settings, p_policy meander.organization_settings) OWNER TO meander_functions;

CREATE FUNCTION meander.policy_limits(p_policy meander.organization_settings) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.policy_limits(p_policy meander.organization_settings) OWNER TO meander_functions;

CREATE FUNCTION meander.publishable_organizations() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.publishable_organizations() OWNER TO meander_guard;

CREATE FUNCTION meander.purge_sessions(p_age text, p_after jsonb, p_limit integer, p_reason text, p_ticket text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.purge_sessions(p_age text, p_after jsonb, p_limit integer, p_reason text, p_ticket text) OWNER TO meander_system;

CREATE FUNCTION meander.read_audit_chain(p_selector jsonb, p_from_seq bigint, p_skip integer, p_limit integer) RETURNS TABLE(organization_id uuid, seq bigint, at timestamp with time zone, prev_hash bytea, hash bytea, actor text, actor_user_id text, action text, target_type text, target_id text, reason text, ticket text, request_id text, details text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

ALTER FUNCTION meander.read_audit_chain(p_selector jsonb, p_from_seq bigint, p_skip integer, p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.readable_organizations() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.readable_organizations() OWNER TO meander_guard;

CREATE FUNCTION meander.recall_result(p_request_id uuid, p_command text, p_arguments jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.recall_result(p_request_id uuid, p_command text, p_arguments jsonb) OWNER TO meander_functions;

CREATE FUNCTION meander.record_intent(p_organization text, p_function text, p_arguments jsonb, p_reason text, p_ticket text) RETURNS TABLE(organization_id uuid, organization text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.record_intent(p_organization text, p_function text, p_arguments jsonb, p_reason text, p_ticket text) OWNER TO meander_functions;

CREATE FUNCTION meander.record_migration(p_prior_version integer, p_version integer, p_prior_mode text, p_files integer, p_tool_version text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.record_migration(p_prior_version integer, p_version integer, p_prior_mode text, p_files integer, p_tool_version text) OWNER TO meander_system;

CREATE FUNCTION meander.record_operator(p_action text, p_login text, p_user uuid, p_reason text, p_ticket text, p_details jsonb, p_request_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.record_operator(p_action text, p_login text, p_user uuid, p_reason text, p_ticket text, p_details jsonb, p_request_id uuid) OWNER TO meander_registrar;

CREATE FUNCTION meander.record_refusal(p_home uuid, p_action text, p_target_type text, p_targets text[], p_code text, p_reason text, p_ticket text, p_request_id uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.record_refusal(p_home uuid, p_action text, p_target_type text, p_targets text[], p_code text, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.recorded_arguments(p_arguments jsonb, p_organization uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.recorded_arguments(p_arguments jsonb, p_organization uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.refusal(p_code text, p_message text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.refusal(p_code text, p_message text) OWNER TO meander_functions;

CREATE FUNCTION meander.refused_offboardings(p_users uuid[]) RETURNS TABLE(user_id uuid, message text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.refused_offboardings(p_users uuid[]) OWNER TO meander_functions;

CREATE FUNCTION meander.reinstate(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.reinstate(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.reinstate_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) RETURNS jsonb
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.reinstate_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.related_sessions(p_sessions uuid[], p_users uuid[], p_organizations uuid[], p_addresses boolean, p_from timestamp with time zone, p_to timestamp with time zone, p_at timestamp with time zone) RETURNS TABLE(session_id uuid, user_id uuid, relation text, via text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

ALTER FUNCTION meander.related_sessions(p_sessions uuid[], p_users uuid[], p_organizations uuid[], p_addresses boolean, p_from timestamp with time zone, p_to timestamp with time zone, p_at timestamp with time zone) OWNER TO meander_functions;

CREATE FUNCTION meander.remember_result(p_request_id uuid, p_command text, p_arguments jsonb, p_result jsonb) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.remember_result(p_request_id uuid, p_command text, p_arguments jsonb, p_result jsonb) OWNER TO meander_functions;

CREATE FUNCTION meander.remove_operator(p_login text, p_reason text, p_ticket text, p_request_id uuid DEFAULT NULL::uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.remove_operator(p_login text, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_registrar;

CREATE FUNCTION meander.require_administrator() RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.require_administrator() OWNER TO meander_registrar;

CREATE FUNCTION meander.residual_access(p_sessions uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.residual_access(p_sessions uuid[]) OWNER TO meander_system;

CREATE FUNCTION meander.resolve_user(p_user text, p_organizations uuid[]) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.resolve_user(p_user text, p_organizations uuid[]) OWNER TO meander_functions;

CREATE FUNCTION meander.revocable_grants(p_grants uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.revocable_grants(p_grants uuid[]) OWNER TO meander_guard;

CREATE FUNCTION meander.revocation(p_sessions uuid[], p_in_scope uuid[], p_home uuid, p_reason text, p_ticket text, p_request_id uuid, p_user uuid DEFAULT NULL::uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.revocation(p_sessions uuid[], p_in_scope uuid[], p_home uuid, p_reason text, p_ticket text, p_request_id uuid, p_user uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.revoke_grants(p_grants uuid[], p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '1s'
    AS …;

ALTER FUNCTION meander.revoke_grants(p_grants uuid[], p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_system;

CREATE FUNCTION meander.revoke_own_sessions(p_sessions uuid[], p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.revoke_own_sessions(p_sessions uuid[], p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_system;

CREATE FUNCTION meander.revoke_sessions(p_sessions uuid[], p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.revoke_sessions(p_sessions uuid[], p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.schema_version() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.schema_version() OWNER TO meander_guard;

CREATE FUNCTION meander.session_changes(p_selector jsonb, p_organizations uuid[], p_own uuid, p_since bigint, p_running jsonb, p_after_at bigint, p_after_key text, p_limit integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

ALTER FUNCTION meander.session_changes(p_selector jsonb, p_organizations uuid[], p_own uuid, p_since bigint, p_running jsonb, p_after_at bigint, p_after_key text, p_limit integer) OWNER TO meander_functions;

CREATE FUNCTION meander.session_condition() RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.session_condition() OWNER TO meander_functions;

CREATE FUNCTION meander.session_effective_end(p_expires_at timestamp with time zone, p_created_at timestamp with time zone, p_last_activity_at timestamp with time zone, p_absolute_lifetime interval, p_idle_timeout interval, p_grant_expires_at timestamp with time zone, p_grant_revoked_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS …;

ALTER FUNCTION meander.session_effective_end(p_expires_at timestamp with time zone, p_created_at timestamp with time zone, p_last_activity_at timestamp with time zone, p_absolute_lifetime interval, p_idle_timeout interval, p_grant_expires_at timestamp with time zone, p_grant_revoked_at timestamp with time zone) OWNER TO meander_functions;

CREATE FUNCTION meander.session_filter(p_selector jsonb, p_organizations uuid[], p_own uuid, OUT p_at timestamp with time zone, OUT p_state text, OUT p_user uuid, OUT p_ids uuid[], OUT p_kind text, OUT p_device text, OUT p_user_agent text, OUT p_network inet, OUT p_grant uuid, OUT p_idle_before timestamp with time zone, OUT p_active_since timestamp with time zone, OUT p_created_before timestamp with time zone, OUT p_created_after timestamp with time zone) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.session_filter(p_selector jsonb, p_organizations uuid[], p_own uuid, OUT p_at timestamp with time zone, OUT p_state text, OUT p_user uuid, OUT p_ids uuid[], OUT p_kind text, OUT p_device text, OUT p_user_agent text, OUT p_network inet, OUT p_grant uuid, OUT p_idle_before timestamp with time zone, OUT p_active_since timestamp with time zone, OUT p_created_before timestamp with time zone, OUT p_created_after timestamp with time zone) OWNER TO meander_functions;

CREATE FUNCTION meander.session_organizations(p_user uuid) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.session_organizations(p_user uuid) OWNER TO meander_guard;

CREATE FUNCTION meander.session_page(p_selector jsonb, p_organizations uuid[], p_own uuid, p_sort text, p_after_at bigint, p_after_id uuid, p_limit integer, p_floor_at bigint DEFAULT NULL::bigint) RETURNS SETOF meander.session_record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

ALTER FUNCTION meander.session_page(p_selector jsonb, p_organizations uuid[], p_own uuid, p_sort text, p_after_at bigint, p_after_id uuid, p_limit integer, p_floor_at bigint) OWNER TO meander_functions;

CREATE FUNCTION meander.session_state(p_revoked_at timestamp with time zone, p_effective_end timestamp with time zone, p_at timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS …;

ALTER FUNCTION meander.session_state(p_revoked_at timestamp with time zone, p_effective_end timestamp with time zone, p_at timestamp with time zone) OWNER TO meander_functions;

CREATE FUNCTION meander.session_stats(p_selector jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.session_stats(p_selector jsonb) OWNER TO meander_functions;

CREATE FUNCTION meander.set_policy(p_organization text, p_changes jsonb, p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.set_policy(p_organization text, p_changes jsonb, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.sign_out_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) RETURNS jsonb
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.sign_out_users(p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.staff_act(p_act text, p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET jit TO 'off'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.staff_act(p_act text, p_users uuid[], p_reasons text[], p_tickets text[], p_request_id uuid) OWNER TO meander_system;

CREATE FUNCTION meander.start_chain() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.start_chain() OWNER TO meander_audit;

CREATE FUNCTION meander.sweep_all_sessions(p_organization text, p_after jsonb, p_limit integer, p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.sweep_all_sessions(p_organization text, p_after jsonb, p_limit integer, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_system;

CREATE FUNCTION meander.sweep_batch(p_organizations uuid[], p_after jsonb, p_limit integer, p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.sweep_batch(p_organizations uuid[], p_after jsonb, p_limit integer, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.sweep_position(p_after jsonb, OUT organization uuid, OUT at timestamp with time zone, OUT id uuid) RETURNS record
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.sweep_position(p_after jsonb, OUT organization uuid, OUT at timestamp with time zone, OUT id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.sweep_sessions(p_organization text, p_after jsonb, p_limit integer, p_reason text, p_ticket text, p_request_id uuid) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '5s'
    AS …;

ALTER FUNCTION meander.sweep_sessions(p_organization text, p_after jsonb, p_limit integer, p_reason text, p_ticket text, p_request_id uuid) OWNER TO meander_functions;

CREATE FUNCTION meander.terminate_grantees(p_grants uuid[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.terminate_grantees(p_grants uuid[]) OWNER TO meander_signal;

CREATE FUNCTION meander.terminate_login(p_login text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.terminate_login(p_login text) OWNER TO meander_signal;

CREATE FUNCTION meander.unknown_tokens(p_jtis uuid[]) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.unknown_tokens(p_jtis uuid[]) OWNER TO meander_system;

CREATE FUNCTION meander.user_records(p_users uuid[], p_at timestamp with time zone) RETURNS TABLE(id uuid, email text, name text, organization_id uuid, organization text, role text, status text, deactivated_at timestamp with time zone, active_sessions bigint, last_activity_at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.user_records(p_users uuid[], p_at timestamp with time zone) OWNER TO meander_functions;

CREATE FUNCTION meander.uuid_or_null(p_text text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.uuid_or_null(p_text text) OWNER TO meander_functions;

CREATE FUNCTION meander.verify_facts(p_users uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.verify_facts(p_users uuid[]) OWNER TO meander_functions;

CREATE FUNCTION meander.verify_staff(p_users uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.verify_staff(p_users uuid[]) OWNER TO meander_system;

CREATE FUNCTION meander.verify_users(p_users uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.verify_users(p_users uuid[]) OWNER TO meander_functions;

CREATE FUNCTION meander.visible_staff() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

ALTER FUNCTION meander.visible_staff() OWNER TO meander_guard;

CREATE FUNCTION meander.whoami() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    AS …;

ALTER FUNCTION meander.whoami() OWNER TO meander_guard;

CREATE TABLE meander.audit_heads (
    organization_id uuid NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    hash bytea DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea NOT NULL
);

ALTER TABLE ONLY meander.audit_heads FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.audit_heads OWNER TO meander_owner;

COMMENT ON TABLE meander.audit_heads IS 'The last position of each organization''s chain; its row lock orders the writers.';

CREATE TABLE meander.audit_log (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    actor_user_id uuid,
    action text NOT NULL,
    target_type text NOT NULL,
    target_id text NOT NULL,
    reason text,
    ticket text,
    request_id uuid,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_log_seq_from_one CHECK ((seq >= 1))
);
ALTER TABLE ONLY meander.audit_log ALTER COLUMN organization_id SET (n_distinct=1);

ALTER TABLE ONLY meander.audit_log FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.audit_log OWNER TO meander_owner;

COMMENT ON TABLE meander.audit_log IS 'The record: append-only, one hash chain per organization.';

CREATE TABLE meander.installation (
    only_row boolean DEFAULT true NOT NULL,
    database_id uuid DEFAULT gen_random_uuid() NOT NULL,
    blocklist_mode text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    redis_run_ids text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT installation_blocklist_mode_known CHECK ((blocklist_mode = ANY (ARRAY['redis'::text, 'database'::text]))),
    CONSTRAINT installation_one_row CHECK (only_row)
);

ALTER TABLE ONLY meander.installation FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.installation OWNER TO meander_owner;

COMMENT ON TABLE meander.installation IS 'What is true of this database as a whole. blocklist_mode says whether the platform reads Redis.';

COMMENT ON COLUMN meander.installation.redis_run_ids IS 'The Redis servers (run_id of INFO) that were last known to hold every blocked token; empty: none was filled yet.';

CREATE TABLE meander.intents (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organization_id uuid NOT NULL,
    login_oid oid NOT NULL,
    function text NOT NULL,
    arguments jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    created_xid xid8 DEFAULT pg_current_xact_id() NOT NULL
);
ALTER TABLE ONLY meander.intents ALTER COLUMN organization_id SET (n_distinct=1);

ALTER TABLE ONLY meander.intents FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.intents OWNER TO meander_owner;

COMMENT ON TABLE meander.intents IS 'What a global admin said before reading or acting under a grant; serves that login and call for 15 minutes. The audit event beside it says why.';

CREATE TABLE meander.migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    applied_by text DEFAULT SESSION_USER NOT NULL,
    tool_version text NOT NULL
);

ALTER TABLE ONLY meander.migrations FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.migrations OWNER TO meander_owner;

COMMENT ON TABLE meander.migrations IS 'Migrations that were applied, once each.';

CREATE TABLE meander.organizations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT organizations_slug_shape CHECK (((slug COLLATE "C") ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text))
);

ALTER TABLE ONLY meander.organizations FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.organizations OWNER TO meander_owner;

COMMENT ON TABLE meander.organizations IS 'Tenants, and the platform itself (slug platform, nil id): home of staff''s own sessions and of acts that concern no tenant.';

CREATE TABLE meander.refresh_tokens (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    session_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    parent_id uuid,
    token_hash bytea NOT NULL,
    access_jti uuid NOT NULL,
    access_expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    rotated_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT refresh_tokens_access_15_minutes CHECK ((access_expires_at <= (created_at + '00:15:00'::interval)))
)
WITH (fillfactor='80');
ALTER TABLE ONLY meander.refresh_tokens ALTER COLUMN organization_id SET (n_distinct=1);

ALTER TABLE ONLY meander.refresh_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.refresh_tokens OWNER TO meander_owner;

COMMENT ON TABLE meander.refresh_tokens IS 'The chain that rotation produced for each session. The row without rotated_at and revoked_at is the one that still refreshes.';

CREATE TABLE meander.requests (
    login text NOT NULL,
    request_id uuid NOT NULL,
    command text NOT NULL,
    arguments jsonb NOT NULL,
    result jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY meander.requests FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.requests OWNER TO meander_owner;

COMMENT ON TABLE meander.requests IS 'Results of commands that carried a request id, for their repeats by the same login.';

CREATE TABLE meander.schema_files (
    path text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE ONLY meander.schema_files FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.schema_files OWNER TO meander_owner;

COMMENT ON TABLE meander.schema_files IS 'Files that are applied anew whenever they change: functions and access.';

CREATE TABLE meander.schema_objects (
    kind text NOT NULL,
    name text NOT NULL,
    fingerprint text NOT NULL
);

ALTER TABLE ONLY meander.schema_objects FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.schema_objects OWNER TO meander_owner;

COMMENT ON TABLE meander.schema_objects IS 'Each object of the schema as the last migration left it, so that a change by hand shows.';

CREATE TABLE meander.sessions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    device_type text,
    device_name text,
    user_agent text,
    ip inet,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_activity_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    support_access_grant_id uuid,
    revoked_at timestamp with time zone,
    revoked_by text,
    revoke_reason text,
    CONSTRAINT sessions_ip_is_one_address CHECK (((ip IS NULL) OR (masklen(ip) =
CASE family(ip)
    WHEN 4 THEN 32
    ELSE 128
END))),
    CONSTRAINT sessions_kind_known CHECK ((kind = ANY (ARRAY['mobile'::text, 'portal'::text]))),
    CONSTRAINT sessions_revoked_whole CHECK (((revoked_at IS NULL) = (revoked_by IS NULL)))
);
ALTER TABLE ONLY meander.sessions ALTER COLUMN organization_id SET (n_distinct=1);

ALTER TABLE ONLY meander.sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.sessions OWNER TO meander_owner;

COMMENT ON TABLE meander.sessions IS 'One login each: mobile (JWT and refresh tokens) or portal (HTTP-only cookie over this record).';

CREATE TABLE meander.support_access_grants (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organization_id uuid NOT NULL,
    grantee_user_id uuid NOT NULL,
    granted_by text NOT NULL,
    reason text NOT NULL,
    ticket text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by text,
    revoke_reason text,
    created_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT support_access_grants_ends_after_start CHECK ((expires_at > created_at)),
    CONSTRAINT support_access_grants_revoked_whole CHECK (((revoked_at IS NULL) = (revoked_by IS NULL)))
);
ALTER TABLE ONLY meander.support_access_grants ALTER COLUMN organization_id SET (n_distinct=1);

ALTER TABLE ONLY meander.support_access_grants FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.support_access_grants OWNER TO meander_owner;

COMMENT ON TABLE meander.support_access_grants IS 'An organization''s permission for one global admin, until a moment.';

COMMENT ON COLUMN meander.support_access_grants.created_xid IS 'A grant counts only in transactions after the one that made it.';

CREATE TABLE meander.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organization_id uuid,
    email text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL,
    role text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    deactivated_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT users_deactivated_has_moment CHECK (((status = 'deactivated'::text) = (deactivated_at IS NOT NULL))),
    CONSTRAINT users_email_lower_case CHECK (((email !~ '[A-Z]'::text) AND (email <> ''::text))),
    CONSTRAINT users_global_admin_in_no_tenant CHECK (((role = 'global_admin'::text) = (organization_id IS NULL))),
    CONSTRAINT users_role_known CHECK ((role = ANY (ARRAY['member'::text, 'peer_mentor'::text, 'coordinator'::text, 'org_admin'::text, 'global_admin'::text]))),
    CONSTRAINT users_status_known CHECK ((status = ANY (ARRAY['active'::text, 'deactivated'::text])))
);
ALTER TABLE ONLY meander.users ALTER COLUMN organization_id SET (n_distinct=1);

ALTER TABLE ONLY meander.users FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.users OWNER TO meander_owner;

COMMENT ON TABLE meander.users IS 'People on the platform. E-mail addresses are stored in lower case (ASCII), unique in their organization.';

CREATE VIEW meander.session_details WITH (security_invoker='true') AS
 SELECT s.id,
    s.user_id,
    s.organization_id,
    s.kind,
    s.device_type,
    s.device_name,
    s.user_agent,
    s.ip,
    s.created_at,
    s.last_activity_at,
    s.expires_at,
    s.support_access_grant_id,
    s.revoked_at,
    s.revoked_by,
    s.revoke_reason,
    o.slug AS organization,
    u.email AS user_email,
    u.display_name AS user_name,
    meander.session_effective_end(s.expires_at, s.created_at, s.last_activity_at, p.absolute_lifetime, p.idle_timeout, g.expires_at, g.revoked_at) AS effective_expires_at
   FROM ((((meander.sessions s
     JOIN meander.organizations o ON ((o.id = s.organization_id)))
     LEFT JOIN meander.organization_settings p ON ((p.organization_id = s.organization_id)))
     LEFT JOIN LATERAL ( SELECT g_1.expires_at,
            g_1.revoked_at
           FROM meander.support_access_grants g_1
          WHERE ((s.support_access_grant_id IS NOT NULL) AND (g_1.id = s.support_access_grant_id))
         OFFSET 0) g ON (true))
     LEFT JOIN meander.users u ON ((u.id = s.user_id)));

ALTER TABLE meander.session_details OWNER TO meander_owner;

COMMENT ON VIEW meander.session_details IS 'Sessions with their effective end; session_state() decides the state at a moment.';

CREATE TABLE meander.token_blocklist (
    jti uuid NOT NULL,
    session_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    published_at timestamp with time zone
);
ALTER TABLE ONLY meander.token_blocklist ALTER COLUMN organization_id SET (n_distinct=1);

ALTER TABLE ONLY meander.token_blocklist FORCE ROW LEVEL SECURITY;

ALTER TABLE meander.token_blocklist OWNER TO meander_owner;

COMMENT ON TABLE meander.token_blocklist IS 'Access tokens of ended sessions until they expire: the truth, and the outbox for Redis (published_at is null).';

ALTER TABLE ONLY meander.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY meander.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (organization_id, seq);

ALTER TABLE ONLY meander.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY meander.intents
    ADD CONSTRAINT intents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY meander.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY meander.operators
    ADD CONSTRAINT operators_login_oid_unique UNIQUE (login_oid);

ALTER TABLE ONLY meander.operators
    ADD CONSTRAINT operators_pkey PRIMARY KEY (login);

ALTER TABLE ONLY meander.organization_settings
    ADD CONSTRAINT organization_settings_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY meander.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY meander.organizations
    ADD CONSTRAINT organizations_slug_unique UNIQUE (slug);

ALTER TABLE ONLY meander.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (organization_id, id);

ALTER TABLE ONLY meander.refresh_tokens
    ADD CONSTRAINT refresh_tokens_hash_unique UNIQUE (token_hash);

ALTER TABLE ONLY meander.refresh_tokens
    ADD CONSTRAINT refresh_tokens_jti_unique UNIQUE (access_jti);

ALTER TABLE ONLY meander.refresh_tokens
    ADD CONSTRAINT refresh_tokens_parent_unique UNIQUE (parent_id);

ALTER TABLE ONLY meander.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY meander.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (login, request_id);

ALTER TABLE ONLY meander.schema_files
    ADD CONSTRAINT schema_files_pkey PRIMARY KEY (path);

ALTER TABLE ONLY meander.schema_objects
    ADD CONSTRAINT schema_objects_pkey PRIMARY KEY (kind, name);

ALTER TABLE ONLY meander.sessions
    ADD CONSTRAINT sessions_key UNIQUE (id, organization_id);

ALTER TABLE ONLY meander.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY meander.support_access_grants
    ADD CONSTRAINT support_access_grants_key UNIQUE (id, organization_id, grantee_user_id);

ALTER TABLE ONLY meander.support_access_grants
    ADD CONSTRAINT support_access_grants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY meander.token_blocklist
    ADD CONSTRAINT token_blocklist_pkey PRIMARY KEY (jti);

ALTER TABLE ONLY meander.users
    ADD CONSTRAINT users_email_unique_in_organization UNIQUE NULLS NOT DISTINCT (organization_id, email);

ALTER TABLE ONLY meander.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX audit_log_checkpoints ON meander.audit_log USING btree (organization_id, seq) WHERE (action = 'audit.checkpointed'::text);

CREATE INDEX audit_log_target ON meander.audit_log USING btree (organization_id, target_id, seq);

CREATE INDEX audit_log_ticket ON meander.audit_log USING btree (organization_id, ticket, seq) WHERE (ticket IS NOT NULL);

CREATE INDEX intents_login ON meander.intents USING btree (login_oid, organization_id, created_at DESC);

CREATE INDEX refresh_tokens_by_creation ON meander.refresh_tokens USING btree (organization_id, created_at);

CREATE UNIQUE INDEX refresh_tokens_one_first ON meander.refresh_tokens USING btree (session_id) WHERE (parent_id IS NULL);

CREATE INDEX refresh_tokens_session ON meander.refresh_tokens USING btree (session_id);

CREATE INDEX sessions_by_address ON meander.sessions USING btree (organization_id, ip) WHERE (ip IS NOT NULL);

CREATE INDEX sessions_by_creation ON meander.sessions USING btree (organization_id, created_at DESC, id);

CREATE INDEX sessions_by_expiry ON meander.sessions USING btree (organization_id, expires_at) WHERE (revoked_at IS NULL);

CREATE INDEX sessions_by_revocation ON meander.sessions USING btree (organization_id, revoked_at, id) WHERE (revoked_at IS NOT NULL);

CREATE INDEX sessions_grant ON meander.sessions USING btree (support_access_grant_id) WHERE (support_access_grant_id IS NOT NULL);

CREATE INDEX sessions_live_by_activity ON meander.sessions USING btree (organization_id, last_activity_at DESC, id) WHERE (revoked_at IS NULL);

CREATE INDEX sessions_user ON meander.sessions USING btree (user_id, organization_id);

CREATE INDEX support_access_grants_grantee ON meander.support_access_grants USING btree (grantee_user_id, organization_id);

CREATE INDEX support_access_grants_organization ON meander.support_access_grants USING btree (organization_id, created_at DESC, id);

CREATE INDEX token_blocklist_live ON meander.token_blocklist USING btree (organization_id, expires_at, jti);

CREATE INDEX token_blocklist_pending ON meander.token_blocklist USING btree (organization_id, expires_at) WHERE (published_at IS NULL);

CREATE INDEX token_blocklist_session ON meander.token_blocklist USING btree (session_id);

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON meander.audit_log FOR EACH ROW EXECUTE FUNCTION meander.forbid_change();

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON meander.audit_log FOR EACH STATEMENT EXECUTE FUNCTION meander.forbid_change();

CREATE TRIGGER organizations_start_chain AFTER INSERT ON meander.organizations FOR EACH ROW EXECUTE FUNCTION meander.start_chain();

CREATE TRIGGER refresh_tokens_guard_ending BEFORE UPDATE ON meander.refresh_tokens FOR EACH ROW WHEN ((((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at)) OR (new.id <> old.id) OR (new.session_id <> old.session_id) OR (new.organization_id <> old.organization_id) OR (new.parent_id IS DISTINCT FROM old.parent_id) OR (new.token_hash <> old.token_hash) OR (new.access_jti <> old.access_jti) OR (new.access_expires_at <> old.access_expires_at))) EXECUTE FUNCTION meander.guard_session_ending();

CREATE TRIGGER refresh_tokens_guard_insert BEFORE INSERT ON meander.refresh_tokens FOR EACH ROW EXECUTE FUNCTION meander.guard_token_insert();

CREATE TRIGGER refresh_tokens_guard_rotation BEFORE UPDATE OF rotated_at ON meander.refresh_tokens FOR EACH ROW WHEN ((new.rotated_at IS DISTINCT FROM old.rotated_at)) EXECUTE FUNCTION meander.guard_token_rotation();

CREATE TRIGGER sessions_guard_activity BEFORE UPDATE OF last_activity_at ON meander.sessions FOR EACH ROW WHEN ((new.last_activity_at IS DISTINCT FROM old.last_activity_at)) EXECUTE FUNCTION meander.guard_session_activity();

CREATE TRIGGER sessions_guard_ending BEFORE UPDATE ON meander.sessions FOR EACH ROW WHEN ((((old.revoked_at IS NOT NULL) AND ((new.revoked_at IS DISTINCT FROM old.revoked_at) OR (new.revoked_by IS DISTINCT FROM old.revoked_by) OR (new.revoke_reason IS DISTINCT FROM old.revoke_reason))) OR (new.id <> old.id) OR (new.user_id <> old.user_id) OR (new.organization_id <> old.organization_id) OR (new.created_at <> old.created_at) OR (new.expires_at > old.expires_at) OR (new.support_access_grant_id IS DISTINCT FROM old.support_access_grant_id))) EXECUTE FUNCTION meander.guard_session_ending();

CREATE TRIGGER sessions_guard_insert BEFORE INSERT ON meander.sessions FOR EACH ROW EXECUTE FUNCTION meander.guard_session_insert();

CREATE TRIGGER support_access_grants_guard_ending BEFORE UPDATE ON meander.support_access_grants FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) OR (new.id <> old.id) OR (new.organization_id <> old.organization_id) OR (new.grantee_user_id <> old.grantee_user_id) OR (new.created_at <> old.created_at) OR (new.expires_at > old.expires_at) OR (new.created_xid IS DISTINCT FROM old.created_xid))) EXECUTE FUNCTION meander.guard_grant_ending();

CREATE TRIGGER users_guard_status BEFORE UPDATE OF status, deactivated_at ON meander.users FOR EACH ROW WHEN (((new.status IS DISTINCT FROM old.status) OR (new.deactivated_at IS DISTINCT FROM old.deactivated_at))) EXECUTE FUNCTION meander.guard_user_status();

ALTER TABLE ONLY meander.audit_heads
    ADD CONSTRAINT audit_heads_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

ALTER TABLE ONLY meander.audit_log
    ADD CONSTRAINT audit_log_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

ALTER TABLE ONLY meander.intents
    ADD CONSTRAINT intents_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

ALTER TABLE ONLY meander.operators
    ADD CONSTRAINT operators_user_fkey FOREIGN KEY (user_id) REFERENCES meander.users(id);

ALTER TABLE ONLY meander.organization_settings
    ADD CONSTRAINT organization_settings_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

ALTER TABLE ONLY meander.plans
    ADD CONSTRAINT plans_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

ALTER TABLE ONLY meander.refresh_tokens
    ADD CONSTRAINT refresh_tokens_parent_fkey FOREIGN KEY (parent_id) REFERENCES meander.refresh_tokens(id);

ALTER TABLE ONLY meander.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (session_id, organization_id) REFERENCES meander.sessions(id, organization_id);

ALTER TABLE ONLY meander.sessions
    ADD CONSTRAINT sessions_grant_fkey FOREIGN KEY (support_access_grant_id, organization_id, user_id) REFERENCES meander.support_access_grants(id, organization_id, grantee_user_id);

ALTER TABLE ONLY meander.sessions
    ADD CONSTRAINT sessions_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

ALTER TABLE ONLY meander.sessions
    ADD CONSTRAINT sessions_user_fkey FOREIGN KEY (user_id) REFERENCES meander.users(id);

ALTER TABLE ONLY meander.support_access_grants
    ADD CONSTRAINT support_access_grants_grantee_fkey FOREIGN KEY (grantee_user_id) REFERENCES meander.users(id);

ALTER TABLE ONLY meander.support_access_grants
    ADD CONSTRAINT support_access_grants_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

ALTER TABLE ONLY meander.token_blocklist
    ADD CONSTRAINT token_blocklist_session_fkey FOREIGN KEY (session_id, organization_id) REFERENCES meander.sessions(id, organization_id);

ALTER TABLE ONLY meander.users
    ADD CONSTRAINT users_organization_fkey FOREIGN KEY (organization_id) REFERENCES meander.organizations(id);

CREATE POLICY audit_all ON meander.audit_heads TO meander_audit USING (true);

ALTER TABLE meander.audit_heads ENABLE ROW LEVEL SECURITY;

CREATE POLICY audit_insert ON meander.audit_log FOR INSERT TO meander_audit WITH CHECK (true);

ALTER TABLE meander.audit_log ENABLE ROW LEVEL SECURITY;

CREATE POLICY audit_select ON meander.users FOR SELECT TO meander_audit USING (true);

CREATE POLICY auth_insert ON meander.refresh_tokens FOR INSERT TO meander_auth WITH CHECK (true);

CREATE POLICY auth_insert ON meander.sessions FOR INSERT TO meander_auth WITH CHECK (true);

CREATE POLICY auth_select ON meander.organization_settings FOR SELECT TO meander_auth USING (true);

CREATE POLICY auth_select ON meander.organizations FOR SELECT TO meander_auth USING (true);

CREATE POLICY auth_select ON meander.refresh_tokens FOR SELECT TO meander_auth USING (true);

CREATE POLICY auth_select ON meander.sessions FOR SELECT TO meander_auth USING (true);

CREATE POLICY auth_select ON meander.support_access_grants FOR SELECT TO meander_auth USING (true);

CREATE POLICY auth_select ON meander.token_blocklist FOR SELECT TO meander_auth USING (true);

CREATE POLICY auth_select ON meander.users FOR SELECT TO meander_auth USING (true);

CREATE POLICY auth_update ON meander.refresh_tokens FOR UPDATE TO meander_auth USING (true);

CREATE POLICY auth_update ON meander.sessions FOR UPDATE TO meander_auth USING (true);

CREATE POLICY directory_all ON meander.organizations TO meander_directory USING (true);

CREATE POLICY directory_all ON meander.users TO meander_directory USING (true);

CREATE POLICY functions_insert ON meander.intents FOR INSERT TO meander_functions WITH CHECK ((organization_id = ANY (( SELECT meander.granted_organizations() AS granted_organizations)::uuid[])));

CREATE POLICY functions_insert ON meander.organization_settings FOR INSERT TO meander_functions WITH CHECK ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_insert ON meander.plans FOR INSERT TO meander_functions WITH CHECK ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_insert ON meander.support_access_grants FOR INSERT TO meander_functions WITH CHECK ((organization_id = ANY (( SELECT meander.grantable_organizations() AS grantable_organizations)::uuid[])));

CREATE POLICY functions_insert ON meander.token_blocklist FOR INSERT TO meander_functions WITH CHECK ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_own ON meander.requests TO meander_functions USING ((login = SESSION_USER)) WITH CHECK ((login = SESSION_USER));

CREATE POLICY functions_select ON meander.audit_heads FOR SELECT TO meander_functions USING ((organization_id = ANY (( SELECT meander.auditable_organizations() AS auditable_organizations)::uuid[])));

CREATE POLICY functions_select ON meander.audit_log FOR SELECT TO meander_functions USING ((organization_id = ANY (( SELECT meander.auditable_organizations() AS auditable_organizations)::uuid[])));

CREATE POLICY functions_select ON meander.installation FOR SELECT TO meander_functions USING (true);

CREATE POLICY functions_select ON meander.organization_settings FOR SELECT TO meander_functions USING ((organization_id = ANY (( SELECT meander.readable_organizations() AS readable_organizations)::uuid[])));

CREATE POLICY functions_select ON meander.organizations FOR SELECT TO meander_functions USING (((id = ANY (( SELECT meander.auditable_organizations() AS auditable_organizations)::uuid[])) OR (id = ANY (( SELECT meander.granted_organizations() AS granted_organizations)::uuid[]))));

CREATE POLICY functions_select ON meander.plans FOR SELECT TO meander_functions USING ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_select ON meander.refresh_tokens FOR SELECT TO meander_functions USING ((organization_id = ANY (( SELECT meander.readable_organizations() AS readable_organizations)::uuid[])));

CREATE POLICY functions_select ON meander.sessions FOR SELECT TO meander_functions USING ((organization_id = ANY (( SELECT meander.readable_organizations() AS readable_organizations)::uuid[])));

CREATE POLICY functions_select ON meander.support_access_grants FOR SELECT TO meander_functions USING ((organization_id = ANY (( SELECT meander.readable_organizations() AS readable_organizations)::uuid[])));

CREATE POLICY functions_select ON meander.token_blocklist FOR SELECT TO meander_functions USING (((organization_id = ANY (( SELECT meander.readable_organizations() AS readable_organizations)::uuid[])) OR (organization_id = ANY (( SELECT meander.publishable_organizations() AS publishable_organizations)::uuid[])) OR (session_id = ANY (( SELECT meander.own_ended_sessions() AS own_ended_sessions)::uuid[]))));

CREATE POLICY functions_select ON meander.users FOR SELECT TO meander_functions USING (((organization_id = ANY (( SELECT meander.readable_organizations() AS readable_organizations)::uuid[])) OR (id = ANY (( SELECT meander.visible_staff() AS visible_staff)::uuid[]))));

CREATE POLICY functions_select_staff ON meander.users FOR SELECT TO meander_functions USING (((organization_id IS NULL) AND ( SELECT meander.is_administrator() AS is_administrator)));

CREATE POLICY functions_update ON meander.organization_settings FOR UPDATE TO meander_functions USING ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_update ON meander.plans FOR UPDATE TO meander_functions USING ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_update ON meander.refresh_tokens FOR UPDATE TO meander_functions USING ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_update ON meander.sessions FOR UPDATE TO meander_functions USING ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_update ON meander.support_access_grants FOR UPDATE TO meander_functions USING ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY functions_update ON meander.token_blocklist FOR UPDATE TO meander_functions USING (((organization_id = ANY (( SELECT meander.publishable_organizations() AS publishable_organizations)::uuid[])) OR (session_id = ANY (( SELECT meander.own_ended_sessions() AS own_ended_sessions)::uuid[]))));

CREATE POLICY functions_update ON meander.users FOR UPDATE TO meander_functions USING ((organization_id = ANY (( SELECT meander.changeable_organizations() AS changeable_organizations)::uuid[])));

CREATE POLICY guard_all ON meander.sessions TO meander_guard USING (true);

CREATE POLICY guard_all ON meander.support_access_grants TO meander_guard USING (true);

CREATE POLICY guard_all ON meander.users TO meander_guard USING (true);

CREATE POLICY guard_select ON meander.installation FOR SELECT TO meander_guard USING (true);

CREATE POLICY guard_select ON meander.intents FOR SELECT TO meander_guard USING (true);

CREATE POLICY guard_select ON meander.migrations FOR SELECT TO meander_guard USING (true);

CREATE POLICY guard_select ON meander.operators FOR SELECT TO meander_guard USING (true);

CREATE POLICY guard_select ON meander.organization_settings FOR SELECT TO meander_guard USING (true);

CREATE POLICY guard_select ON meander.organizations FOR SELECT TO meander_guard USING (true);

CREATE POLICY guard_select ON meander.refresh_tokens FOR SELECT TO meander_guard USING (true);

ALTER TABLE meander.installation ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.intents ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.migrations ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.operators ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.organization_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.organizations ENABLE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON meander.installation TO meander_owner USING (true);

CREATE POLICY owner_all ON meander.migrations TO meander_owner USING (true);

CREATE POLICY owner_all ON meander.schema_files TO meander_owner USING (true);

CREATE POLICY owner_all ON meander.schema_objects TO meander_owner USING (true);

ALTER TABLE meander.plans ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.refresh_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY registrar_all ON meander.operators TO meander_registrar USING (true);

CREATE POLICY registrar_all ON meander.users TO meander_registrar USING (true);

CREATE POLICY registrar_select ON meander.organizations FOR SELECT TO meander_registrar USING (true);

ALTER TABLE meander.requests ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.schema_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.schema_objects ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.support_access_grants ENABLE ROW LEVEL SECURITY;

CREATE POLICY system_all ON meander.intents TO meander_system USING (true);

CREATE POLICY system_all ON meander.refresh_tokens TO meander_system USING (true);

CREATE POLICY system_all ON meander.requests TO meander_system USING (true);

CREATE POLICY system_all ON meander.sessions TO meander_system USING (true);

CREATE POLICY system_all ON meander.support_access_grants TO meander_system USING (true);

CREATE POLICY system_all ON meander.token_blocklist TO meander_system USING (true);

CREATE POLICY system_all ON meander.users TO meander_system USING (true);

CREATE POLICY system_select ON meander.audit_heads FOR SELECT TO meander_system USING (true);

CREATE POLICY system_select ON meander.audit_log FOR SELECT TO meander_system USING (true);

CREATE POLICY system_select ON meander.installation FOR SELECT TO meander_system USING (true);

CREATE POLICY system_select ON meander.organization_settings FOR SELECT TO meander_system USING (true);

CREATE POLICY system_select ON meander.organizations FOR SELECT TO meander_system USING (true);

CREATE POLICY system_update ON meander.installation FOR UPDATE TO meander_system USING (true);

ALTER TABLE meander.token_blocklist ENABLE ROW LEVEL SECURITY;

ALTER TABLE meander.users ENABLE ROW LEVEL SECURITY;

