-- When each record was last checkpointed is asked often and happened seldom.
create index audit_log_checkpoints on meander.audit_log (organization_id, seq) where action = 'audit.checkpointed';
