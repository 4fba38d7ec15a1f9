"""Reviewing other residents' photographs, and how officers see the reviewers."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from domain.kernel import clock, database
from media import links
from rewards import peer_review
from rewards.behaviours import BEHAVIOURS
from rewards.peer_review import NotAReviewer, Standing

TAGS = ["claim review"]
RESIDENT = {"audience": "resident"}
LINK_LIFETIME = timedelta(minutes=10)


class ClaimToJudge(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, with addresses of the photographs that work for ten minutes; never by whom."""

    claim: UUID
    behaviour: str
    title_zh: str
    title_en: str
    inputs: dict[str, str]
    photos: list[str]


class NextClaim(msgspec.Struct, frozen=True, kw_only=True):
    """The claim to judge, or nothing. `may_review` is false below the level, or when today's share is done."""

    claim: ClaimToJudge | None
    may_review: bool = True


class Vote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes, or no with a reason of `/v1/claims/reasons`."""

    accept: bool
    reason: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class VoteCounted(msgspec.Struct, frozen=True, kw_only=True):
    """`waiting` for other votes, `accepted`, `refused`, or `disputed`: then an officer decides."""

    state: str


@get("/v1/peer-reviews/next", opt=RESIDENT, tags=TAGS, summary="A claim to judge")
async def next_claim(resident: NamedDependency[Actor]) -> NextClaim:
    """For residents from the level “Sapling”. Never own ones, team mates' or of people one invited."""
    now = clock.utc_now()
    try:
        found = await peer_review.next_for(resident.id, now=now)
    except NotAReviewer:
        return NextClaim(claim=None, may_review=False)
    if found is None:
        return NextClaim(claim=None)
    subject, title = f"claim:{found.photos[0]}", BEHAVIOURS[found.behaviour].title
    addresses = await links.links_of_subjects([subject], now + LINK_LIFETIME)
    return NextClaim(
        claim=ClaimToJudge(
            claim=found.claim,
            behaviour=found.behaviour,
            title_zh=title.zh,
            title_en=title.en,
            inputs=found.inputs,
            photos=addresses.get(subject, []),
        )
    )


@post("/v1/peer-reviews/{claim_id:uuid}", opt=RESIDENT, tags=TAGS, summary="Vote", status_code=200)
async def vote(claim_id: FromPath[UUID], data: JSONBody[Vote], resident: NamedDependency[Actor]) -> VoteCounted:
    """Once per claim; three equal votes decide, otherwise an officer does."""
    async with database.transaction():
        state = await peer_review.vote(
            claim_id, reviewer=resident.id, accept=data.accept, reason=data.reason, now=clock.utc_now()
        )
    return VoteCounted(state=state)


@get("/v1/operator/peer-reviewers", opt={"audience": "operator"}, tags=TAGS, summary="Reviewers and their agreement")
async def list_reviewers(operator: NamedDependency[Actor]) -> list[Standing]:
    """Who disagreed most with what was decided comes first."""
    return await peer_review.reviewers()


ROUTES = [next_claim, vote, list_reviewers]
