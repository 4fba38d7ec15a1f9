"""The ledger of WeChat consents, as its owner sees it, and the app's report of each prompt."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api.actors import Actor
from api.idempotency import IdempotencyKey, once
from api.parts import Parts
from domain.kernel import clock, database
from domain.kernel.errors import Invalid, Text
from notifications import consents, recipients
from notifications.consents import Kind
from notifications.templates import templates
from notifications.topics import TOPICS

PROMPT_TEMPLATES_MAX = 5  # wx.requestSubscribeMessage takes at most five
Answer = Literal["accept", "acceptWithAlert", "acceptWithAudio", "acceptWithForcePush", "reject", "ban", "filter"]
KINDS: dict[str, Kind] = {"reject": "rejected", "ban": "banned", "filter": "filtered"}


class TemplateAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the person answered for one template."""

    template_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    answer: Answer


class PromptReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of one `wx.requestSubscribeMessage`."""

    answers: Annotated[list[TemplateAnswer], msgspec.Meta(min_length=1, max_length=PROMPT_TEMPLATES_MAX)]


class ConsentState(msgspec.Struct, frozen=True, kw_only=True):
    """One template: what it is for, how often it was asked, spent, and how many messages are left."""

    template_id: str
    topics: list[str]
    names: list[str]
    asked: int
    accepted: int
    spent: int
    available: int
    blocked: bool


class ConsentStates(msgspec.Struct, frozen=True, kw_only=True):
    """All templates of the mini-program."""

    consents: list[ConsentState]


async def _states(parts: Parts, resident: Actor) -> ConsentStates:
    known = {credit.template: credit for credit in await consents.credits_of(recipients.tag_of(resident.id))}
    topics: dict[str, list[str]] = {}
    for topic, template in templates(parts.settings.wechat_templates).items():
        topics.setdefault(template.id, []).append(topic)
    nothing = consents.Credit(template="", asked=0, accepted=0, spent=0, available=0, blocked=False)
    return ConsentStates(
        consents=[
            ConsentState(
                template_id=template,
                topics=served,
                names=[TOPICS[topic].name.zh for topic in served],
                asked=(credit := known.get(template, nothing)).asked,
                accepted=credit.accepted,
                spent=credit.spent,
                available=credit.available,
                blocked=credit.blocked,
            )
            for template, served in topics.items()
        ]
    )


@get("/v1/consents", opt={"audience": "resident"}, tags=["notifications"], summary="Consents asked, spent and left")
async def read_consents(resident: NamedDependency[Actor], parts: NamedDependency[Parts]) -> ConsentStates:
    """One acceptance allows one WeChat message. The templates listed here are those the app may ask for."""
    return await _states(parts, resident)


@post(
    "/v1/consents",
    opt={"audience": "resident"},
    tags=["notifications"],
    summary="Report what the person answered to the prompt",
    status_code=201,
)
async def report_prompt(
    data: JSONBody[PromptReport],
    request: Request[Any, Any, Any],
    resident: NamedDependency[Actor],
    parts: NamedDependency[Parts],
    key: IdempotencyKey,
) -> Response[ConsentStates]:
    """Adds one credit per accepted template. A hint: WeChat's own push about the same tap is matched, not added."""
    now = clock.utc_now()
    known = {template.id for template in templates(parts.settings.wechat_templates).values()}
    for place, answer in enumerate(data.answers):
        if answer.template_id not in known:
            raise Invalid(Text("未知的模板。", "Unknown template."), field=f"answers[{place}].template_id")

    async def work() -> ConsentStates:
        for answer in data.answers:
            await consents.record_answer(
                recipients.tag_of(resident.id),
                template=answer.template_id,
                answer=KINDS.get(answer.answer, "accepted"),
                source="app",
                ref=f"app:{key}",
                at=now,
            )
        return await _states(parts, resident)

    async with database.transaction():
        return await once(request, actor=resident, key=key, work=work, now=now)


ROUTES = [read_consents, report_prompt]
