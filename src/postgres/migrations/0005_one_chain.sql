-- A session has one chain, which begins once: two live refresh tokens side by side would each look honest, and
-- neither's return would tell of a thief. guard_token_insert says how it goes on.
create unique index refresh_tokens_one_first on meander.refresh_tokens (session_id) where parent_id is null;
