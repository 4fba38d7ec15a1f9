"""Cash rewards for reports: verified → decided by two officers → told in the daily batch → claimed → paid or expired.

The rows know reports, never accounts. An anonymous reporter claims with the receipt code and gets a payout code; above
`ANONYMOUS_FEN_MAX` identity is needed, through the sealed reveal. Rules are data; the first report by receive time
counts.
"""

import asyncio
import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import Invalid, NotFound, Refusal, Text
from domain.kernel.ids import new_id, random_code
from domain.operators import four_eyes
from domain.reports import reporters
from rewards import people

ACTION = "report.reward"
ANONYMOUS_FEN_MAX = 100_000  # 1,000 yuan
CLAIM_WITHIN = timedelta(days=60)
PAYOUT_SYMBOLS = 20  # 100 bits
SALT_BYTES = 16


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of violation is worth, in fen."""

    code: str
    title: Text
    fen: int
    tag: str = "P"  # a policy choice: each city sets its own sums


ITEMS = {
    item.code: item
    for item in (
        Item(code="ordinary", title=Text("一般环境违法", "Ordinary violation"), fen=50_000),
        Item(code="serious", title=Text("较重环境违法", "Serious violation"), fen=100_000),
        Item(code="grave", title=Text("重大环境违法", "Grave violation"), fen=200_000),
    )
}


class ClaimRefused(Refusal):
    """No reward to claim here, or the code is wrong: one answer for all."""

    code = "reward-claim-refused"
    status = 404
    title = Text("没有可领取的奖励", "There is no reward to claim")
    advice = Text(
        "请核对编号与查询码；奖励公布后 60 日内领取。", "Check number and code; rewards are claimed within 60 days."
    )


class IdentityNeeded(Refusal):
    """The amount needs an identity; an officer arranges the sealed reveal."""

    code = "reward-identity-needed"
    title = Text("该金额需实名领取", "This amount needs an identity")
    advice = Text("请联系受理单位，经双人审批后实名领取。", "Contact the office; two officers arrange it.")


class RevealNeeded(Refusal):
    """A sum claimed by name is paid by the officer who has looked at the sealed identity for this purpose."""

    code = "reward-reveal-needed"
    status = 403
    title = Text("须先经双人审批查看实名信息", "The identity has to be revealed first")
    advice = Text(
        "请以“发放奖励”为用途申请查看，批准后核对本人再发放。",
        "Ask for a reveal with the purpose `reward`, then check the person.",
    )


async def consider(case: UUID, reports: Sequence[UUID], *, now: datetime) -> UUID | None:
    """The first report of a substantiated case becomes a candidate for a reward, once per case."""
    if not reports or await database.fetch_value('select true from report_reward where "case" = $1 limit 1', case):
        return None
    first: UUID = await database.fetch_value(
        "select id from report where id = any($1) order by received_at, id limit 1", list(reports)
    )
    excluded = await _excluded(first, now=now)
    reward = new_id()
    await database.execute(
        'insert into report_reward (id, "case", report, state, reason, verified_at) values ($1, $2, $3, $4, $5, $6)'
        ' on conflict ("case", report) do nothing',
        reward,
        case,
        first,
        "refused" if excluded else "verified",
        "excluded" if excluded else None,
        now,
    )
    return reward


async def _excluded(report: UUID, *, now: datetime) -> bool:
    account = await reporters.account_of(report, why="reward exclusion", at=now)
    return account is not None and not await not_excluded([account], now=now)


async def not_excluded(accounts: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Those whose reports may be rewarded, with points or cash, in the order given."""
    people_of = await people.persons_of(list(accounts))
    rows = await database.fetch(
        "select distinct person from reward_exclusion where person = any($1) and (until_at is null or until_at > $2)",
        list(people_of.values()),
        now,
    )
    out = {row["person"] for row in rows}
    return [account for account in accounts if people_of[account] not in out]


async def exclude(account: UUID, *, reason: str, until: datetime | None, by: str, now: datetime) -> None:
    """Staff on duty, or a person who reported falsely, earns no report rewards; with the reason."""
    await database.execute(
        "insert into reward_exclusion (id, person, reason, made_by, made_at, until_at) values ($1, $2, $3, $4, $5, $6)",
        new_id(),
        await people.person_of(account),
        reason,
        by,
        now,
        until,
    )
    await audit.append(actor=by, action="reward.excluded", subject="person", at=now, detail={"reason": reason})


async def propose(reward: UUID, *, items: Sequence[str], joint: Sequence[UUID], officer: UUID, now: datetime) -> UUID:
    """One officer proposes the highest of the items; joint reports share it equally. Waits for a second officer."""
    if not items or not set(items) <= set(ITEMS):
        raise Invalid(Text("奖励项目无效", f"items are {', '.join(ITEMS)}"), field="items")
    highest = max((ITEMS[code] for code in items), key=lambda item: item.fen)
    state = await database.fetch_value("select state from report_reward where id = $1 for update", reward)
    if state != "verified":
        raise NotFound
    return await four_eyes.ask(
        action=ACTION,
        subject=f"reward:{reward}",
        reason=highest.title.zh,
        operator=officer,
        now=now,
        detail={"item": highest.code, "joint": [str(report) for report in joint]},
    )


async def decide(reward: UUID, *, approval: UUID, officer: UUID, now: datetime) -> int:
    """Carries an approved proposal out; the sum per report in fen. Only reports of the same case can be joint."""
    row = await database.fetch_row("select * from report_reward where id = $1 for update", reward)
    if row is None or row["state"] != "verified":
        raise NotFound
    detail = await four_eyes.spend(approval, action=ACTION, subject=f"reward:{reward}", operator=officer, now=now)
    others = await database.fetch(
        'select report from case_report where "case" = $1 and report = any($2) and report <> $3 and left_at is null',
        row["case"],
        [UUID(report) for report in detail["joint"]],
        row["report"],
    )
    share = ITEMS[detail["item"]].fen // (1 + len(others))
    await database.execute(
        "insert into report_reward (id, \"case\", report, state, verified_at) select u.id, $1, u.report, 'verified', $4"
        ' from unnest($2::uuid[], $3::uuid[]) as u(id, report) on conflict ("case", report) do nothing',
        row["case"],
        [new_id() for _ in others],
        [other["report"] for other in others],
        now,
    )
    await database.execute(
        "update report_reward set state = 'decided', item = $3, fen = $4, approval = $5, decided_at = $6"
        ' where "case" = $1 and report = any($2)',
        row["case"],
        [row["report"], *(other["report"] for other in others)],
        detail["item"],
        share,
        approval,
        now,
    )
    return share


async def tell(*, now: datetime) -> int:
    """The daily batch: all decided rewards are told at once, so that the moment reveals nobody; old ones expire."""
    await database.execute(
        "update report_reward set state = 'expired', closed_at = $1 where state = 'told' and claim_until <= $1", now
    )
    tag = await database.execute(
        "update report_reward set state = 'told', told_at = $1, claim_until = $2 where state = 'decided'",
        now,
        now + CLAIM_WITHIN,
    )
    return int(tag.split()[-1])


def _slow(code: str, salt: bytes) -> bytes:
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


async def claim(report: UUID, *, by_name: bool = False, now: datetime) -> tuple[str, int]:
    """(payout code, fen) for who proved to hold the report; shown once. Raises `ClaimRefused` or `IdentityNeeded`.

    `by_name` agrees that two officers may look at the sealed identity to pay a sum beyond `ANONYMOUS_FEN_MAX`; a
    report without a sealed reporter has none to look at.
    """
    row = await database.fetch_row(
        "select id, fen, claim_until from report_reward where report = $1 and state = 'told' for update", report
    )
    if row is None or row["claim_until"] <= now:
        raise ClaimRefused
    large = row["fen"] > ANONYMOUS_FEN_MAX
    if large and not (by_name and await reporters.account_of(report, why="reward by name", at=now)):
        raise IdentityNeeded
    code, salt = random_code(symbols=PAYOUT_SYMBOLS), os.urandom(SALT_BYTES)
    await database.execute(
        "update report_reward set state = 'claimed', payout_salt = $2, payout_hash = $3, by_name = $4 where id = $1",
        row["id"],
        salt,
        await asyncio.to_thread(_slow, code, salt),
        large,
    )
    return code, row["fen"]


LOOKED = """
select true from identity_reveal where report = $1 and purpose = 'reward' and asked_by = $2 and opened_at >= $3
  and expires_at > $4 limit 1
"""


async def pay(reward: UUID, *, code: str, officer: UUID, now: datetime) -> int:
    """The officer pays against the payout code, once; the fen. Raises `ClaimRefused`, or `RevealNeeded`."""
    row = await database.fetch_row("select * from report_reward where id = $1 for update", reward)
    salt, expected = (row["payout_salt"], row["payout_hash"]) if row and row["payout_hash"] else (bytes(16), bytes(32))
    got = await asyncio.to_thread(_slow, code, salt)
    if row is None or row["state"] != "claimed" or not hmac.compare_digest(got, expected):
        raise ClaimRefused
    if row["by_name"] and not await database.fetch_value(LOOKED, row["report"], officer, row["told_at"], now):
        raise RevealNeeded
    await database.execute("update report_reward set state = 'paid', closed_at = $2 where id = $1", reward, now)
    await audit.append(
        actor=f"operator:{officer}",
        action="reward.paid",
        subject=f"reward:{reward}",
        at=now,
        detail={"fen": row["fen"]},
    )
    return int(row["fen"])


async def listed(state: str) -> list[dict[str, Any]]:
    """Rewards in a state, for officers: case and report, never a person."""
    rows = await database.fetch(
        'select id, "case", report, state, reason, item, fen, verified_at, claim_until from report_reward'
        " where state = $1 order by verified_at, id limit 200",
        state,
    )
    return [dict(row) for row in rows]
