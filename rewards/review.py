"""Claims that wait for a person: the queue, the decision with a reason, the resident's appeal to another person."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kernel import audit, database
from domain.kernel.errors import Invalid, NotFound, Refusal, Text
from domain.kernel.ids import new_id
from rewards import awarding, peer_review
from rewards.judging import Verdict
from rewards.posting import Award
from rewards.reasons import REASONS

PAGE = 50


class DecidedAlready(Refusal):
    """Somebody decided before."""

    code = "claim-decided-already"
    title = Text("该申报已处理", "The claim was decided already")
    advice = Text("请刷新列表。", "Reload the list.")


class AppealRefused(Refusal):
    """Only a refused claim can be appealed, once."""

    code = "appeal-not-possible"
    title = Text("不能申诉", "No appeal is possible")
    advice = Text("仅被拒绝的申报可申诉一次。", "A refused claim can be appealed once.")


class SamePerson(Refusal):
    """Whoever refused a claim does not decide its appeal."""

    code = "appeal-needs-another"
    status = 403
    title = Text("须由另一人处理申诉", "Another person decides the appeal")
    advice = Text("请转交另一位操作员。", "Hand it to another officer.")


async def queue(*, after: UUID | None, limit: int = PAGE) -> list[dict[str, Any]]:
    """Held claims, oldest first; without the account, which the reviewer does not need."""
    rows = await database.fetch(
        "select id, behaviour, proof, trust, reason, from_at, to_at, inputs, detail, received_at from reward_claim"
        " where state = 'held' and due_at is null and ($1::uuid is null or id > $1) order by id limit $2",
        after,
        limit,
    )
    return [
        dict(row) | {"inputs": msgspec.json.decode(row["inputs"]), "detail": msgspec.json.decode(row["detail"])}
        for row in rows
    ]


async def decide(claim_id: UUID, *, accept: bool, reason: str | None, by: str, now: datetime) -> Award | Verdict:
    """Pays or refuses a held claim, in the caller's transaction; a refusal needs a known reason. Audited."""
    if not accept and reason not in REASONS:
        raise Invalid(Text("请选择拒绝原因", "Choose a reason from the list"), field="reason")
    claim = await awarding.open_claim(claim_id, states=("held",))
    if claim is None:
        raise await _gone(claim_id)
    await audit.append(
        actor=by,
        action="claim.accepted" if accept else "claim.refused",
        subject=f"claim:{claim_id}",
        at=now,
        detail={"reason": reason},
    )
    await peer_review.settle(claim_id, accepted=accept)
    if accept:
        return await awarding.pay(claim, by=by, now=now)
    return await awarding.decide(claim, Verdict("refuse", reason), by=by, now=now)


async def _gone(claim_id: UUID) -> Refusal:
    known = await database.fetch_value("select true from reward_claim where id = $1", claim_id)
    return DecidedAlready() if known else NotFound()


async def appeal(claim_id: UUID, *, account: UUID, words: str, now: datetime) -> UUID:
    """The resident asks again; raises `NotFound` or `AppealRefused`."""
    state = await database.fetch_value(
        "select state from reward_claim where id = $1 and account = $2 for update", claim_id, account
    )
    if state is None:
        raise NotFound
    if state != "refused":
        raise AppealRefused
    appeal_id: UUID | None = await database.fetch_value(
        "insert into claim_appeal (id, claim, words, made_at) values ($1, $2, $3, $4)"
        " on conflict (claim) do nothing returning id",
        new_id(),
        claim_id,
        words,
        now,
    )
    if appeal_id is None:
        raise AppealRefused
    return appeal_id


async def decide_appeal(appeal_id: UUID, *, grant: bool, answer: str, by: str, now: datetime) -> Award | Verdict | None:
    """Decides an appeal once, by somebody else than the first decider. A granted claim is paid within its caps."""
    row = await database.fetch_row(
        "select a.claim, c.decided_by, a.outcome from claim_appeal a join reward_claim c on c.id = a.claim"
        " where a.id = $1 for update of a",
        appeal_id,
    )
    if row is None:
        raise NotFound
    if row["outcome"] is not None:
        raise DecidedAlready
    if row["decided_by"] == by:
        raise SamePerson
    await database.execute(
        "update claim_appeal set outcome = $2, answer = $3, decided_by = $4, decided_at = $5 where id = $1",
        appeal_id,
        "granted" if grant else "upheld",
        answer,
        by,
        now,
    )
    await audit.append(
        actor=by, action="appeal.decided", subject=f"claim:{row['claim']}", at=now, detail={"granted": grant}
    )
    claim = await awarding.open_claim(row["claim"], states=("refused",)) if grant else None
    if grant:
        await peer_review.settle(row["claim"], accepted=True)
    return None if claim is None else await awarding.pay(claim, by=by, now=now)


async def appeals(*, limit: int = PAGE) -> list[dict[str, Any]]:
    """Open appeals, oldest first."""
    rows = await database.fetch(
        "select a.id, a.claim, a.words, a.made_at, c.behaviour, c.reason, c.inputs from claim_appeal a"
        " join reward_claim c on c.id = a.claim where a.outcome is null order by a.made_at limit $1",
        limit,
    )
    return [dict(row) | {"inputs": msgspec.json.decode(row["inputs"])} for row in rows]


async def mine(account: UUID, *, before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """The resident's claims, newest first, with what they gave and how to recompute it."""
    rows = await database.fetch(
        "select c.id, c.behaviour, c.proof, c.trust, c.state, c.reason, c.from_at, c.to_at, c.day, c.inputs,"
        " c.received_at, c.due_at, a.milligrams, a.points, a.method_version, a.content_hash, a.region,"
        " p.outcome as appeal, p.answer"
        " from reward_claim c left join reward_award a on a.claim = c.id left join claim_appeal p on p.claim = c.id"
        " where c.account = $1 and ($2::uuid is null or c.id < $2) order by c.id desc limit $3",
        account,
        before,
        limit,
    )
    return [dict(row) | {"inputs": msgspec.json.decode(row["inputs"])} for row in rows]
