"""Certificates, levels and the leaderboard."""

import asyncio
from datetime import date, datetime, timedelta
from html import escape
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.actors import Actor
from api.moments import check_years
from api.parts import Parts
from domain.kernel import clock, database
from domain.kernel.errors import Invalid, Text
from rewards import badges, certificate_pdf, certificates
from rewards.certificates import Certificate, Statement

TAGS = ["certificates"]
RESIDENT = {"audience": "resident"}
BOARD_DAYS = 30
PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{number}</title><h1>{state}</h1><dl><dt>编号 Number</dt><dd>{number}</dd>
<dt>持有人 Holder</dt><dd>{holder}</dd>
<dt>期间 Period</dt><dd>{period}</dd><dt>合计 Total</dt><dd>{total}</dd>
<dt>出具 Issued</dt><dd>{issued}</dd></dl></html>"""


class CertificateWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to certify. The name is printed in the PDF and otherwise only shown masked."""

    kind: Literal["hours", "carbon"]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=["张三"])]
    from_day: date
    to_day: date


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """The exact signed text (JSON), its Ed25519 signature in hex, and the public check page."""

    number: str
    statement: str
    signature: str
    check_url: str
    revoked: bool


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may know about a certificate."""

    number: str
    valid: bool
    revoked_at: datetime | None
    revoked_reason: str | None
    statement: Statement
    signature: str


class LevelShown(msgspec.Struct, frozen=True, kw_only=True):
    """A level and where it begins."""

    code: str
    title_zh: str
    title_en: str
    points: int


class MyLevel(msgspec.Struct, frozen=True, kw_only=True):
    """The level reached and its badge."""

    level: LevelShown
    lifetime_points: int
    credential: dict[str, Any]
    jwt: str


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why; shown to the public."""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200)]


class Pseudonym(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name on the board."""

    pseudonym: Annotated[str, msgspec.Meta(min_length=2, max_length=20)]


class BoardRow(msgspec.Struct, frozen=True, kw_only=True):
    """One member of the last 30 days."""

    pseudonym: str
    points: int


def check_url(parts: Parts, number: str) -> str:
    """Where anybody checks the certificate."""
    return f"{parts.settings.public_url}/certificates/{number}"


def _issued(certificate: Certificate, parts: Parts) -> Issued:
    return Issued(
        number=certificate.number,
        statement=certificate.statement,
        signature=certificate.signature.hex(),
        check_url=check_url(parts, certificate.number),
        revoked=certificate.revoked_at is not None,
    )


@post("/v1/certificates", opt=RESIDENT, tags=TAGS, summary="Ask for a certificate")
async def issue(
    data: JSONBody[CertificateWanted], resident: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> Issued:
    """Free, at once, for any period of up to five years."""
    check_years(from_day=data.from_day, to_day=data.to_day)
    if not await asyncio.to_thread(certificate_pdf.drawable, data.name):
        raise Invalid(Text("姓名含有无法打印的字符", "The name has a symbol that cannot be printed"), field="name")
    async with database.transaction():
        made = await certificates.issue(
            resident.id,
            kind=data.kind,
            name=data.name,
            from_day=data.from_day,
            to_day=data.to_day,
            now=clock.utc_now(),
        )
    return _issued(made, parts)


@get("/v1/certificates", opt=RESIDENT, tags=TAGS, summary="My certificates")
async def list_mine(resident: NamedDependency[Actor], parts: NamedDependency[Parts]) -> list[Issued]:
    """Newest first."""
    return [_issued(found, parts) for found in await certificates.mine(resident.id)]


@get("/v1/certificates/{number:str}/pdf", opt=RESIDENT, tags=TAGS, summary="My certificate as PDF")
async def pdf(
    number: FromPath[str], resident: NamedDependency[Actor], parts: NamedDependency[Parts]
) -> Response[bytes]:
    """With the full name, an embedded Chinese font and a QR code to the check page."""
    certificate, name = await certificates.own(number, account=resident.id)
    url = check_url(parts, number)
    body = await asyncio.to_thread(certificate_pdf.render, certificate, name=name, check_url=url)
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/pdf", headers=headers)


@get("/v1/certificates/{number:str}", opt={"audience": "public"}, tags=TAGS, summary="Check a certificate")
async def check(number: FromPath[str]) -> Checked:
    """Masked name, period, totals and whether it was revoked. Check the signature with `/v1/ledger/key`."""
    found = await certificates.find(number)
    return Checked(
        number=number,
        valid=found.revoked_at is None,
        revoked_at=found.revoked_at,
        revoked_reason=found.revoked_reason,
        statement=found.told,
        signature=found.signature.hex(),
    )


@get("/certificates/{number:str}", opt={"audience": "public"}, tags=TAGS, summary="Check page", media_type="text/html")
async def check_page(number: FromPath[str]) -> Response[str]:
    """The page behind the QR code."""
    found = await certificates.find(number)
    told = found.told
    state = "有效 Valid" if found.revoked_at is None else f"已撤销 Revoked: {found.revoked_reason}"
    shown = PAGE.format(
        number=escape(number),
        state=escape(state),
        holder=escape(told.holder),
        period=f"{told.from_day} – {told.to_day}",
        total=certificate_pdf.amount(told.kind, (told.minutes, told.milligrams)),
        issued=f"{told.issued_at:%Y-%m-%d}",
    )
    return Response(shown, media_type="text/html", headers={"Content-Security-Policy": "default-src 'none'"})


@post(
    "/v1/operator/certificates/{number:str}/revocation",
    opt={"audience": "operator", "role": "reviewer"},
    tags=TAGS,
    summary="Revoke a certificate",
    status_code=204,
)
async def revoke(number: FromPath[str], data: JSONBody[Revocation], operator: NamedDependency[Actor]) -> None:
    """For everybody to see, with the reason."""
    async with database.transaction():
        await certificates.revoke(number, reason=data.reason, by=operator.principal, now=clock.utc_now())


def _level(level: badges.Level) -> LevelShown:
    return LevelShown(code=level.code, title_zh=level.title.zh, title_en=level.title.en, points=level.points)


@get("/v1/levels", opt={"audience": "public"}, tags=TAGS, summary="Levels")
async def list_levels() -> list[LevelShown]:
    """From lifetime points of verified awards; never needed for a service."""
    return [_level(level) for level in badges.LEVELS]


@get("/v1/levels/{code:str}", opt={"audience": "public"}, tags=TAGS, summary="One level")
async def read_level(code: FromPath[str]) -> LevelShown:
    """The achievement a badge names."""
    return _level(badges.level(code))


@get("/v1/me/level", opt=RESIDENT, tags=TAGS, summary="My level and badge")
async def my_level(resident: NamedDependency[Actor]) -> MyLevel:
    """The badge is an Open Badges 3.0 credential, also signed as VC-JWT."""
    now, points = clock.utc_now(), await badges.lifetime_points(resident.id)
    reached = badges.level_of(points)
    credential = badges.credential(resident.id, reached, now=now)
    signed = badges.signed_credential(credential, now=now)
    return MyLevel(level=_level(reached), lifetime_points=points, credential=credential, jwt=signed)


@get("/v1/leaderboard", opt={"audience": "public"}, tags=TAGS, summary="Leaderboard")
async def leaderboard() -> list[BoardRow]:
    """Only where the district switched it on and at least ten people chose to be on it; reports never count."""
    rows = await badges.board(since=clock.utc_now() - timedelta(days=BOARD_DAYS))
    return [BoardRow(pseudonym=pseudonym, points=points) for pseudonym, points in rows]


@put("/v1/leaderboard/me", opt=RESIDENT, tags=TAGS, summary="Be on the board", status_code=204)
async def join_board(data: JSONBody[Pseudonym], resident: NamedDependency[Actor]) -> None:
    """Own choice, under a pseudonym."""
    async with database.transaction():
        await badges.join_board(resident.id, pseudonym=data.pseudonym, now=clock.utc_now())


@delete("/v1/leaderboard/me", opt=RESIDENT, tags=TAGS, summary="Leave the board")
async def leave_board(resident: NamedDependency[Actor]) -> None:
    """At once."""
    await badges.leave_board(resident.id)


ROUTES = [
    issue,
    list_mine,
    pdf,
    check,
    check_page,
    revoke,
    list_levels,
    read_level,
    my_level,
    leaderboard,
    join_board,
    leave_board,
]
