"""Levels from verified lifetime value, as Open Badges 3.0; and a leaderboard that only a district can switch on.

A level never goes down by spending and is never needed for a service. The board is opt-in, by pseudonym, and empty
below
`BOARD_PEOPLE_MIN` members.
"""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.kernel import database, settings
from domain.kernel.errors import NotFound, Refusal, Text
from rewards import people, sealing

BOARD_PEOPLE_MIN = 10
BOARD_ROWS = 50


class Level(msgspec.Struct, frozen=True):
    """A level and the lifetime points it begins at."""

    code: str
    title: Text
    points: int


LEVELS = (
    Level("seed", Text("种子", "Seed"), 0),
    Level("sprout", Text("幼苗", "Sprout"), 100),
    Level("sapling", Text("小树", "Sapling"), 500),
    Level("tree", Text("大树", "Tree"), 2_000),
    Level("forest", Text("森林", "Forest"), 10_000),
)


class BoardOff(Refusal):
    """The district has no leaderboard, or it has too few members to be shown."""

    code = "leaderboard-off"
    status = 404
    title = Text("未开放排行榜", "There is no leaderboard")
    advice = Text("排行榜默认关闭；参与人数不足时不展示。", "It is off by default, and hidden while few take part.")


class NameTaken(Refusal):
    """Somebody has this pseudonym."""

    code = "pseudonym-taken"
    title = Text("昵称已被使用", "The pseudonym is taken")
    advice = Text("请换一个昵称。", "Choose another one.")


async def lifetime_points(account: UUID) -> int:
    """Points of awards that still stand; what was spent counts, what was reversed does not."""
    total: int = await database.fetch_value(
        "select coalesce(sum(a.points), 0)::bigint from reward_award a join reward_claim c on c.id = a.claim"
        " where a.account = $1 and c.state = 'awarded'",
        account,
    )
    return total


def level_of(points: int) -> Level:
    """The highest level reached."""
    return max((level for level in LEVELS if level.points <= points), key=lambda level: level.points)


def credential(account: UUID, level: Level, *, now: datetime) -> dict[str, Any]:
    """The Open Badges 3.0 credential of a level; the subject's id is a keyed one that links to nothing else."""
    home = settings.current().public_url
    badge = f"{home}/v1/levels/{level.code}"
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": f"urn:uuid:{people.blinded('badge', account, level.code)}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": level.title.en,
        "issuer": {"id": home, "type": ["Profile"], "name": "绿哨 Green Whistle"},
        "validFrom": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "credentialSubject": {
            "id": f"urn:uuid:{people.blinded('badge-subject', account)}",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": badge,
                "type": ["Achievement"],
                "name": f"{level.title.zh} {level.title.en}",
                "description": f"Verified green behaviour worth {level.points} points or more",
                "criteria": {"narrative": f"At least {level.points} lifetime points from verified awards."},
            },
        },
    }


def signed_credential(credential_: dict[str, Any], *, now: datetime) -> str:
    """The credential as VC-JWT (EdDSA), the proof format Open Badges 3.0 allows beside data integrity.

    The header carries the public key, as the standard asks where `kid` is no address; compare it with `/v1/ledger/key`.
    """
    key: Ed25519PrivateKey = sealing.signing_key()
    point = base64.urlsafe_b64encode(sealing.public_key()).rstrip(b"=").decode()
    header = {"kid": "ledger", "typ": "JWT", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": point}}
    claims = credential_ | {
        "iss": credential_["issuer"]["id"],
        "jti": credential_["id"],
        "sub": credential_["credentialSubject"]["id"],
        "nbf": int(now.timestamp()),
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers=header)


async def join_board(account: UUID, *, pseudonym: str, now: datetime) -> None:
    """Opts in, or changes the pseudonym. Raises `BoardOff` or `NameTaken`."""
    if not settings.current().leaderboard:
        raise BoardOff
    try:
        await database.execute(
            "insert into board_member (id, pseudonym, joined_at) values ($1, $2, $3)"
            " on conflict (id) do update set pseudonym = excluded.pseudonym",
            account,
            pseudonym,
            now,
        )
    except asyncpg.UniqueViolationError as error:
        raise NameTaken(field="pseudonym") from error


async def leave_board(account: UUID) -> None:
    """Opts out at once; nothing stays."""
    await database.execute("delete from board_member where id = $1", account)


async def board(*, since: datetime) -> list[tuple[str, int]]:
    """(pseudonym, points awarded since), best first; rewards for reports are left out. Raises `BoardOff`."""
    members = await database.fetch_value("select count(*) from board_member")
    if not settings.current().leaderboard or members < BOARD_PEOPLE_MIN:
        raise BoardOff
    rows = await database.fetch(
        "select m.pseudonym, coalesce(sum(a.points) filter (where c.state = 'awarded'"
        " and a.behaviour <> 'verified-report'), 0)::bigint as points from board_member m"
        " left join reward_award a on a.account = m.id and a.made_at >= $1 left join reward_claim c on c.id = a.claim"
        " group by m.pseudonym order by points desc, m.pseudonym limit $2",
        since,
        BOARD_ROWS,
    )
    return [(row["pseudonym"], row["points"]) for row in rows]


def level(code: str) -> Level:
    """A level by its code; raises `NotFound`."""
    found = {level.code: level for level in LEVELS}.get(code)
    if found is None:
        raise NotFound
    return found
