"""The resident's claims: what came in, why something was refused, photographs and steps as proof, appeals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.idempotency import IdempotencyKey, once
from api.moments import Moment
from api.pages import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, encode_cursor
from api.parts import Parts
from api.wechat import crypto as wechat_crypto
from api.wechat.client import open_wechat
from api.wechat.login import identity_of
from domain.kernel import clock, database
from domain.kernel.errors import NotFound, Refusal, Text
from domain.residents import accounts, consents
from media import intake, screening
from rewards import claims, review, steps
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim
from rewards.reasons import REASONS

TAGS = ["green credit"]
PHOTOS_MAX = 3
Amount = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", examples=["1"])]


class StepsRefused(Refusal):
    """The data was not sealed by WeChat for this resident, or is too old."""

    code = "steps-refused"
    status = 422
    title = Text("微信步数数据无效", "The WeRun data is not valid")
    advice = Text("请重新登录微信后再次同步。", "Log in to WeChat again and sync once more.")


class ConsentNeeded(Refusal):
    """This needs the resident's separate consent first."""

    code = "consent-needed"
    status = 403
    title = Text("需要先单独同意", "A separate consent is needed first")
    advice = Text(
        "请在隐私设置中同意后再试；不同意不影响其他服务。", "Agree in the privacy settings; nothing else depends on it."
    )


class PhotoClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deed shown by photographs taken for it."""

    behaviour: Annotated[str, msgspec.Meta(max_length=40, examples=["clean-plate"])]
    photo_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=PHOTOS_MAX)]
    happened_at: Moment
    inputs: Annotated[dict[str, Amount], msgspec.Meta(max_length=8)]
    peers_may_look: Annotated[
        bool, msgspec.Meta(description="Experienced residents may judge the photographs too; false: officers only")
    ] = False


class ClaimTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The claim waits to be judged."""

    claim: UUID
    state: str


class StepSync(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `wx.getWeRunData` gave, and a fresh `wx.login` code of the same user."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    encrypted_data: Annotated[str, msgspec.Meta(min_length=1, max_length=8_192)]
    iv: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class StepsTaken(msgspec.Struct, frozen=True, kw_only=True):
    """How many days grew since the last sync."""

    days: int


class ClaimShown(msgspec.Struct, frozen=True, kw_only=True):
    """A claim with its state; `reason` says why it waits or was refused."""

    id: UUID
    behaviour: str
    title_zh: str
    title_en: str
    state: str
    reason: str | None
    reason_zh: str | None
    reason_en: str | None
    day: date
    inputs: dict[str, str]
    received_at: datetime
    due_at: datetime | None
    milligrams: int | None
    points: int | None
    method_version: int | None
    content_hash: str | None
    region: str | None
    trust: str
    appeal: str | None
    answer: str | None


class Appeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why somebody should look again."""

    words: Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class AppealTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Another officer will decide."""

    appeal: UUID


@get("/v1/claims", opt={"audience": "resident"}, tags=TAGS, summary="My claims")
async def list_claims(
    resident: NamedDependency[Actor], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[ClaimShown]:
    """Everything that was claimed for me, newest first, with reasons and what is needed to recompute it."""
    key = decode_cursor(cursor, tuple[UUID])
    rows = await review.mine(resident.id, before=key[0] if key else None, limit=limit + 1)
    items = [shown(row) for row in rows[:limit]]
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > limit else None)


def shown(row: dict[str, Any]) -> ClaimShown:
    """The wire form, with words for the reason."""
    title = BEHAVIOURS[row["behaviour"]].title
    reason = REASONS.get(row["reason"] or "")
    given = {name: row[name] for name in ClaimShown.__struct_fields__ if name in row}
    return ClaimShown(
        **given,
        title_zh=title.zh,
        title_en=title.en,
        reason_zh=reason.zh if reason else None,
        reason_en=reason.en if reason else None,
    )


@post("/v1/claims", opt={"audience": "resident"}, tags=TAGS, summary="Claim a deed by photograph")
async def claim_by_photo(
    data: JSONBody[PhotoClaim], resident: NamedDependency[Actor], request: Request[Any, Any, Any], key: IdempotencyKey
) -> Response[ClaimTaken]:
    """A person looks at it before it counts. A photograph that was used before is held as such."""
    if data.behaviour not in BEHAVIOURS or "photo" not in BEHAVIOURS[data.behaviour].proofs:
        raise NotFound
    now = clock.utc_now()
    claims.check_times(from_at=data.happened_at, to_at=data.happened_at, now=now)
    async with database.transaction():
        return await once(
            request, actor=resident, key=key, now=now, work=lambda: _take_photos(data, resident.id, now=now)
        )


async def _take_photos(data: PhotoClaim, account: UUID, *, now: datetime) -> ClaimTaken:
    first = data.photo_ids[0]
    owner = f"resident:{account}"
    await intake.claim_photos(owner=owner, photo_ids=data.photo_ids, subject=f"claim:{first}", now=now)
    seen = await database.fetch_value("select true from photo_match where photo = any($1) limit 1", data.photo_ids)
    doubt = {"doubt": "photo-seen-before"} if seen else {}
    peers = {"peers": "yes"} if data.peers_may_look else {}
    if peers:  # nobody but an officer sees a photograph that was not screened
        await screening.queue(f"claim:{first}", now=now)
    new = NewClaim(
        account=account,
        behaviour=BEHAVIOURS[data.behaviour],
        proof="photo",
        source="photo",
        external_id=str(first),
        feed="resident",
        from_at=data.happened_at,
        to_at=data.happened_at,
        inputs={name: Decimal(value) for name, value in data.inputs.items()},
        detail={"photos": [str(photo) for photo in data.photo_ids], **doubt, **peers},
    )
    [taken] = await claims.take([new], now=now)
    if taken.claim is None:
        raise claims.ClaimAltered
    return ClaimTaken(claim=taken.claim, state="received")


@post("/v1/steps", opt={"audience": "resident"}, tags=TAGS, summary="Sync WeRun steps", status_code=200)
async def sync_steps(
    data: JSONBody[StepSync], resident: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> StepsTaken:
    """Decrypted here with the session key of this login; only each day's increase counts. Needs the `steps` consent."""
    if not await consents.agreed(resident.id, purpose="steps"):
        raise ConsentNeeded
    identity = await identity_of(open_wechat(parts.settings, http=parts.http, redis=parts.redis), data.code)
    if await accounts.account_of_openid(identity.openid) != resident.id:
        raise StepsRefused
    now = clock.utc_now()
    try:
        opened = wechat_crypto.open_data(
            data.encrypted_data,
            session_key=identity.session_key,
            iv=data.iv,
            appid=parts.settings.wechat_appid,
            now=now,
        )
        told = msgspec.convert(opened.get("stepInfoList"), list[dict[str, int]])
        days = steps.days_of(told, now=now)
    except (wechat_crypto.Forged, msgspec.ValidationError, KeyError, ValueError, OverflowError) as error:
        raise StepsRefused from error
    async with database.transaction():
        return StepsTaken(days=len(await steps.take(resident.id, days, now=now)))


@post("/v1/claims/{claim_id:uuid}/appeal", opt={"audience": "resident"}, tags=TAGS, summary="Appeal a refusal")
async def appeal(claim_id: FromPath[UUID], data: JSONBody[Appeal], resident: NamedDependency[Actor]) -> AppealTaken:
    """Somebody other than the first decider looks again. Once per claim."""
    async with database.transaction():
        made = await review.appeal(claim_id, account=resident.id, words=data.words, now=clock.utc_now())
    return AppealTaken(appeal=made)


ROUTES = [list_claims, claim_by_photo, sync_steps, appeal]
