-- What Piccolo cannot express for the enterprises room. Idempotent.
create unique index if not exists enterprise_credit_code on enterprise (credit_code);
create unique index if not exists enterprise_rating_year on enterprise_rating (enterprise, year);
create index if not exists enterprise_rating_stage on enterprise_rating (stage, stage_at);
create unique index if not exists rating_step_number on rating_step (rating, number);
create index if not exists rating_matter_rating on rating_matter (rating, opened_at);
create index if not exists rating_matter_open on rating_matter (due_on) where answered_at is null;
create unique index if not exists enterprise_delegate_live on enterprise_delegate (enterprise, account)
  where revoked_at is null and accepted is distinct from 0;
create index if not exists enterprise_delegate_account on enterprise_delegate (account) where revoked_at is null;

create index if not exists enterprise_rating_cycle on enterprise_rating (year, stage, id);
create index if not exists matter_file_matter on matter_file (matter) where matter is not null;
create index if not exists matter_file_waiting on matter_file (enterprise) where matter is null;
create index if not exists rating_batch_asked on rating_batch (asked_at desc);

create or replace function rating_step_is_evidence() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'GW900';
end $$;
create or replace trigger rating_step_is_evidence before update or delete on rating_step
  for each row execute function rating_step_is_evidence();
