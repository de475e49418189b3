-- An address or network as it is stored and compared: IPv4-mapped IPv6 (::ffff:192.0.2.1) is IPv4.
create or replace function meander.plain_address(p_address inet)
returns inet
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when family(p_address) = 6 and masklen(p_address) >= 96 and set_masklen(p_address, 128) <<= inet '::ffff:0:0/96'
      then set_masklen(inet '0.0.0.0' + (set_masklen(p_address, 128) - inet '::ffff:0:0'), masklen(p_address) - 96)
    else p_address
  end
$$;
alter function meander.plain_address owner to meander_guard;
grant execute on function meander.plain_address to meander_functions, meander_system;
