-- The platform itself is an organization with the nil id, so that acts that concern no tenant have a chain.
insert into meander.organizations (id, slug, name)
values ('00000000-0000-0000-0000-000000000000', 'platform', 'Meander platform');
insert into meander.audit_heads (organization_id) values ('00000000-0000-0000-0000-000000000000');
