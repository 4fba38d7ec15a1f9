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
drop index if exists disclosure_due_subject;  -- of earlier versions: one duty per subject, whatever the duty
create unique index if not exists disclosure_due_published on disclosure_due (dataset, subject) where duty = 'publish';
create unique index if not exists disclosure_due_withdrawn on disclosure_due (dataset, subject)
  where duty = 'withdraw' and settled_on is null;
create index if not exists disclosure_due_open on disclosure_due (due_on) where settled_on is null;
create index if not exists disclosure_reply_key on disclosure_reply (dataset, key);
create unique index if not exists notice_view_day on notice_view (notice, day);
create index if not exists chief_message_river on chief_message (river, sent_at desc);
create index if not exists chief_message_sender on chief_message (sender, sent_at desc);
create index if not exists chief_message_open on chief_message (due_on) where answered_at is null;
create index if not exists chief_message_step_message on chief_message_step (message, at);

-- A section's year in twelve characters, so that 1,845 sections x 120 months are 18,450 short rows. Every stored version of
-- a month puts its character into its place; one import at a time, so that none overwrites another's months.
create or replace function keep_river_water_years() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('river-water-years', 0));
  insert into river_water_year (key, section, year, classes)
  select n.section || '|' || n.year, n.section, n.year::int,
         (select string_agg(coalesce(n.signs[array_position(n.months, m)], substr(o.classes, m, 1), '-'), '' order by m)
          from generate_series(1, 12) m)
  from (select section, left(month, 4) as year, array_agg(right(month, 2)::int) as months,
               array_agg(case when state = 'public' then chr(48 + coalesce(water_class, 0)) else '-' end) as signs
        from stored where superseded_at is null group by 1, 2) n
  left join river_water_year o on o.key = n.section || '|' || n.year
  on conflict (key) do update set classes = excluded.classes;
  return null;
end $$;
create or replace trigger keep_river_water_years after insert on disclosed_river_water
  referencing new table as stored for each statement execute function keep_river_water_years();
insert into river_water_year (key, section, year, classes)  -- months stored before there were years
select n.section || '|' || n.year, n.section, n.year::int,
       (select string_agg(coalesce(n.signs[array_position(n.months, m)], '-'), '' order by m) from generate_series(1, 12) m)
from (select section, left(month, 4) as year, array_agg(right(month, 2)::int) as months,
             array_agg(chr(48 + coalesce(water_class, 0))) as signs
      from disclosed_river_water where superseded_at is null and state = 'public'
        and not exists (select 1 from river_water_year) group by 1, 2) n;

-- The register's usual filters in list order.
drop index if exists disclosed_river_water_classes;
create index if not exists disclosed_enterprise_rating_filters on disclosed_enterprise_rating (grade, town, sort_key, id)
  where superseded_at is null;
