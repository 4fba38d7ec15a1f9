-- What Piccolo cannot express for the reports' tables. Idempotent.
create sequence if not exists report_number_seq;
create unique index if not exists report_number on report (number);
create index if not exists report_near on report (cell, received_at);
create index if not exists sealed_reporter_owner on sealed_reporter (owner_tag, report desc);
create index if not exists report_timeline_report on report_timeline (report, at, id);
create unique index if not exists partner_key on partner (key_hash);
create unique index if not exists partner_report_external on partner_report (partner, external_id);
create unique index if not exists open311_request_token on open311_request (token);
create unique index if not exists open311_update_once on open311_update (partner, update_id);
create index if not exists report_timeline_at on report_timeline (at);
create unique index if not exists report_follow_once on report_follow (account, report);
create index if not exists report_follow_report on report_follow (report);
create index if not exists area_alert_account on area_alert (account);
create index if not exists area_alert_place on area_alert (lat);
create index if not exists text_check_waiting on text_check (at) where state in ('review', 'risky');
create index if not exists identity_reveal_report on identity_reveal (report, asked_at);
drop index if exists public_report_place;
-- The grids of public_map.GRIDS: newest first in a tile, with the exact place to filter by, without reading a row.
create index if not exists public_report_tile_200 on public_report
  ((floor(lat * 200)::bigint * 100000 + floor(lng * 200)::bigint), received_at, report) include (lng, lat)
  where hidden_at is null;
create index if not exists public_report_tile_25 on public_report
  ((floor(lat * 25)::bigint * 100000 + floor(lng * 25)::bigint), received_at, report) include (lng, lat)
  where hidden_at is null;
create index if not exists public_report_received on public_report (received_at desc, report desc) where hidden_at is null;
create index if not exists public_report_updated on public_report (updated_at, report) where hidden_at is null;
create index if not exists public_report_category on public_report (category, received_at desc) where hidden_at is null;
create index if not exists public_report_near on public_report (cell, received_at) where hidden_at is null;
create unique index if not exists public_report_number on public_report (number);

-- A report is what was sent; it is never changed and never deleted. What happens to it is appended elsewhere.
create or replace function report_is_evidence() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'GW900';
end $$;
create or replace trigger report_is_evidence before update or delete on report
  for each row execute function report_is_evidence();
create or replace trigger report_is_evidence before update or delete on report_timeline
  for each row execute function report_is_evidence();
create or replace trigger report_is_evidence before update or delete on report_day
  for each row execute function report_is_evidence();

-- Lists are read far more often than a row changes: its JSON is made once, here, and read as it is.
create or replace function public_report_item() returns trigger language plpgsql as $$
begin
  new.item := json_build_object('id', new.report, 'number', new.number, 'category', new.category,
    'category_name', new.category_name, 'text', new.text, 'lng', new.lng, 'lat', new.lat, 'exact', new.exact,
    'town', new.town, 'photos', new.photos, 'stage', new.stage, 'closed', new.closed, 'supporters', new.supporters,
    'received_at', to_char(new.received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'updated_at', to_char(new.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text;
  return new;
end $$;
create or replace trigger public_report_item before insert or update on public_report
  for each row execute function public_report_item();

-- The next number of a day, such as GW-20261121-000137, without a row that every submission updates: one global
-- sequence, and the day's first report writes down where the day began. A number below the base was drawn just before
-- the base was set: it is given up and another one drawn. Aborted submissions leave gaps.
create or replace function report_next_number(p_day date) returns text language plpgsql as $$
declare
  v_base bigint;
  v_next bigint;
begin
  select base into v_base from report_day where day = p_day;
  if v_base is null then
    insert into report_day (day, base) values (p_day, nextval('report_number_seq')) on conflict do nothing;
    select base into v_base from report_day where day = p_day;
  end if;
  loop
    v_next := nextval('report_number_seq') - v_base;
    exit when v_next > 0;
  end loop;
  return 'GW-' || to_char(p_day, 'YYYYMMDD') || '-' || lpad(v_next::text, greatest(6, length(v_next::text)), '0');
end $$;

-- One accepted report in one round trip: idempotency, report, sealed reporter, timeline, outbox, audit.
-- outcome: 'new' | 'replay' | 'twin' (the same key is being worked on) | 'reused' (the key belongs to other content).
-- p_body is the answer with the place '{number}' for the human number; the stored answer is what `body` returns.
create or replace function report_submit(
  p_principal text, p_key text, p_print bytea, p_body text, p_now timestamptz, p_day date,
  p_id uuid, p_category text, p_text text, p_channel text, p_identity text,
  p_datum text, p_sent_lng float8, p_sent_lat float8, p_accuracy real, p_lng float8, p_lat float8,
  p_town text, p_cell bigint, p_address text, p_river uuid, p_enterprise uuid,
  p_captured timestamptz, p_photos smallint, p_no_photo text,
  p_owner_tag bytea, p_sealed bytea, p_key_id text, p_salt bytea, p_code_hash bytea, p_record_id uuid, p_origin text
) returns table (outcome text, body bytea) language plpgsql as $$
#variable_conflict use_column
declare
  v_print bytea;
  v_number text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended(p_principal || '|' || p_key, 0)) then
    return query select 'twin', null::bytea;
    return;
  end if;
  select r.fingerprint, r.body into v_print, body from idempotency_record r
    where r.principal = p_principal and r.key = p_key;
  if found then
    outcome := case when v_print = p_print then 'replay' else 'reused' end;
    return next;
    return;
  end if;
  v_number := report_next_number(p_day);
  body := convert_to(replace(p_body, '{number}', v_number), 'UTF8');
  outcome := 'new';
  with stored as (
    insert into report (id, number, category, text, channel, identity, datum, sent_lng, sent_lat, accuracy_m, lng, lat,
      town, cell, address, river, enterprise, captured_at, received_at, photos, no_photo_reason)
    values (p_id, v_number, p_category, p_text, p_channel, p_identity, p_datum, p_sent_lng, p_sent_lat, p_accuracy, p_lng,
      p_lat, p_town, p_cell, p_address, p_river, p_enterprise, p_captured, p_now, p_photos, p_no_photo)),
  sealed as (
    insert into sealed_reporter (report, owner_tag, sealed, key_id)
    select p_id, p_owner_tag, p_sealed, p_key_id where p_owner_tag is not null),
  receipt as (
    insert into receipt_code (report, salt, code_hash)
    select p_id, p_salt, p_code_hash where p_code_hash is not null),
  told as (
    insert into report_timeline (report, at, kind, status, note_zh, note_en, detail)
    values (p_id, p_now, 'submitted', 'submitted', '已收到您的举报', 'Your report was received', '{}')),
  sent as (
    insert into outbox_event (name, payload, recorded_at, attempts, origin)
    values ('ReportSubmitted', jsonb_build_object('report_id', p_id, 'number', v_number, 'category', p_category,
      'channel', p_channel), p_now, 0, p_origin)),
  audited as (
    insert into audit_entry (at, actor, action, subject, detail)
    values (p_now, 'reporter', 'report.submit', 'report:' || p_id, '{}'))
  insert into idempotency_record (id, principal, key, fingerprint, status, body, created_at)
  values (p_record_id, p_principal, p_key, p_print, 201, body, p_now);
  return next;
end $$;
