"""River patrols: reporting what was found on the way, and the patrol a public report began on."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.idempotency import REPLAYED, IdempotencyKey
from domain.kernel import clock, database, idempotency
from domain.kernel.errors import Invalid, Text
from domain.reports import submission
from domain.reports.drafts import Draft
from domain.reports.submission import ReportReceipt
from media.intake import claim_photos
from rewards import patrols
from rewards.patrols import Patrol

TAGS = ["activities"]
NO_STORE = {"Cache-Control": "no-store"}


@post("/v1/activities/{activity:uuid}/findings", opt={"audience": "resident"}, tags=TAGS, summary="Report a finding")
async def report_finding(
    activity: FromPath[UUID],
    data: JSONBody[Draft],
    resident: NamedDependency[Actor],
    request: Request[Any, Any, Any],
    key: IdempotencyKey,
) -> Response[ReportReceipt]:
    """A report like any other, with photographs and place, that also stands under its patrol; until a day after it.

    The link names the patrol and not the person. An anonymous report has no link: send it as an ordinary one.
    """
    if data.identity == "anonymous":
        raise Invalid(Text("巡河发现不能匿名提交", "A finding of a patrol cannot be anonymous"), field="identity")
    now = clock.utc_now()
    print_ = idempotency.fingerprint(method="POST", path=request.scope["path"], body=await request.body())
    asked = submission.resident_request(resident.id, data, key=key, print_=print_, now=now)
    async with database.transaction():
        await patrols.require_patroller(activity, account=resident.id, now=now)
        done = await submission.submit_report(data, request=asked)
        if not done.replayed:
            if data.photo_ids:
                subject = f"report:{done.report_id}"
                await claim_photos(owner=resident.principal, photo_ids=data.photo_ids, subject=subject, now=now)
            await patrols.link(done.report_id, activity=activity, now=now)
    headers = {**NO_STORE, REPLAYED: "true"} if done.replayed else NO_STORE
    return Response(done.body, status_code=201, headers=headers, media_type="application/json")  # type: ignore[arg-type]


@get(
    "/v1/public/reports/{report_id:uuid}/patrol",
    opt={"audience": "public"},
    tags=["public"],
    summary="The patrol a published report began on",
)
async def patrol_of_report(report_id: FromPath[UUID]) -> Patrol:
    """Sums and the patrol's other public findings; nobody is named."""
    return await patrols.patrol_of(report_id)


ROUTES = [report_finding, patrol_of_report]
