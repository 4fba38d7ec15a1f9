-- What Piccolo cannot express for the cases' tables, and the limits that hold from the first day. Idempotent.
create unique index if not exists case_round_number on case_round ("case", number);
create index if not exists case_round_opened on case_round (opened_at);
create unique index if not exists case_report_active on case_report (report) where left_at is null;
create index if not exists case_report_case on case_report ("case");
create unique index if not exists case_update_once on case_update (update_id);
create unique index if not exists case_update_place on case_update ("case", round, sequence);
create unique index if not exists refused_update_once on refused_update (update_id, body_hash);
create index if not exists refused_update_age on refused_update (last_at);
create unique index if not exists case_rating_once on case_rating ("case", round, report);
create unique index if not exists case_review_once on case_review ("case", round, report);
create index if not exists case_question_case on case_question ("case");
create unique index if not exists case_question_open on case_question ("case") where answered_at is null;
create index if not exists case_extension_case on case_extension ("case");
create unique index if not exists case_warning_once on case_warning ("case", round, node, started_at, light);
create index if not exists case_warning_fired on case_warning (fired_at);
create index if not exists warning_receipt_warning on warning_receipt (warning);
create index if not exists warning_receipt_waiting on warning_receipt (operator) where acknowledged_at is null;
create unique index if not exists case_supervision_once on case_supervision ("case", round);
create index if not exists case_supervision_open on case_supervision (opened_at) where closed_at is null;
create index if not exists case_file_look on case_file (look_at) where look_at is not null;
create index if not exists case_file_silent on case_file (heard_at) where not closed;
create index if not exists case_file_due on case_file (due_at, id) where due_at is not null;
create index if not exists case_file_opened on case_file (opened_at);
create index if not exists reconcile_run_kind on reconcile_run (kind, id);

-- Evidence is appended, never changed.
create or replace function case_evidence() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'GW900';
end $$;
create or replace trigger case_evidence before update or delete on case_update
  for each row execute function case_evidence();
create or replace trigger case_evidence before update or delete on case_warning
  for each row execute function case_evidence();

-- Limits. C: confirmed in law; U: reported practice, unverified; P: our policy until the bureau says otherwise.
insert into clock_limit (id, node, amount, unit, region, channel, category, clock_class, valid_from, source, certainty)
values
  ('accept', 'accept', 15, 'natural_days', '', '', '', '', '2011-03-01', 'MEP order 15; Petition Rules 2022 art. 23', 'C'),
  ('finish', 'finish', 60, 'natural_days', '', '', '', '', '2011-03-01', 'MEP order 15; Petition Rules 2022 art. 34', 'C'),
  ('finish-12345', 'finish', 15, 'working_days', '', 'hotline_12345', '', '', '2020-01-01', 'city practice, 5-15 working days', 'U'),
  ('sign', 'sign', 1, 'working_days', '', '', '', '', '2020-01-01', 'district policy', 'P'),
  ('sign-urgent', 'sign', 4, 'hours', '', '', '', 'urgent', '2020-01-01', 'district policy', 'P'),
  ('dispatch', 'dispatch', 1, 'working_days', '', '', '', '', '2020-01-01', 'district policy', 'P'),
  ('inspect', 'inspect', 3, 'working_days', '', '', '', '', '2020-01-01', 'district policy', 'P'),
  ('inspect-urgent', 'inspect', 24, 'hours', '', '', '', 'urgent', '2020-01-01', 'district policy', 'P'),
  ('inspect-complex', 'inspect', 5, 'working_days', '', '', '', 'complex', '2020-01-01', 'district policy', 'P'),
  ('rectify', 'rectify', 15, 'working_days', '', '', '', '', '2020-01-01', 'district policy', 'P'),
  ('rectify-complex', 'rectify', 30, 'working_days', '', '', '', 'complex', '2020-01-01', 'district policy', 'P'),
  ('penalise', 'penalise', 90, 'natural_days', '', '', '', '', '2021-07-15', 'Administrative Penalty Law 2021 art. 60', 'C'),
  ('post-inspect', 'post_inspect', 30, 'natural_days', '', '', '', '', '2020-01-01', 'district policy', 'P'),
  ('silence', 'silence', 3, 'working_days', '', '', '', '', '2020-01-01', 'district policy', 'P')
on conflict (id) do nothing;

-- The name of the channel was wrong once, so that the limit never applied.
update clock_limit set channel = 'hotline_12345' where id = 'finish-12345' and channel = '12345';

insert into platform_peer (name, cursor) values ('case-platform', '') on conflict (name) do nothing;

-- A published penalty finds the case whose update named it.
create index if not exists case_update_penalty on case_update ((detail->>'penalty')) where detail->>'penalty' is not null;
