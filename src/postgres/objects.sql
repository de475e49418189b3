-- Every object of the schema with a fingerprint of its definition, owner and privileges.
select 'table' as kind, c.relname::text as name,
  md5(concat_ws('|', pg_get_userbyid(c.relowner), c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text,
    c.reloptions::text, case when c.relkind = 'v' then pg_get_viewdef(c.oid) end)) as fingerprint
from pg_class c where c.relnamespace = 'meander'::regnamespace and c.relkind in ('r', 'v', 'p', 'S', 'm', 'c')
union all
select 'column', c.relname || '.' || a.attname,
  md5(concat_ws('|', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attacl::text))
from pg_attribute a
join pg_class c on c.oid = a.attrelid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace = 'meander'::regnamespace and c.relkind in ('r', 'p', 'c') and a.attnum > 0 and not a.attisdropped
union all
select 'constraint', k.conrelid::regclass::text || '.' || k.conname, md5(concat_ws('|', pg_get_constraintdef(k.oid), k.convalidated))
from pg_constraint k where k.connamespace = 'meander'::regnamespace and k.contype <> 'n'
union all
select 'index', c.relname, md5(concat_ws('|', pg_get_indexdef(i.indexrelid), i.indisvalid))
from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'meander'::regnamespace
union all
select 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, md5(concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled))
from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'meander'::regnamespace and not t.tgisinternal
union all
select 'policy', p.tablename || '.' || p.policyname,
  md5(concat_ws('|', p.permissive, p.roles::text, p.cmd, p.qual, p.with_check))
from pg_policies p where p.schemaname = 'meander'
union all
select 'function', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  md5(concat_ws('|', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner), p.proacl::text))
from pg_proc p where p.pronamespace = 'meander'::regnamespace
order by 1, 2
