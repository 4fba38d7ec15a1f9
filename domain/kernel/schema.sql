-- What Piccolo cannot express for the kernel's tables. Idempotent; applied after every migration.
drop index if exists outbox_event_open;
create index if not exists outbox_event_ready on outbox_event (coalesce(lease_until, '-infinity'::timestamptz), id)
  where done_at is null and attempts < 12; -- outbox.ATTEMPTS_MAX
create index if not exists outbox_event_dead on outbox_event (id) where done_at is null and attempts >= 12;
create unique index if not exists handled_event_once on handled_event (event, handler);
drop index if exists send_job_due;
create index if not exists send_job_ready on send_job (greatest(due_at, lease_until)) where state = 'pending';
create index if not exists send_job_queue on send_job (queue, seq) where state = 'pending' and queue is not null;
create index if not exists send_job_subject on send_job (subject);
create unique index if not exists idempotency_record_key on idempotency_record (principal, key);
create index if not exists idempotency_record_age on idempotency_record (created_at);
-- The request that set an event or a job in motion, for tracing; see domain.kernel.trace.
alter table outbox_event add column if not exists origin text;
alter table send_job add column if not exists origin text;
create index if not exists audit_entry_subject on audit_entry (subject, id);

alter table audit_entry add column if not exists xid xid8 not null default pg_current_xact_id();
alter table audit_entry add column if not exists seal bigint;
alter table audit_entry add column if not exists row_hash bytea;
create index if not exists audit_entry_unsealed on audit_entry (id) where seal is null;

-- Evidence is appended, never changed: only the sealer may set the block number, once.
create or replace function audit_entry_is_evidence() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.seal is not null
     or (to_jsonb(new) - 'seal' - 'row_hash') is distinct from (to_jsonb(old) - 'seal' - 'row_hash') then
    raise exception 'audit_entry is append-only' using errcode = 'GW900';
  end if;
  return new;
end $$;
create or replace trigger audit_entry_is_evidence before update or delete on audit_entry
  for each row execute function audit_entry_is_evidence();
