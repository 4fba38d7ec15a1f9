"""Open311 GeoReport v2 under `/open311/v2`, and under `/open311/test/v2` where posts are only checked."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from api.open311 import bulk, posting, problems, reading, services, storing, updates, wire
from api.open311.problems import BAD_REQUEST, FORBIDDEN, NOT_FOUND, Fault, Refused, suffix_of
from api.parts import Parts
from domain.kernel import clock, database, settings
from domain.kernel.chores import boundary
from domain.reports import partners
from domain.reports.partners import Partner
from domain.reports.service_area import district

BASES = ("/open311/v2", "/open311/test/v2")
FORM_BYTES_MAX = 9 * 12 * 1024 * 1024 + 64 * 1024
TEST_ID = "TEST"
Asked = Request[Any, Any, Any]
READ: dict[str, Any] = {"opt": {"audience": "public"}, "tags": ["open311"], "exception_handlers": problems.HANDLERS}
WRITE = {"audience": "partner", "limit": "machine"}
UNKNOWN = Fault(NOT_FOUND, "不存在 / not found")


def _both(resource: str) -> list[str]:
    return [f"{base}/{resource}.{suffix}" for base in BASES for suffix in wire.MEDIA_TYPES]


def _under(resource: str) -> list[str]:
    return [f"{base}/{resource}/{{name:str}}" for base in BASES]


def _split(name: str) -> tuple[str, str]:
    """An id and the format it is asked in; raises `Refused` for an unknown suffix."""
    suffix = suffix_of(name)
    if suffix is None:
        raise Refused(UNKNOWN)
    return name[: -len(suffix) - 1], suffix


def _format(request: Asked) -> str:
    return suffix_of(request.scope["path"]) or "xml"


def _args(request: Asked) -> dict[str, str]:
    """Query arguments; of a repeated one the last counts."""
    return dict(request.query_params.multi_items())


@get([*_both("discovery"), "/open311/discovery.xml", "/open311/discovery.json"], **READ, summary="Service discovery")
async def discovery(request: Asked) -> Response[Any]:
    """Where the endpoints are, in which formats, and how to get a key."""
    chosen = settings.current()
    area = district(chosen.district)
    tree = services.discovery(public_url=chosen.public_url, contact=f"{area.authority} {area.hotline}")
    return wire.answer(_format(request), root="discovery", tree=tree)


@get(_both("services"), **READ, summary="Request types")
async def service_list(request: Asked) -> Response[Any]:
    """The category tree as a flat list of services."""
    reading.check_jurisdiction(_args(request).get("jurisdiction_id"))
    return wire.answer(_format(request), root="services", tree=services.services())


@get(_under("services"), **READ, summary="The questions of a request type")
async def service_definition(name: FromPath[str], request: Asked) -> Response[Any]:
    """The extra questions; an empty list for a service that has none."""
    code, suffix = _split(name)
    reading.check_jurisdiction(_args(request).get("jurisdiction_id"))
    tree = services.definition(code)
    if tree is None:
        raise Refused(Fault(NOT_FOUND, "service_code 不存在 / unknown service_code"))
    return wire.answer(suffix, root="service_definition", tree=tree)


@get(_both("requests"), **READ, summary="Query requests")
async def request_list(request: Asked) -> Response[Any]:
    """Published requests, newest first: the latest 90 days, at most 1,000, unless asked otherwise."""
    query = reading.read(_args(request), now=clock.utc_now())
    tree = await reading.elements(await reading.find(query), extensions=query.extensions)
    return wire.answer(_format(request), root="service_requests", tree=tree)


@get(_under("requests"), **READ, summary="One request")
async def one_request(name: FromPath[str], request: Asked) -> Response[Any]:
    """A published request; an unpublished one looks like an unknown one."""
    number, suffix = _split(name)
    args = _args(request)
    query = reading.read({**args, "service_request_id": number.replace(",", " ")}, now=clock.utc_now())
    rows = await reading.find(query)
    if not rows:
        raise Refused(Fault(NOT_FOUND, "service_request_id 不存在 / unknown service_request_id"))
    tree = await reading.elements(rows, extensions=query.extensions)
    return wire.answer(suffix, root="service_requests", tree=tree)


@get(_under("tokens"), **READ, summary="Request id of a token")
async def token(name: FromPath[str], request: Asked) -> Response[Any]:
    """What a post answered with a token has become."""
    given, suffix = _split(name)
    reading.check_jurisdiction(_args(request).get("jurisdiction_id"))
    number = await storing.number_of_token(given)
    if number is None:
        raise Refused(Fault(NOT_FOUND, "token 不存在 / unknown token"))
    return wire.answer(suffix, root="service_requests", tree=[{"service_request_id": number, "token": given}])


@post(
    _both("requests"),
    opt=WRITE,
    tags=["open311"],
    exception_handlers=problems.HANDLERS,
    summary="Create a request",
    status_code=200,
    request_max_body_size=FORM_BYTES_MAX,
)
async def create(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Takes a form (urlencoded, or multipart with files) with `api_key`; all faults are told at once.

    An `Idempotency-Key` header makes a retry safe. Under `/open311/test/v2` the form is checked and nothing is stored.
    """
    if not request.content_type[0].startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        raise Refused(Fault(BAD_REQUEST, "须为表单 / a form is needed"))
    form = posting.form_of(list((await request.form()).multi_items()))
    partner = await _partner(request, form)
    posted = posting.check(form)
    if request.scope["path"].startswith(BASES[1]):
        tree: dict[str, Any] = {"service_request_id": TEST_ID, "service_notice": None, "account_id": None}
    else:
        retry_key = request.headers.get("Idempotency-Key")
        tree = await storing.store(posted, form.files, partner=partner, key=retry_key, parts=parts, now=clock.utc_now())
    return wire.answer(_format(request), root="service_requests", tree=[tree])


@get(_both("servicerequestupdates"), **READ, summary="Updates of requests")
async def updates_out(request: Asked) -> Response[Any]:
    """The public steps of published requests in a span of at most 90 days, oldest first (mySociety's extension)."""
    query = reading.read(_args(request), now=clock.utc_now())
    return wire.answer(_format(request), root="service_request_updates", tree=await updates.told(query))


@post(
    f"{BASES[0]}/servicerequestupdates.json",
    opt=WRITE,
    tags=["open311"],
    exception_handlers=problems.HANDLERS,
    summary="Send an update",
    status_code=200,
)
async def update_in_json(request: Asked) -> Response[Any]:
    """Records a partner's update once by its `update_id`; it moves no state."""
    return await _take_update(request)


@post(
    f"{BASES[0]}/servicerequestupdates.xml",
    opt=WRITE,
    tags=["open311"],
    exception_handlers=problems.HANDLERS,
    summary="Send an update",
    status_code=200,
)
async def update_in_xml(request: Asked) -> Response[Any]:
    """Records a partner's update once by its `update_id`; it moves no state."""
    return await _take_update(request)


async def _take_update(request: Asked) -> Response[Any]:
    form = posting.form_of(list((await request.form()).multi_items()))
    partner = await _partner(request, form)
    reading.check_jurisdiction(form.fields.get("jurisdiction_id"))
    update = updates.check(form.fields)
    async with database.transaction():
        update_id = await updates.take(update, partner=partner, now=clock.utc_now())
    tree = [{"update_id": update_id, "service_request_id": update.request}]
    return wire.answer(_format(request), root="service_request_updates", tree=tree)


@get(f"{BASES[0]}/bulk/requests.csv", **READ, summary="All published requests as CSV")
async def bulk_file() -> Stream:
    """As of last midnight in the district (the proposed bulk format, UTF-8, RFC 4180)."""
    midnight = boundary("day", clock.utc_now())
    headers = {"Cache-Control": "public, max-age=3600", "ETag": f'"{midnight:%Y%m%d}"'}
    return Stream(bulk.lines(until=midnight), media_type="text/csv", headers=headers)


async def _partner(request: Asked, form: posting.Form) -> Partner:
    key = form.fields.get("api_key") or request.query_params.get("api_key")
    try:
        return await partners.of_key(key, scope="open311:write")
    except partners.KeyRefused as refused:
        raise Refused(Fault(FORBIDDEN, "api_key 缺失或无效 / api_key is missing or wrong")) from refused


@get([f"{base}/{{rest:path}}" for base in BASES], **READ, summary="Unknown resources", include_in_schema=False)
async def unknown(rest: FromPath[str]) -> Response[Any]:
    """Other resources and other formats do not exist."""
    raise Refused(UNKNOWN)


ROUTES = [
    discovery,
    service_list,
    service_definition,
    request_list,
    one_request,
    token,
    create,
    updates_out,
    update_in_json,
    update_in_xml,
    bulk_file,
    unknown,
]
