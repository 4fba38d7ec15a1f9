-- The ledger: what Piccolo cannot express, and the functions that are the only way to move anything. Idempotent.

insert into reward_unit (id, code, title_zh, title_en) values
  (1, 'points', '绿色积分', 'green points'), (2, 'carbon', '碳减排量（毫克）', 'carbon saved (mg CO2e)'),
  (3, 'minutes', '志愿服务时长（分钟）', 'service minutes')
on conflict (id) do nothing;

-- House accounts: the tens digit is the role, the last digit the unit. Never locked, balance not kept.
-- 1x issuer, 2x expired, 3x spent, 4x revoked, 5x retired against an enterprise's budget.
insert into reward_account (id, owner, kind, unit, floor, balance, held, cum_debited, postings, opened_at)
select role * 10 + unit, md5('house-' || role)::uuid, case when role = 1 then 'issuer' else 'sink' end, unit, null, 0, 0, 0, 0, now()
from generate_series(1, 5) role, generate_series(1, 3) unit
on conflict do nothing;
create sequence if not exists reward_account_number start 1000;
alter table reward_account alter column id set default nextval('reward_account_number');
alter table reward_account set (fillfactor = 80);  -- room for updates in place: no index covers a changing column
create index if not exists ledger_hold_due on ledger_hold (expires_at) where state = 'open';
create index if not exists ledger_hold_account on ledger_hold (account) where state = 'open';

create index if not exists reward_claim_account on reward_claim (account, id desc);
create index if not exists reward_claim_person on reward_claim (person, to_at) where state in ('awarded', 'held');
create index if not exists reward_claim_queue on reward_claim (received_at) where state = 'held';
create index if not exists reward_claim_waiting on reward_claim (due_at) where state = 'held' and due_at is not null;
create unique index if not exists partner_link_open on partner_link (partner, account) where ended_at is null;
create index if not exists activity_start on activity (starts_at) where state = 'open';
create index if not exists activity_signup_person on activity_signup (person) where state = 'in';
create index if not exists attendance_activity on attendance (activity, in_at);
create index if not exists walk_in_phone on walk_in (phone_hash) where claimed_at is null;
create index if not exists reward_certificate_account on reward_certificate (account, id desc);
create index if not exists reward_claim_places on reward_claim (received_at) where detail ?| array['start', 'end'];
create index if not exists step_day_samples on step_day (day) where samples <> '[]';
create index if not exists claim_vote_reviewer on claim_vote (reviewer, voted_at);
create index if not exists patrol_finding_activity on patrol_finding (activity);
create index if not exists activity_river on activity (river, starts_at desc) where river is not null;
create index if not exists score_appeal_open on score_appeal (due_on) where outcome is null;
create index if not exists attendance_claim on attendance (claim) where claim is not null;
create index if not exists report_reward_state on report_reward (state, verified_at);
create index if not exists report_reward_report on report_reward (report);
create index if not exists reward_exclusion_person on reward_exclusion (person);
create index if not exists sponsor_campaign_open on sponsor_campaign (behaviour, until_at) where open;
create index if not exists manual_grant_posted on manual_grant (posted_at) where posted_at is not null;
create index if not exists reward_award_account on reward_award (account, id desc);
create index if not exists reward_award_day on reward_award (day, behaviour);

create sequence if not exists ledger_transfer_number;
create table if not exists ledger_transfer (
  id bigint not null default nextval('ledger_transfer_number'),
  posted_at timestamptz not null,
  occurred_at timestamptz not null,
  key uuid not null,
  kind varchar(12) not null,
  unit smallint not null,
  debit bigint not null,
  credit bigint not null,
  amount bigint not null check (amount > 0),
  debit_after bigint,
  credit_after bigint,
  rule varchar(60),
  evidence uuid,
  reverses bigint,
  xid bigint not null default pg_current_xact_id()::text::bigint,
  primary key (id, posted_at),
  check (debit <> credit)
) partition by range (posted_at);
create index if not exists ledger_transfer_debit on ledger_transfer (debit, id) where debit >= 1000;
create index if not exists ledger_transfer_credit on ledger_transfer (credit, id) where credit >= 1000;
create index if not exists ledger_transfer_settled on ledger_transfer using brin (xid) with (pages_per_range = 32, autosummarize = on);

create table if not exists ledger_bucket (
  account bigint not null, expires date not null, earned bigint not null, primary key (account, expires));
alter table ledger_bucket set (fillfactor = 80);
create table if not exists cap_use (
  person varchar(64) not null, rule varchar(60) not null, period varchar(10) not null, used bigint not null check (used >= 0),
  primary key (person, rule, period));

-- Evidence is appended, never changed.
create or replace function ledger_is_evidence() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'GW900';
end $$;
do $$
declare t text;
begin
  foreach t in array array['ledger_transfer', 'ledger_key', 'ledger_reversal', 'ledger_block', 'ledger_day'] loop
    execute format('drop trigger if exists ledger_is_evidence on %I', t);
    execute format('create trigger ledger_is_evidence before update or delete on %I for each row execute function ledger_is_evidence()', t);
    execute format('drop trigger if exists ledger_is_whole on %I', t);
    execute format('create trigger ledger_is_whole before truncate on %I for each statement execute function ledger_is_evidence()', t);
    execute format('revoke update, delete, truncate on %I from public, current_user', t);
  end loop;
end $$;

-- One partition per month (UTC). A month whose rows already stand in the default partition is left there.
create or replace function ledger_month(p_month date) returns void language plpgsql as $$
declare name text := 'ledger_transfer_' || to_char(p_month, 'YYYY_MM');
begin
  if to_regclass(name) is not null then return; end if;
  if exists (select 1 from ledger_transfer_rest where posted_at >= (p_month::timestamp at time zone 'UTC')
             and posted_at < ((p_month + interval '1 month')::timestamp at time zone 'UTC')) then return; end if;
  execute format('create table %I partition of ledger_transfer for values from (%L) to (%L)', name,
    p_month::timestamp at time zone 'UTC', (p_month + interval '1 month')::timestamp at time zone 'UTC');
  execute format('create trigger ledger_is_whole before truncate on %I for each statement execute function ledger_is_evidence()', name);
  execute format('revoke update, delete, truncate on %I from public, current_user', name);
end $$;
create table if not exists ledger_transfer_rest partition of ledger_transfer default;
drop trigger if exists ledger_is_whole on ledger_transfer_rest;
create trigger ledger_is_whole before truncate on ledger_transfer_rest for each statement execute function ledger_is_evidence();
revoke update, delete, truncate on ledger_transfer_rest from public, current_user;
select ledger_month((date_trunc('month', now()) + make_interval(months => m))::date) from generate_series(-1, 12) m;

-- The account of an owner, opened when it is missing. Not locked.
create or replace function ledger_account(p_owner uuid, p_kind text, p_unit int, p_now timestamptz) returns bigint
language plpgsql as $$
declare found_id bigint;
begin
  select id into found_id from reward_account where owner = p_owner and kind = p_kind and unit = p_unit;
  if found_id is null then
    insert into reward_account (owner, kind, unit, floor, balance, held, cum_debited, postings, opened_at)
    values (p_owner, p_kind, p_unit, case when p_kind like 'debt%' or p_kind = 'clearing' then null else 0 end, 0, 0, 0, 0, p_now)
    on conflict (owner, kind, unit) do nothing returning id into found_id;
    if found_id is null then
      select id into found_id from reward_account where owner = p_owner and kind = p_kind and unit = p_unit;
    end if;
  end if;
  return found_id;
end $$;

-- What a key has become: 'replayed' with its result, 'altered' when the request was another one, no row when it is new.
create or replace function ledger_replay(p_key uuid, p_print bytea)
returns table (outcome text, transfer bigint, debit_balance bigint, credit_balance bigint) language plpgsql stable as $$
declare k ledger_key;
begin
  select * into k from ledger_key where id = p_key;
  if not found then return; end if;
  if k.print <> p_print then
    return query select 'altered'::text, null::bigint, null::bigint, null::bigint;
  else
    return query select 'replayed'::text, t.id, t.debit_after, t.credit_after from ledger_transfer t
      where t.id = k.transfer and t.posted_at = k.posted_at;
  end if;
end $$;

-- THE posting function: one round trip, no effect unless the outcome is 'posted'.
-- Outcomes: posted, replayed, altered, insufficient, invalid, unknown-account.
-- Order: reject nonsense; lock the accounts that are kept, ascending (the house is never locked); a replay is answered before
-- the balance is judged; then key, transfer, balances, bucket; a credit to somebody in debt repays at once.
create or replace function ledger_post(
  p_key uuid, p_print bytea, p_kind text, p_debit bigint, p_credit bigint, p_amount bigint, p_occurred timestamptz,
  p_now timestamptz, p_rule text default null, p_evidence uuid default null, p_expires date default null,
  p_reverses bigint default null)
returns table (outcome text, transfer bigint, debit_balance bigint, credit_balance bigint) language plpgsql as $$
declare
  d reward_account; c reward_account; n bigint; owed bigint; unit_d int; unit_c int;
begin
  if p_amount is null or p_amount <= 0 or p_amount > 9007199254740992 or p_debit = p_credit then
    return query select 'invalid'::text, null::bigint, null::bigint, null::bigint; return;
  end if;
  if p_debit < p_credit then
    if p_debit >= 1000 then select * into d from reward_account where id = p_debit for no key update; end if;
    if p_credit >= 1000 then select * into c from reward_account where id = p_credit for no key update; end if;
  else
    if p_credit >= 1000 then select * into c from reward_account where id = p_credit for no key update; end if;
    if p_debit >= 1000 then select * into d from reward_account where id = p_debit for no key update; end if;
  end if;
  unit_d := case when p_debit >= 1000 then d.unit when p_debit between 11 and 53 then p_debit % 10 end;
  unit_c := case when p_credit >= 1000 then c.unit when p_credit between 11 and 53 then p_credit % 10 end;
  if unit_d is null or unit_c is null or unit_d <> unit_c or unit_d not between 1 and 3 then
    return query select 'unknown-account'::text, null::bigint, null::bigint, null::bigint; return;
  end if;
  if p_debit >= 1000 and d.floor is not null and d.balance - d.held - p_amount < d.floor then
    return query select * from ledger_replay(p_key, p_print);
    if not found then return query select 'insufficient'::text, null::bigint, d.balance, null::bigint; end if;
    return;
  end if;
  n := nextval('ledger_transfer_number');
  insert into ledger_key (id, print, transfer, posted_at) values (p_key, p_print, n, p_now) on conflict (id) do nothing;
  if not found then
    return query select * from ledger_replay(p_key, p_print); return;
  end if;
  insert into ledger_transfer (id, posted_at, occurred_at, key, kind, unit, debit, credit, amount, debit_after, credit_after,
                               rule, evidence, reverses)
  values (n, p_now, p_occurred, p_key, p_kind, unit_d, p_debit, p_credit, p_amount,
          d.balance - p_amount, c.balance + p_amount, p_rule, p_evidence, p_reverses);
  if p_debit >= 1000 then
    update reward_account set balance = balance - p_amount, cum_debited = cum_debited + p_amount, postings = postings + 1
    where id = p_debit;
  end if;
  if p_credit >= 1000 then
    update reward_account set balance = balance + p_amount, postings = postings + 1 where id = p_credit;
    if p_expires is not null then
      insert into ledger_bucket (account, expires, earned) values (p_credit, p_expires, p_amount)
      on conflict (account, expires) do update set earned = ledger_bucket.earned + excluded.earned;
    end if;
    if c.debt is not null and p_kind <> 'lend' then
      select -balance into owed from reward_account where id = c.debt for no key update;
      if owed > 0 then
        perform ledger_post(md5(p_key::text || '/repay')::uuid, p_print, 'repay', p_credit, c.debt, least(owed, p_amount),
                            p_occurred, p_now, p_rule, p_evidence);
      end if;
    end if;
  end if;
  return query select 'posted'::text, n, d.balance - p_amount, c.balance + p_amount;
end $$;

-- Many earnings from one source that is not kept (an issuer), in one statement set: keys already present are replayed, doubles
-- inside the batch count once, accounts in debt take the single path. Rows come back in no order; find them by key.
create or replace function ledger_post_batch(
  p_keys uuid[], p_prints bytea[], p_kind text, p_debit bigint, p_credits bigint[], p_amounts bigint[],
  p_occurred timestamptz[], p_now timestamptz, p_rules text[], p_evidence uuid[], p_expires date[])
returns table (key uuid, outcome text, transfer bigint, credit_balance bigint) language plpgsql as $$
declare in_debt bigint[];
begin
  if p_debit >= 1000 then raise exception 'a batch is paid by the house' using errcode = 'GW901'; end if;
  perform 1 from reward_account where id in (select distinct unnest(p_credits)) order by id for no key update;
  select coalesce(array_agg(a.id), '{}') into in_debt
  from reward_account a join reward_account b on b.id = a.debt where a.id = any(p_credits) and b.balance < 0;
  -- No join between the steps: the planner knows nothing of array lengths and would choose nested loops.
  return query
  with asked as materialized (
    select distinct on (u.k) u.*, a.balance as old, case
        when a.id is null then 'unknown-account'
        when u.amount is null or u.amount not between 1 and 9007199254740992 then 'invalid'
        when exists (select 1 from ledger_key x where x.id = u.k) then 'known'
        when a.id = any(in_debt) then 'in-debt' else 'posted' end as verdict
    from unnest(p_keys, p_prints, p_credits, p_amounts, p_occurred, p_rules, p_evidence, p_expires)
         with ordinality as u(k, print, credit, amount, occurred, rule, evidence, expires, ord)
    left join reward_account a on a.id = u.credit and a.id >= 1000 and a.unit = p_debit % 10
    order by u.k, u.ord),
  posted as materialized (
    select q.*, nextval('ledger_transfer_number') as n,
           q.old + (sum(q.amount) over (partition by q.credit order by q.ord))::bigint as after
    from asked q where q.verdict = 'posted'),
  fresh as (insert into ledger_key (id, print, transfer, posted_at) select k, print, n, p_now from posted order by k),
  moved as (
    insert into ledger_transfer (id, posted_at, occurred_at, key, kind, unit, debit, credit, amount, credit_after, rule, evidence)
    select n, p_now, occurred, k, p_kind, p_debit % 10, p_debit, credit, amount, after, rule, evidence from posted order by n),
  kept as (
    update reward_account a set balance = a.balance + s.total, postings = a.postings + s.times
    from (select credit, sum(amount)::bigint as total, count(*) as times from posted group by credit) s where a.id = s.credit),
  filled as (
    insert into ledger_bucket as b (account, expires, earned)
    select credit, expires, sum(amount)::bigint from posted where expires is not null group by credit, expires
    on conflict (account, expires) do update set earned = b.earned + excluded.earned)
  select p.k, p.verdict, p.n, p.after from posted p
  union all select q.k, q.verdict, null, null from asked q where q.verdict <> 'posted';
end $$;

-- Promises part of a balance. Outcomes: held, replayed, altered, insufficient, invalid, unknown-account.
create or replace function ledger_hold_open(
  p_id uuid, p_account bigint, p_amount bigint, p_purpose text, p_until timestamptz, p_now timestamptz)
returns text language plpgsql as $$
declare a reward_account; h ledger_hold;
begin
  if p_amount is null or p_amount <= 0 or p_amount > 9007199254740992 then return 'invalid'; end if;
  select * into a from reward_account where id = p_account and id >= 1000 for no key update;
  if not found then return 'unknown-account'; end if;
  select * into h from ledger_hold where id = p_id;
  if found then
    return case when (h.account, h.amount, h.purpose) = (p_account, p_amount, p_purpose) then 'replayed' else 'altered' end;
  end if;
  if a.floor is not null and a.balance - a.held - p_amount < a.floor then return 'insufficient'; end if;
  insert into ledger_hold (id, account, amount, purpose, state, made_at, expires_at)
  values (p_id, p_account, p_amount, p_purpose, 'open', p_now, p_until);
  update reward_account set held = held + p_amount where id = p_account;
  return 'held';
end $$;

-- Gives a promise back ('voided' by a person, 'expired' by time). True when this call did it.
create or replace function ledger_hold_release(p_id uuid, p_state text, p_now timestamptz) returns boolean language plpgsql as $$
declare h ledger_hold;
begin
  select * into h from ledger_hold where id = p_id;
  if not found then return false; end if;
  perform 1 from reward_account where id = h.account for no key update;
  update ledger_hold set state = p_state, closed_at = p_now where id = p_id and state = 'open';
  if not found then return false; end if;
  update reward_account set held = held - h.amount where id = h.account;
  return true;
end $$;

-- Keeps a promise: the held amount moves to p_credit. The hold's id is the key. Outcomes of ledger_post, or 'gone'.
create or replace function ledger_hold_post(
  p_id uuid, p_kind text, p_credit bigint, p_now timestamptz, p_rule text default null, p_evidence uuid default null)
returns table (outcome text, transfer bigint, debit_balance bigint, credit_balance bigint) language plpgsql as $$
declare h ledger_hold; print bytea;
begin
  select * into h from ledger_hold where id = p_id;
  if not found then return query select 'gone'::text, null::bigint, null::bigint, null::bigint; return; end if;
  perform 1 from reward_account where id in (h.account, p_credit) and id >= 1000 order by id for no key update;
  print := decode(md5(format('%s|%s|%s', p_kind, p_credit, p_evidence)), 'hex');
  update ledger_hold set state = 'posted', closed_at = p_now where id = p_id and state = 'open' and expires_at > p_now;
  if not found then
    return query select * from ledger_replay(p_id, print);
    if not found then return query select 'gone'::text, null::bigint, null::bigint, null::bigint; end if;
    return;
  end if;
  update reward_account set held = held - h.amount where id = h.account;
  return query select * from ledger_post(p_id, print, p_kind, h.account, p_credit, h.amount, p_now, p_now, p_rule, p_evidence);
end $$;

-- Takes a movement back, once. What the resident has already spent is lent by their debt account, so the spendable balance
-- never goes below its floor; later earnings repay first. Outcomes of ledger_post, or 'reversed-already', 'not-found'.
create or replace function ledger_reverse(
  p_key uuid, p_print bytea, p_transfer bigint, p_now timestamptz, p_rule text default null, p_evidence uuid default null,
  p_expires date default null)
returns table (outcome text, transfer bigint, debit_balance bigint, credit_balance bigint) language plpgsql as $$
declare t ledger_transfer; d reward_account; short bigint; owes bigint; done record;
begin
  select * into t from ledger_transfer x where x.id = p_transfer;
  if not found then return query select 'not-found'::text, null::bigint, null::bigint, null::bigint; return; end if;
  perform 1 from reward_account where id in (t.debit, t.credit) and id >= 1000 order by id for no key update;
  return query select * from ledger_replay(p_key, p_print);
  if found then return; end if;
  if t.reverses is not null or t.kind in ('lend', 'repay') or exists (select 1 from ledger_reversal r where r.id = p_transfer) then
    return query select 'reversed-already'::text, null::bigint, null::bigint, null::bigint; return;
  end if;
  if t.credit >= 1000 then
    select * into d from reward_account where id = t.credit;
    short := t.amount - (d.balance - d.held - coalesce(d.floor, d.balance - d.held - t.amount));
    if short > 0 and d.kind not in ('resident', 'campaign') then
      return query select 'insufficient'::text, null::bigint, d.balance, null::bigint; return;
    end if;
    if short > 0 then
      owes := coalesce(d.debt, ledger_account(d.owner, case d.kind when 'resident' then 'debt' else 'debt-short' end, d.unit, p_now));
      update reward_account set debt = owes where id = d.id and debt is null;
      perform ledger_post(md5(p_key::text || '/lend')::uuid, p_print, 'lend', owes, d.id, short, p_now, p_now, p_rule, p_evidence,
                          case when d.unit = 1 then p_now::date end);  -- spent in the same breath, so it expires nothing else
    end if;
  end if;
  for done in select * from ledger_post(p_key, p_print, 'reverse', t.credit, t.debit, t.amount, p_now, p_now, p_rule, p_evidence,
                                        p_expires, p_transfer) loop
    if done.outcome = 'posted' then insert into ledger_reversal (id, reversal) values (p_transfer, done.transfer); end if;
    return query select done.outcome, done.transfer, done.debit_balance, done.credit_balance;
  end loop;
end $$;

-- The last day on which the points of a spending would have been good: the bucket its last point came from.
create or replace function ledger_good_until(p_transfer bigint) returns date language sql stable as $$
  with spent as (select debit from ledger_transfer where id = p_transfer),
  taken as (select sum(t.amount) as total from ledger_transfer t join spent s on t.debit = s.debit
            where t.debit >= 1000 and t.id <= p_transfer)
  select min(b.expires) from (
    select expires, sum(earned) over (order by expires) as reach from ledger_bucket where account = (select debit from spent)) b
  where b.reach >= (select total from taken)
$$;

-- Expires what is due for accounts in (p_after, …], `p_limit` at a time: max(0, earned so far - ever debited), never what is
-- held. The key is account and month, so a second run changes nothing. Returns the last account looked at, null at the end.
create or replace function ledger_expire(p_day date, p_after bigint, p_limit int, p_now timestamptz,
                                         out last_account bigint, out expired_accounts bigint, out expired bigint)
language plpgsql as $$
begin
  select max(id) into last_account from (
    select id from reward_account where id > greatest(p_after, 999) and unit = 1 and kind in ('resident', 'campaign')
    order by id limit p_limit) x;
  if last_account is null then expired_accounts := 0; expired := 0; return; end if;
  with due as materialized (
    select a.id, a.balance, a.held, a.cum_debited from reward_account a
    where a.id > greatest(p_after, 999) and a.id <= last_account and a.unit = 1 and a.kind in ('resident', 'campaign')
      and a.balance > a.held
      -- a scalar subquery, so that it is looked up by index for each account and never becomes a scan of all buckets
      and (select true from ledger_bucket b where b.account = a.id and b.expires <= p_day limit 1)
    order by a.id for no key update),
  sums as materialized (
    select a.id, a.balance, least(a.balance - a.held, b.earned - a.cum_debited) as amount, k.k,
           nextval('ledger_transfer_number') as n
    from due a
    join lateral (select sum(earned)::bigint as earned from ledger_bucket where account = a.id and expires <= p_day) b on true
    join lateral (select md5(format('expire|%s|%s', a.id, p_day))::uuid as k) k on true
    where least(a.balance - a.held, b.earned - a.cum_debited) > 0
      and not exists (select 1 from ledger_key known where known.id = k.k)),  -- safe: the account is locked
  fresh as (
    insert into ledger_key (id, print, transfer, posted_at) select k, decode(md5(k::text), 'hex'), n, p_now from sums),
  moved as (
    insert into ledger_transfer (id, posted_at, occurred_at, key, kind, unit, debit, credit, amount, debit_after, rule)
    select n, p_now, p_now, k, 'expire', 1, id, 21, amount, balance - amount, 'expiry' from sums order by n),
  kept as (
    update reward_account a set balance = a.balance - g.amount, cum_debited = a.cum_debited + g.amount, postings = a.postings + 1
    from sums g where a.id = g.id and a.id > greatest(p_after, 999) and a.id <= last_account)
  select count(*), coalesce(sum(amount), 0) into expired_accounts, expired from sums;
end $$;

-- Takes up to p_amount from every limit named at once and returns how much was free (0 … p_amount). Rows are locked in order.
create or replace function cap_take(p_person text, p_rules text[], p_periods text[], p_limits bigint[], p_amount bigint)
returns bigint language plpgsql as $$
declare free bigint;
begin
  insert into cap_use as c (person, rule, period, used)
  select p_person, r, p, 0 from unnest(p_rules, p_periods) as x(r, p) order by r, p
  on conflict (person, rule, period) do update set used = c.used;
  select greatest(0, least(p_amount, min(x.l - c.used))) into free
  from unnest(p_rules, p_periods, p_limits) as x(r, p, l)
  join cap_use c on c.person = p_person and c.rule = x.r and c.period = x.p;
  if free > 0 then
    update cap_use c set used = c.used + free from unnest(p_rules, p_periods) as x(r, p)
    where c.person = p_person and c.rule = x.r and c.period = x.p;
  end if;
  return coalesce(free, p_amount);
end $$;

-- Orders an item in one round trip: hold, the person's limit, and the stock last (its row is the hot one). Whatever was taken
-- before a "no" is given back here. Outcomes: held, replayed, unknown, not-now, insufficient, limit-reached, sold-out.
create index if not exists redemption_order_account on redemption_order (account, id desc);
create index if not exists redemption_order_due on redemption_order (expires_at) where state = 'held';
create index if not exists redemption_order_good on redemption_order (good, confirmed_at);
create or replace function redeem(p_order uuid, p_good uuid, p_account uuid, p_person text, p_until timestamptz, p_now timestamptz)
returns text language plpgsql as $$
declare g reward_good; purse bigint; got text; start int; taken_slot smallint;
begin
  if exists (select 1 from redemption_order where id = p_order) then return 'replayed'; end if;
  select * into g from reward_good where id = p_good;
  if not found then return 'unknown'; end if;
  if p_now < g.from_at or p_now >= g.until_at then return 'not-now'; end if;
  purse := ledger_account(p_account, 'resident', 1, p_now);
  got := ledger_hold_open(p_order, purse, g.price, 'good:' || g.id, p_until, p_now);
  if got = 'replayed' then return 'replayed'; end if;
  if got <> 'held' then return got; end if;
  if cap_take(p_person, array['good:' || g.id], array['ever'], array[g.per_person::bigint], 1) = 0 then
    perform ledger_hold_release(p_order, 'voided', p_now);
    return 'limit-reached';
  end if;
  start := abs(hashtext(p_order::text)) % g.slots;
  for i in 0 .. g.slots - 1 loop
    update good_stock set remaining = remaining - 1
    where good = g.id and slot = (start + i) % g.slots and remaining > 0 returning slot into taken_slot;
    exit when found;
  end loop;
  if taken_slot is null then
    perform ledger_hold_release(p_order, 'voided', p_now);
    update cap_use set used = used - 1 where person = p_person and rule = 'good:' || g.id and period = 'ever';
    return 'sold-out';
  end if;
  insert into redemption_order (id, good, account, person, price, slot, state, made_at, expires_at)
  values (p_order, g.id, p_account, p_person, g.price, taken_slot, 'held', p_now, p_until);
  return 'held';
end $$;

-- Gives an order's item and the person's limit back. The caller has closed the order in the same transaction.
create or replace function redeem_give_back(p_order uuid) returns void language plpgsql as $$
declare o redemption_order;
begin
  select * into o from redemption_order where id = p_order;
  update cap_use set used = greatest(used - 1, 0) where person = o.person and rule = 'good:' || o.good and period = 'ever';
  update good_stock set remaining = remaining + 1 where good = o.good and slot = o.slot;
end $$;
