-- What Piccolo cannot express for the disclosure room. Idempotent.

-- Every dataset's table gets the same indexes, the evidence trigger and one current version per key.
create or replace function disclosed_is_evidence() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or old.superseded_at is not null or new.superseded_at is null
     or (to_jsonb(new) - 'superseded_at') is distinct from (to_jsonb(old) - 'superseded_at') then
    raise exception '% is append-only', tg_table_name using errcode = 'GW900';
  end if;
  return new;
end $$;

do $$
declare t text;
begin
  for t in select table_name from information_schema.tables
           where table_schema = current_schema() and table_name like 'disclosed\_%' loop
    execute format('create unique index if not exists %I on %I (key) where superseded_at is null', t || '_current', t);
    execute format('create unique index if not exists %I on %I (key, version)', t || '_version', t);
    execute format('create index if not exists %I on %I (sort_key, id) where superseded_at is null', t || '_order', t);
    execute format('create index if not exists %I on %I (position)', t || '_position', t);
    execute format('create index if not exists %I on %I using gin (grams)', t || '_grams', t);
    execute format('create or replace trigger disclosed_is_evidence before update or delete on %I
                    for each row execute function disclosed_is_evidence()', t);
  end loop;
end $$;

create index if not exists disclosure_import_state on disclosure_import (dataset, brought_at desc);
create unique index if not exists disclosure_due_subject on disclosure_due (dataset, subject);
create index if not exists disclosure_due_open on disclosure_due (due_on) where settled_on is null;
create index if not exists disclosure_reply_key on disclosure_reply (dataset, key);
create unique index if not exists notice_view_day on notice_view (notice, day);
create index if not exists chief_message_river on chief_message (river, sent_at desc);
create index if not exists chief_message_sender on chief_message (sender, sent_at desc);
create index if not exists chief_message_open on chief_message (due_on) where answered_at is null;
create index if not exists chief_message_step_message on chief_message_step (message, at);

-- Every section's classes over ten years from the index alone; the register's usual filters in list order.
create index if not exists disclosed_river_water_classes on disclosed_river_water (section, month)
  include (water_class, shown_from) where superseded_at is null and state = 'public';
create index if not exists disclosed_enterprise_rating_filters on disclosed_enterprise_rating (grade, town, sort_key, id)
  where superseded_at is null;
