"""Experienced residents look at other people's photographs, when the sender allowed it: votes, then a result.

Nobody sees the others' votes, votes on own or team mates' claims, or chooses what to look at. `VOTES` equal votes
decide; anything else goes to an officer. How often a reviewer agrees with the result is counted, and who mostly
disagrees is asked no more.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from domain.kernel import database
from domain.kernel.errors import Invalid, NotFound, Refusal, Text
from domain.kernel.ids import new_id
from rewards import awarding, badges, people, posting
from rewards.judging import Verdict
from rewards.reasons import REASONS

VOTES = 3
LEVEL = "sapling"
DAILY_MAX = 30
AGREEMENT_MIN, AGREEMENT_OVER = 0.7, 10  # asked no more below this share of at least so many settled votes
BY = "peers"


class NotAReviewer(Refusal):
    """The level is not reached, today's share is done, or the results mostly said otherwise."""

    code = "not-a-reviewer"
    status = 403
    title = Text("暂不能参与互评", "Reviewing is not open to you now")
    advice = Text(
        "达到“小树”等级后可参与，每天最多 30 次。", "It opens with the level “Sapling”, up to 30 times a day."
    )


class VotedAlready(Refusal):
    """One vote each."""

    code = "voted-already"
    title = Text("您已投过票", "You voted on this before")
    advice = Text("请领取下一个。", "Take the next one.")


class ToLookAt(msgspec.Struct, frozen=True, kw_only=True):
    """A claim to judge: what was done, never by whom."""

    claim: UUID
    behaviour: str
    inputs: dict[str, str]
    photos: list[UUID]


STANDING = """
select count(*) filter (where voted_at > $2) as today, count(agreed) as settled,
  count(*) filter (where agreed) as right from claim_vote where reviewer = $1
"""


async def require_reviewer(account: UUID, *, now: datetime) -> None:
    """Raises `NotAReviewer`."""
    needed = badges.level(LEVEL).points
    row: Any = await database.fetch_row(STANDING, account, now - timedelta(days=1))
    doubted = row["settled"] >= AGREEMENT_OVER and row["right"] < AGREEMENT_MIN * row["settled"]
    if row["today"] >= DAILY_MAX or doubted or await badges.lifetime_points(account) < needed:
        raise NotAReviewer


OPEN = """
select c.id, c.behaviour, c.inputs, c.detail from reward_claim c
where c.state = 'held' and c.proof = 'photo' and c.reason = 'awaiting-review' and c.detail ->> 'peers' = 'yes'
  and c.account <> $1 and c.person <> $2 and ($3::uuid is null or c.id = $3)
  and not exists (select 1 from claim_vote v where v.claim = c.id and v.reviewer = $1)
  and not exists (select 1 from team_member mine join team_member theirs on theirs.team = mine.team
                  where mine.account = $1 and theirs.account = c.account)
  and not exists (select 1 from invitation i where (i.id, i.inviter) in (($1, c.account), (c.account, $1)))
  and not exists (select 1 from photo p where p.subject = 'claim:' || c.external_id and p.screening <> 'passed')
order by c.received_at, c.id limit 1
"""


async def next_for(account: UUID, *, now: datetime) -> ToLookAt | None:
    """The oldest claim this reviewer may judge, or None. Raises `NotAReviewer`."""
    await require_reviewer(account, now=now)
    row = await database.fetch_row(OPEN, account, await people.person_of(account), None)
    if row is None:
        return None
    photos = msgspec.json.decode(row["detail"]).get("photos", [])
    inputs = msgspec.json.decode(row["inputs"])
    return ToLookAt(claim=row["id"], behaviour=row["behaviour"], inputs=inputs, photos=[UUID(p) for p in photos])


async def vote(claim_id: UUID, *, reviewer: UUID, accept: bool, reason: str | None, now: datetime) -> str:
    """Counts a vote, in the caller's transaction: `waiting`, `accepted`, `refused` or `disputed`.

    Raises `NotAReviewer`, `VotedAlready`, `Invalid` for a refusal without a known reason, or `NotFound` for a claim
    that is not (or no longer) this reviewer's to judge.
    """
    if not accept and reason not in REASONS:
        raise Invalid(Text("请选择拒绝原因", "Choose a reason from the list"), field="reason")
    await require_reviewer(reviewer, now=now)
    if await database.fetch_value("select true from claim_vote where claim = $1 and reviewer = $2", claim_id, reviewer):
        raise VotedAlready
    claim = await awarding.open_claim(claim_id, states=("held",))  # under the person's lock: votes come one by one
    if claim is None or not await database.fetch_row(OPEN, reviewer, await people.person_of(reviewer), claim_id):
        raise NotFound
    await _store(claim_id, reviewer=reviewer, accept=accept, reason=None if accept else reason, now=now)
    votes = await database.fetch("select accept, reason from claim_vote where claim = $1", claim_id)
    if len(votes) < VOTES:
        return "waiting"
    for_it = sum(row["accept"] for row in votes)
    if 0 < for_it < len(votes):
        await posting.close(claim_id, "held", "peers-disagree", by=BY, now=now)
        return "disputed"
    await settle(claim_id, accepted=for_it > 0)
    if for_it:
        await awarding.pay(claim, by=BY, now=now)
        return "accepted"
    [(common, _)] = Counter(row["reason"] for row in votes).most_common(1)
    await awarding.decide(claim, Verdict("refuse", common), by=BY, now=now)
    return "refused"


async def _store(claim: UUID, *, reviewer: UUID, accept: bool, reason: str | None, now: datetime) -> None:
    try:
        await database.execute(
            "insert into claim_vote (id, claim, reviewer, accept, reason, voted_at) values ($1, $2, $3, $4, $5, $6)",
            new_id(),
            claim,
            reviewer,
            accept,
            reason,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise VotedAlready from error


async def settle(claim: UUID, *, accepted: bool) -> None:
    """What was decided in the end, by whomever: who voted so agreed."""
    await database.execute("update claim_vote set agreed = (accept = $2) where claim = $1", claim, accepted)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer's record, for officers."""

    reviewer: UUID
    votes: int
    settled: int
    agreed: int
    for_it: int  # votes to accept: somebody who always agrees to pay stands out


async def reviewers() -> list[Standing]:
    """Reviewers by how often the result said otherwise."""
    rows = await database.fetch(
        "select reviewer, count(*)::int as votes, count(agreed)::int as settled,"
        " (count(*) filter (where agreed))::int as agreed, (count(*) filter (where accept))::int as for_it"
        " from claim_vote group by reviewer order by count(*) filter (where not agreed) desc, reviewer limit 200"
    )
    return [Standing(**dict(row)) for row in rows]
