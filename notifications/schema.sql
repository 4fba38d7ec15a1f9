-- What Piccolo cannot express for the notifications' tables. Idempotent; applied after every migration.
alter table announcement add column if not exists xid xid8 not null default pg_current_xact_id();
create unique index if not exists announcement_once on announcement (event, key) where event > 0;
create index if not exists announcement_subject on announcement (subject, id);

create index if not exists announcement_newest on announcement (id) where audience not in ('person', 'many');
create index if not exists announcement_news on announcement (xid) where audience not in ('person', 'many');

create unique index if not exists inbox_message_once on inbox_message (owner, announcement);
create index if not exists inbox_message_unread on inbox_message (owner) where read_at is null and archived_at is null;

create unique index if not exists notice_follow_once on notice_follow (owner, audience);
create index if not exists notice_follow_audience on notice_follow (audience);

create unique index if not exists notice_delivery_once on notice_delivery (announcement, owner, channel);
create index if not exists notice_delivery_owner on notice_delivery (owner, created_at);
create index if not exists notice_delivery_ref on notice_delivery (provider_ref) where provider_ref is not null;
create index if not exists notice_delivery_dead on notice_delivery (created_at) where state = 'dead';

create unique index if not exists consent_credit_once on consent_credit (owner, template);
create unique index if not exists consent_entry_once on consent_entry (owner, template, key);
create index if not exists consent_entry_age on consent_entry (owner, at);
create index if not exists push_receipt_age on push_receipt (at);

create unique index if not exists webhook_message_once on webhook_message (endpoint, event);
create index if not exists webhook_message_log on webhook_message (endpoint, created_at);
