"""Queries: arguments as clients send them, rows of published reports, and the standard's request element."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from api.open311.problems import BAD_REQUEST, NOT_FOUND, Fault, Refused
from domain.cases.stages import LABELS
from domain.kernel import database, settings
from domain.kernel.errors import Invalid
from domain.reports import public_map
from domain.reports.categories import CATEGORIES
from domain.reports.public_map import Box
from domain.reports.service_area import district
from media.links import public_photos

SPAN = timedelta(days=90)
ROWS_MAX = 1_000
IDS_MAX = 1_000
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
STAGES: dict[str, str] = {"submitted": "已提交", "withdrawn": "已撤回"} | {s.value: t.zh for s, t in LABELS.items()}


class Query(NamedTuple):
    """What a client asks for; the id list overrides everything else."""

    ids: list[str] | None
    codes: list[str] | None
    statuses: list[str]
    start: datetime | None
    end: datetime | None
    updated_after: datetime | None
    updated_before: datetime | None
    box: Box | None
    page: int
    page_size: int
    extensions: bool


def listed(text: str | None) -> list[str] | None:
    """A comma list with or without spaces; empty equals absent."""
    entries = [entry.strip() for entry in (text or "").split(",") if entry.strip()]
    return entries[:IDS_MAX] or None


def moment(text: str | None, *, name: str) -> datetime | None:
    """A W3C date-time with zone; empty equals absent. Raises `Refused`."""
    if not text:
        return None
    given = text.replace(" ", "+")  # a plus sign that nobody escaped
    try:
        if STAMP.fullmatch(given):
            return datetime.fromisoformat(given)
    except ValueError:
        pass
    raise Refused(Fault(BAD_REQUEST, f"{name}: 日期须为带时区的 W3C 格式 / a W3C date with zone is needed"))


def check_jurisdiction(given: str | None) -> None:
    """Absent or empty is fine for a server of one jurisdiction; a wrong one is 404."""
    if given and given != settings.current().district:
        raise Refused(Fault(NOT_FOUND, "jurisdiction_id 不存在 / unknown jurisdiction_id"))


def _number(text: str | None, *, name: str, default: int, most: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise Refused(Fault(BAD_REQUEST, f"{name} 应为 1 至 {most} / {name} is a number from 1 to {most}"))
    return int(text)


def _window(args: Mapping[str, str], *, now: datetime) -> tuple[datetime | None, datetime | None]:
    start, end = moment(args.get("start_date"), name="start_date"), moment(args.get("end_date"), name="end_date")
    if start is None and end is None:
        return (None, None) if args.get("updated_after") else (now - SPAN, None)
    start, end = start or (end or now) - SPAN, end or (start or now) + SPAN
    if end - start > SPAN:
        raise Refused(Fault(BAD_REQUEST, "时间跨度最多 90 天 / the span is at most 90 days"))
    return start, end


def read(args: Mapping[str, str], *, now: datetime) -> Query:
    """The query of a request; raises `Refused`."""
    check_jurisdiction(args.get("jurisdiction_id"))
    ids = listed(args.get("service_request_id"))
    if ids:  # overrides every other argument, also what is wrong in it
        args = {name: value for name, value in args.items() if name == "extensions"}
    statuses = listed(args.get("status")) or ["open", "closed"]
    if set(statuses) - {"open", "closed"}:
        raise Refused(Fault(BAD_REQUEST, "status 只能是 open 或 closed / status is open or closed"))
    start, end = (None, None) if ids else _window(args, now=now)
    try:
        box = public_map.read_box(args["bbox"]) if args.get("bbox") else None
    except Invalid as error:
        raise Refused(Fault(BAD_REQUEST, "bbox 应为 minLng,minLat,maxLng,maxLat")) from error
    return Query(
        ids=ids,
        codes=listed(args.get("service_code")),
        statuses=statuses,
        start=start,
        end=end,
        updated_after=moment(args.get("updated_after"), name="updated_after"),
        updated_before=moment(args.get("updated_before"), name="updated_before"),
        box=box,
        page=_number(args.get("page"), name="page", default=1, most=1_000),
        page_size=_number(args.get("page_size"), name="page_size", default=ROWS_MAX, most=ROWS_MAX),
        extensions=args.get("extensions") == "true",
    )


SELECT = """
select report, number, category, text, lng, lat, photos, stage, closed, received_at, updated_at, closed_at, expected_at,
  channel from public_report where hidden_at is null
"""


async def find(query: Query) -> list[Any]:
    """Published reports, newest first, ties by id."""
    if query.ids is not None:
        return await database.fetch(f"{SELECT} and number = any($1) order by received_at desc, number desc", query.ids)
    terms, values = [], [query.page_size, (query.page - 1) * query.page_size]
    bounds: list[tuple[str, Any]] = [
        ("category = any(${n}::text[])", query.codes),
        ("received_at >= ${n}", query.start),
        ("received_at <= ${n}", query.end),
        ("updated_at > ${n}", query.updated_after),
        ("updated_at < ${n}", query.updated_before),
        ("closed = ${n}", None if len(set(query.statuses)) > 1 else query.statuses == ["closed"]),
    ]
    if query.box is not None:
        sides = zip(("lng >= ", "lat >= ", "lng <= ", "lat <= "), query.box, strict=True)
        bounds += [(side + "${n}", value) for side, value in sides]
    for term, value in bounds:
        if value is not None:
            values.append(value)
            terms.append(term.format(n=len(values)))
    where = "".join(f" and {term}" for term in terms)
    return await database.fetch(f"{SELECT}{where} order by received_at desc, number desc limit $1 offset $2", *values)


def stamp(at: datetime | None) -> str | None:
    """Whole seconds with zone."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def elements(rows: list[Any], *, extensions: bool) -> list[dict[str, Any]]:
    """The request elements of rows; every field is always there."""
    shown = {f"report:{row['report']}" for row in rows if row["photos"]}
    photos = await public_photos(sorted(shown)) if shown else {}
    notes = await _notes([row["report"] for row in rows]) if extensions else {}
    agency = district(settings.current().district).authority
    return [
        _element(row, photos=photos.get(f"report:{row['report']}", []), agency=agency)
        | (_extended(row, photos=photos.get(f"report:{row['report']}", []), notes=notes) if extensions else {})
        for row in rows
    ]


def _element(row: Any, *, photos: list[Any], agency: str) -> dict[str, Any]:
    return {
        "service_request_id": row["number"],
        "status": "closed" if row["closed"] else "open",
        "status_notes": STAGES.get(row["stage"], row["stage"]),
        "service_name": CATEGORIES[row["category"]].zh,
        "service_code": row["category"],
        "description": row["text"],
        "agency_responsible": agency,
        "service_notice": None,
        "requested_datetime": stamp(row["received_at"]),
        "updated_datetime": stamp(row["closed_at"] or row["updated_at"]),
        "expected_datetime": stamp(row["expected_at"]),
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": row["lat"],
        "long": row["lng"],
        "media_url": photos[0].large if photos else None,
    }


def _extended(row: Any, *, photos: list[Any], notes: Mapping[Any, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "extended_attributes": {"channel": row["channel"], "photos": [photo.large for photo in photos]},
        "notes": notes.get(row["report"], []),
    }


async def _notes(reports: list[Any]) -> dict[Any, list[dict[str, Any]]]:
    """The public steps of each report: their names and times, not what was written to the reporter."""
    rows = await database.fetch(
        "select report, at, kind from report_timeline where report = any($1) and kind = any($2) order by at, id",
        reports,
        list(STAGES),
    )
    notes: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        note = {"datetime": stamp(row["at"]), "description": STAGES[row["kind"]], "type": row["kind"]}
        notes.setdefault(row["report"], []).append(note)
    return notes
