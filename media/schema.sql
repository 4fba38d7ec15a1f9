-- What Piccolo cannot express for the tables of photographs. Idempotent.
create index if not exists photo_owner on photo (owner_tag, received_at) where owner_tag is not null;
create index if not exists photo_subject on photo (subject, position) where subject is not null;
create index if not exists photo_sha256 on photo (sha256);
create unique index if not exists photo_public_token on photo (public_token) where public_token is not null;
create unique index if not exists photo_trace on photo (screening_trace) where screening_trace is not null;
create index if not exists photo_due on photo (delete_after) where deleted_at is null and held_at is null;
create index if not exists photo_asked on photo (screening_at) where screening = 'asked';
create index if not exists photo_custody_photo on photo_custody (photo, id);
create index if not exists photo_upload_open on photo_upload (expires_at) where photo is null;
create index if not exists photo_redaction_photo on photo_redaction (photo, version);
create index if not exists photo_match_photo on photo_match (photo);
create index if not exists photo_match_earlier on photo_match (earlier);
create unique index if not exists photo_fetch_once on photo_fetch (subject, url);
create unique index if not exists photo_concern_once on photo_concern (event);
create index if not exists photo_concern_open on photo_concern (id) where settled_at is null;
create index if not exists photo_concern_photo on photo_concern (photo) where settled_at is null;
create unique index if not exists photo_quota_once on photo_quota (owner_tag, day);
create index if not exists photo_quota_age on photo_quota (day);

-- Multi-index hashing: two hashes at most 7 bits apart agree to within one bit in at least one of their four 16-bit
-- bands, so 17 look-ups per band find them all. The included columns let the index alone answer.
create index if not exists photo_likeness_photo on photo_likeness (photo);
create index if not exists photo_likeness_band0 on photo_likeness ((bits & 65535)) include (bits, view, photo);
create index if not exists photo_likeness_band1 on photo_likeness ((bits >> 16 & 65535)) include (bits, view, photo);
create index if not exists photo_likeness_band2 on photo_likeness ((bits >> 32 & 65535)) include (bits, view, photo);
create index if not exists photo_likeness_band3 on photo_likeness ((bits >> 48 & 65535)) include (bits, view, photo);

create or replace function photo_custody_is_evidence() returns trigger language plpgsql as $$
begin
  raise exception 'photo_custody is append-only' using errcode = 'GW900';
end $$;
create or replace trigger photo_custody_is_evidence before update or delete on photo_custody
  for each row execute function photo_custody_is_evidence();
