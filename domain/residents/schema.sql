-- What Piccolo cannot express for the residents' tables. Idempotent.
create unique index if not exists wechat_identity_openid on wechat_identity (openid_hash);
create index if not exists wechat_identity_account on wechat_identity (account);
create unique index if not exists resident_phone_number on resident_phone (number_hash);
create unique index if not exists resident_phone_account on resident_phone (account);
create index if not exists sms_code_account on sms_code (account, created_at);
create index if not exists sms_code_age on sms_code (expires_at);
create index if not exists consent_record_latest on consent_record (account, purpose, at desc);
create index if not exists session_family_account on session_family (account) where ended_at is null;
create index if not exists session_family_age on session_family (expires_at);
create unique index if not exists refresh_token_hash on refresh_token (token_hash);
create index if not exists refresh_token_family on refresh_token (family);
