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
BITS_APART_MAX = 10  # of 64; unrelated photographs differ in about 32
FOUND_FOR_CERTAIN_MAX = (
    7  # one of four bands then differs in at most one bit; of 8 bits 96 %, of 10 bits 78 % are found
)
MATCHES_KEPT_MAX = 20
WHOLE, CROPPED = 0, 1  # views; those above are the four one-sided ones
assert FOUND_FOR_CERTAIN_MAX < 2 * BANDS

SAME = "select id, state from photo where sha256 = $1 and id <> $2 and state <> 'rejected' order by id limit $3"
SIMILAR = " union ".join(
    f"select l.photo, l.view, l.bits from unnest(${2 * n + 1}::bigint[], ${2 * n + 2}::bigint[]) probe (value, hash)"
    f" join photo_likeness l on ({band}) = probe.value"
    f" where bit_count((l.bits # probe.hash)::bit(64)) <= {BITS_APART_MAX}"
    for n, band in enumerate(("l.bits & 65535", "l.bits >> 16 & 65535", "l.bits >> 32 & 65535", "l.bits >> 48 & 65535"))
)


LIKE_REPORT = """
with mine as (select id from photo where subject = $1 or id = any($2) and owner_tag = $3),
pairs as (select m.earlier as other, m.distance from photo_match m join mine on mine.id = m.photo
          union all
          select m.photo, m.distance from photo_match m join mine on mine.id = m.earlier)
select p.subject from pairs join photo p on p.id = pairs.other
where p.subject like 'report:%' and p.subject is distinct from $1 group by p.subject
order by min(pairs.distance) limit 50
"""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier photograph that looks the same."""

    photo: UUID
    kind: str  # same | similar | mirrored | cropped
    distance: int  # bits


def probes(bits: int) -> list[list[int]]:
    """For each band, its value and the 16 values one bit away."""
    values = [bits >> (BAND_BITS * band) & BAND_MASK for band in range(BANDS)]
    return [[value, *(value ^ (1 << bit) for bit in range(BAND_BITS))] for value in values]


def arguments(hashes: Sequence[int]) -> list[list[int]]:
    """For each band two equal lists: a value to look up, and the hash it belongs to."""
    lists: list[list[int]] = []
    of_hash = [probes(bits) for bits in hashes]
    for band in range(BANDS):
        pairs = [(value, bits) for bits, found in zip(hashes, of_hash, strict=True) for value in found[band]]
        lists += [[value for value, _ in pairs], [bits for _, bits in pairs]]
    return lists


async def matches_of(likeness: Likeness) -> list[Match]:
    """Earlier photographs that look like this one, mirrored, or one a slight crop of the other; the closest first.

    One statement: 17 probes for each of three hashes in each of four bands, answered by the indexes alone.
    """
    asked = (likeness.whole, likeness.mirrored, likeness.cropped)
    rows = await database.fetch(SIMILAR, *arguments(asked))
    best: dict[UUID, Match] = {}
    for row in rows:
        match = _closest(row["photo"], view=row["view"], bits=row["bits"], asked=asked)
        if match is not None and (match.photo not in best or match.distance < best[match.photo].distance):
            best[match.photo] = match
    return sorted(best.values(), key=lambda match: match.distance)[:MATCHES_KEPT_MAX]


def _closest(photo: UUID, *, view: int, bits: int, asked: Sequence[int]) -> Match | None:
    """How a remembered hash matches: two views cropped on every side are not compared, their wholes are."""
    kinds = ("similar" if view == WHOLE else "cropped", "mirrored", "cropped")
    compared = list(zip(asked, kinds, strict=True))[: 2 if view == CROPPED else 3]
    apart, kind = min((distance(bits, other), kind) for other, kind in compared)
    return Match(photo=photo, kind=kind, distance=apart) if apart <= BITS_APART_MAX else None


async def reports_like(report: UUID) -> list[UUID]:
    """Other reports with a photograph that looks like one of this report's: candidates for joining, closest first."""
    return await _reports_like(f"report:{report}", [], None)


async def reports_like_photos(photos: Sequence[UUID], *, owner_tag: bytes) -> list[UUID]:
    """Reports with a photograph that looks like one of these, which their owner has not sent with a report yet."""
    return await _reports_like(None, list(photos), owner_tag)


async def _reports_like(subject: str | None, photos: list[UUID], owner_tag: bytes | None) -> list[UUID]:
    rows = await database.fetch(LIKE_REPORT, subject, photos, owner_tag)
    return [UUID(row["subject"].removeprefix("report:")) for row in rows]


async def remember(photo: UUID, likeness: Likeness, *, sha256: bytes) -> list[Match]:
    """Records the hashes of a new photograph and what it looks like, in the caller's transaction."""
    same = await database.fetch(SAME, sha256, photo, MATCHES_KEPT_MAX)
    found = [Match(photo=row["id"], kind="same", distance=0) for row in same]
    known = {match.photo for match in found}
    found += [match for match in await matches_of(likeness) if match.photo not in known]
    await database.execute(
        "insert into photo_likeness (photo, view, bits) select $1, view - 1, bits"
        " from unnest($2::bigint[]) with ordinality as v(bits, view)",
        photo,
        [likeness.whole, likeness.cropped, *likeness.sides],
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
