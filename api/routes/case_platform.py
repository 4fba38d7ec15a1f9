"""Where the case platform posts its updates, and the published contract."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec

from api import problems
from api.case_platform import incoming
from api.case_platform.payloads import BODY_BYTES_MAX, UpdateTaken, contract
from domain.kernel import clock
from domain.kernel.errors import Refusal

TAGS = ["case platform"]
REPLAYED = "Update-Replayed"
ARRAY = b"["


@post(
    "/v1/case-platform/updates",
    opt={"audience": "platform", "limit": "machine"},
    tags=TAGS,
    summary="Updates of cases",
    status_code=200,
    request_max_body_size=BODY_BYTES_MAX,
    responses={
        200: ResponseSpec(
            UpdateTaken, generate_examples=False, description="Taken; an array is answered with a `BatchResult`"
        )
    },
)
async def updates(request: Request[Any, Any, Any]) -> Response[bytes]:
    """One update (a CloudEvent) or an array of 1 to 500, signed as Standard Webhooks says over the raw body.

    The same id with the same content is answered with the same 200 (`Update-Replayed: true`), with other content 409.
    An unknown case is 404, a stage that cannot follow 422 with the stages `allowed`. What is refused is kept for the
    operators. Late updates are stored in their place by `sequence`. An array answers 200 with a result for each item.
    """
    now = clock.utc_now()
    body = await request.body()
    incoming.checked({name.lower(): value for name, value in request.headers.items()}, body=body, now=now)
    if body.lstrip()[:1] == ARRAY:
        result = await incoming.receive_batch(body, problem=_renderer(request), now=now)
        return Response(msgspec.json.encode(result), status_code=200, media_type="application/json")
    taken, replayed = await incoming.receive_one(body, now=now)
    return Response(
        msgspec.json.encode(taken),
        status_code=200,
        headers={REPLAYED: "true"} if replayed else None,
        media_type="application/json",
    )


def _renderer(request: Request[Any, Any, Any]) -> incoming.Problems:
    def render(refusal: Refusal) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.to_builtins(problems.problem_of(refusal, request=request))
        return dict(refusal.facts) | shown

    return render


@get(
    "/v1/case-platform/schema",
    opt={"audience": "public"},
    tags=TAGS,
    summary="The contract as JSON Schema",
    media_type="application/schema+json",
)
async def schema() -> Response[bytes]:
    """The messages of both directions; also in the repository as `api/case_platform/contract.schema.json`."""
    body = msgspec.json.format(msgspec.json.encode(contract()))
    return Response(body, media_type="application/schema+json")


ROUTES = [updates, schema]
