import assert from 'node:assert/strict'
import type { Comparison } from '../comparison.ts'
import { type Leaver, large } from '../data/stage.ts'
import { ratio, type Subject } from '../measure.ts'

/** All that has to be done, and no word of it on record; nobody is asked and nothing is read back. */
const byHand = `
drop schema if exists bench cascade;
create schema bench;
create function bench.sign_out(p_user uuid, p_reason text) returns integer language plpgsql as $$
declare
  v_at constant timestamptz := clock_timestamp();
  v_sessions uuid[] := array(select id from meander.sessions where user_id = p_user and revoked_at is null);
begin
  update meander.refresh_tokens set revoked_at = v_at
  where session_id = any (v_sessions) and rotated_at is null and revoked_at is null;
  update meander.sessions set revoked_at = v_at, revoked_by = session_user, revoke_reason = p_reason
  where id = any (v_sessions);
  insert into meander.token_blocklist (jti, session_id, organization_id, expires_at, created_at)
  select access_jti, session_id, organization_id, access_expires_at, v_at from meander.refresh_tokens
  where session_id = any (v_sessions) and access_expires_at > v_at;
  return cardinality(v_sessions);
end
$$`

export const revocation: Comparison = {
  name: 'revocation',
  about: "one user's revocation with audit, in the server, against bare SQL without",
  run: async (bench) => {
    const owner = await bench.connect('postgres')
    const kari = await bench.connect('kari')
    await owner.query(byHand)
    const rounds = { rounds: 101, warmUp: 10 }
    const users = await bench.leavers(
      large,
      2 * Math.min(rounds.rounds + rounds.warmUp, bench.people.leavers / 10),
    )
    let next = 0
    /** Committed, each time somebody else's: what waits for the disk is a part of what a revocation costs. */
    const subject = (name: string, client: typeof owner, text: string): Subject => {
      let user: Leaver | undefined
      return {
        name,
        prepare: () => {
          user = users[next++]
        },
        run: async () => {
          const { rows } = await client.query(text, [user?.id])
          assert.equal(Number(rows[0].revoked), 10)
        },
      }
    }
    const [hand, signOut] = await bench.turns(
      [
        subject('bare SQL', owner, "select bench.sign_out($1, 'left') as revoked"),
        subject(
          'sign_out_users',
          kari,
          `select meander.sign_out_users(array[$1::uuid], '{left}', '{null}', null) -> 'items' -> 0 ->> 'sessionsRevoked' as revoked`,
        ),
      ] as const,
      rounds,
    )
    await owner.query('drop schema bench cascade')
    return [
      ratio("one user's revocation with audit, in the server : bare SQL without audit", signOut, hand, {
        atMost: 1.4,
      }),
    ]
  },
}
