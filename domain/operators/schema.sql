-- What Piccolo cannot express for officers. Idempotent; applied after every migration.
create unique index if not exists operator_login on operator (login);
create index if not exists operator_session_live on operator_session (operator) where ended_at is null;
create index if not exists approval_open on approval (asked_at) where decided_at is null;
create index if not exists approval_subject on approval (subject, action);
create unique index if not exists approval_pending_once on approval (action, subject, asked_by) where decided_at is null;

-- The database knows the rule too: nobody approves themselves, and a decision is final.
do $$ begin
  if not exists (select 1 from pg_constraint where conname = 'approval_needs_another_person') then
    alter table approval add constraint approval_needs_another_person
      check (decided_by is null or decided_by <> asked_by);
  end if;
end $$;
create or replace function approval_is_final() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.used_at is not null
     or (old.decided_at is not null and (to_jsonb(new) - 'used_at') is distinct from (to_jsonb(old) - 'used_at')) then
    raise exception 'a decided approval does not change' using errcode = 'GW901';
  end if;
  return new;
end $$;
create or replace trigger approval_is_final before update or delete on approval
  for each row execute function approval_is_final();
