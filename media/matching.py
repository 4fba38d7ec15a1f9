"""Finding a photograph that looks like an earlier one, fast among a million: see the band indexes in `schema.sql`.

A match is a signal for joining reports and against fraud. It never refuses anything.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.kernel import database
from media.likeness_bits import Likeness, distance

BANDS = 4
BAND_BITS = 16
BAND_MASK = (1 << BAND_BITS) - 1
BITS_APART_MAX = 7  # found for certain: one of four bands then differs in at most one bit
MATCHES_KEPT_MAX = 20
WHOLE, CROPPED = 0, 1
assert BITS_APART_MAX < 2 * BANDS

SAME = "select id, state from photo where sha256 = $1 and id <> $2 and state <> 'rejected' order by id limit $3"
SIMILAR = " union all ".join(
    f"select photo, view, bits from photo_likeness where ({shift}) = any($2::bigint[])"  # 17 values each
    f" and bit_count((bits # $1)::bit(64)) <= {BITS_APART_MAX}".replace("$2", f"${band + 2}")
    for band, shift in enumerate(["bits & 65535", "bits >> 16 & 65535", "bits >> 32 & 65535", "bits >> 48 & 65535"])
)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier photograph that looks the same."""

    photo: UUID
    kind: str  # same | similar | mirrored | cropped
    distance: int  # bits


def probes(bits: int) -> list[list[int]]:
    """For each band, its value and the 16 values one bit away."""
    values = [bits >> (BAND_BITS * band) & BAND_MASK for band in range(BANDS)]
    return [[value, *(value ^ (1 << bit) for bit in range(BAND_BITS))] for value in values]


async def nearest(bits: int) -> list[tuple[UUID, int, int]]:
    """(photo, view, bits apart) of every remembered hash within `BITS_APART_MAX`."""
    rows = await database.fetch(SIMILAR, bits, *probes(bits))
    return [
        (photo, view, distance(bits, other))
        for photo, view, other in {(r["photo"], r["view"], r["bits"]) for r in rows}
    ]


async def matches_of(likeness: Likeness) -> list[Match]:
    """Earlier photographs that look like this one, mirrored, or one a slight crop of the other; the closest first."""
    best: dict[UUID, Match] = {}
    for kind, bits, views in (
        ("similar", likeness.whole, (WHOLE, CROPPED)),
        ("mirrored", likeness.mirrored, (WHOLE, CROPPED)),
        ("cropped", likeness.cropped, (WHOLE,)),
        ("mirrored", likeness.cropped_mirrored, (WHOLE,)),
    ):
        for photo, view, apart in await nearest(bits):
            if view in views and (photo not in best or apart < best[photo].distance):
                named = "cropped" if kind == "similar" and view == CROPPED else kind
                best[photo] = Match(photo=photo, kind=named, distance=apart)
    return sorted(best.values(), key=lambda match: match.distance)[:MATCHES_KEPT_MAX]


async def remember(photo: UUID, likeness: Likeness, *, sha256: bytes) -> list[Match]:
    """Records the hashes of a new photograph and what it looks like, in the caller's transaction."""
    same = await database.fetch(SAME, sha256, photo, MATCHES_KEPT_MAX)
    found = [Match(photo=row["id"], kind="same", distance=0) for row in same]
    known = {match.photo for match in found}
    found += [match for match in await matches_of(likeness) if match.photo not in known]
    await database.execute(
        "insert into photo_likeness (photo, view, bits) values ($1, 0, $2), ($1, 1, $3)",
        photo,
        likeness.whole,
        likeness.cropped,
    )
    if found:
        await _keep(photo, found)
    return found


async def _keep(photo: UUID, found: Sequence[Match]) -> None:
    await database.execute(
        "insert into photo_match (photo, earlier, kind, distance)"
        " select $1, * from unnest($2::uuid[], $3::text[], $4::smallint[])",
        photo,
        [match.photo for match in found],
        [match.kind for match in found],
        [match.distance for match in found],
    )
