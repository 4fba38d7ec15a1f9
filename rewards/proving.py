"""What must never be true of the ledger: `faults` re-sums everything, in `green-whistle verify` and after tests."""

import msgspec

from domain.kernel import database


class Fault(msgspec.Struct, frozen=True):
    """One broken promise: which rule, and the row that breaks it."""

    rule: str
    row: str


RULES: dict[str, str] = {
    "the kept balance is the sum of its movements": """
        with sides as (
          select debit as account, -amount as amount, amount as taken from ledger_transfer
          where debit >= 1000
          union all select credit, amount, 0 from ledger_transfer where credit >= 1000),
        sums as (select account, sum(amount) as balance, sum(taken) as taken, count(*) as n from sides group by account)
        select format('account %s: %s kept, %s summed', a.id, a.balance, coalesce(s.balance, 0)) as row
        from reward_account a full join sums s on s.account = a.id
        where a.id is null or (a.id >= 1000 and (a.balance, a.cum_debited, a.postings)
              is distinct from (coalesce(s.balance, 0), coalesce(s.taken, 0), coalesce(s.n, 0)))""",
    "stamped balances chain without a gap": """
        with sides as (
          select id, debit as account, -amount as amount, debit_after as after from ledger_transfer
          where debit >= 1000
          union all select id, credit, amount, credit_after from ledger_transfer where credit >= 1000),
        steps as (select *, coalesce(lag(after) over (partition by account order by id), 0) as before from sides)
        select format('transfer %s of account %s', id, account) as row from steps
        where after is distinct from before + amount""",
    "a pot of points is what its buckets earned less what was ever taken": """
        select format('account %s', a.id) as row from reward_account a
        left join (select account, sum(earned) as earned from ledger_bucket group by account) b on b.account = a.id
        where a.kind in ('resident', 'campaign') and a.unit = 1
          and a.balance <> coalesce(b.earned, 0) - a.cum_debited""",
    "what is held is the sum of open holds": """
        select format('account %s', a.id) as row from reward_account a
        left join (select account, sum(amount) as held from ledger_hold where state = 'open' group by account) h
          on h.account = a.id
        where a.held <> coalesce(h.held, 0)""",
    "nobody is below the floor": """
        select format('account %s', id) as row from reward_account where balance - held < floor""",
    "every key has its transfer and every transfer its key": """
        select format('key %s', coalesce(k.id, t.key)) as row
        from ledger_key k full join ledger_transfer t on t.id = k.transfer and t.posted_at = k.posted_at and t.key =
        k.id
        where k.id is null or t.id is null""",
    "transfer numbers are unique": """
        select format('transfer %s', id) as row from ledger_transfer group by id having count(*) > 1""",
    "a reversal is the mirror of its original": """
        select format('transfer %s', r.id) as row from ledger_transfer r
        left join ledger_transfer o on o.id = r.reverses left join ledger_reversal v on v.id = r.reverses
        where r.reverses is not null and (v.reversal is distinct from r.id
              or (o.debit, o.credit, o.amount) is distinct from (r.credit, r.debit, r.amount))""",
    "a merchant's clearing comes to zero with each settled day": """
        with settled as (
          select a.id, max(substr(t.rule, 8))::date as day from reward_account a
          join ledger_transfer t on a.id in (t.debit, t.credit) where a.kind = 'clearing' and t.kind = 'settle'
          group by a.id)
        select format('account %s until %s', s.id, s.day) as row from settled s
        join ledger_transfer t on s.id in (t.debit, t.credit) and (t.kind = 'settle'
          or t.posted_at < (s.day + 1)::timestamp at time zone 'Asia/Shanghai')
        group by s.id, s.day having sum(case when t.credit = s.id then t.amount else -t.amount end) <> 0""",
    "a house account keeps no balance": """
        select format('account %s', id) as row from reward_account where id < 1000 and (balance, held) <> (0, 0)""",
}


async def faults() -> list[Fault]:
    """Every broken promise, at most 20 a rule; empty when all is well.

    Reads the whole ledger from one snapshot, for as long as it takes; call it with no transaction open.
    """
    found = []
    async with database.transaction():
        await database.execute("set transaction isolation level repeatable read, read only")
        await database.execute("set local statement_timeout = 0")
        for rule, statement in RULES.items():
            rows = await database.fetch(f"{statement} limit 20")
            found += [Fault(rule, row["row"]) for row in rows]
    return found


async def totals() -> dict[str, dict[str, int]]:
    """Units issued, expired, spent, revoked, retired and still with residents, by unit code."""
    rows = await database.fetch(
        "select u.code, t.kind, sum(t.amount)::bigint as amount from ledger_transfer t"
        " join reward_unit u on u.id = t.unit group by u.code, t.kind order by 1, 2"
    )
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        sums.setdefault(row["code"], {})[row["kind"]] = row["amount"]
    return sums
