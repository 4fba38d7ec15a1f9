"""Which places the bureau serves: the district's towns as polygons, and who is in charge next door.

The polygons are data (`<district>.json`, GeoJSON rings in WGS-84). Those in `areas/` are fictitious; a bureau
puts its own file into the folder `GW_AREAS_DIR`.
"""

from functools import lru_cache
from pathlib import Path

import msgspec

from domain.kernel import settings
from domain.kernel.errors import Refusal, Text
from domain.kernel.geo import Point, in_any_polygon

AREAS = Path(__file__).parent / "areas"
Polygon = list[list[list[float]]]


class Town(msgspec.Struct, frozen=True):
    """A town or subdistrict."""

    code: str
    name: str
    name_en: str
    polygons: list[Polygon]


class Neighbour(msgspec.Struct, frozen=True):
    """A place we do not serve, and the authority that does."""

    name: str
    authority: str
    authority_en: str
    polygons: list[Polygon]


class District(msgspec.Struct, frozen=True):
    """The served district."""

    code: str
    name: str
    name_en: str
    zone: str
    authority: str
    authority_en: str
    hotline: str
    towns: list[Town]
    neighbours: list[Neighbour]


class OutsideServiceArea(Refusal):
    """The place is not ours."""

    code = "outside-service-area"
    status = 422
    title = Text("该地点不在本区服务范围内", "The place is outside the served district")
    advice = Text("请向当地生态环境部门反映，或拨打 12369。", "Please turn to the local authority or call 12369.")


def district(code: str) -> District:
    """The district of this code; raises FileNotFoundError or msgspec.ValidationError for a wrong configuration."""
    return _read(settings.current().areas_dir or str(AREAS), code)


@lru_cache(maxsize=8)
def _read(folder: str, code: str) -> District:
    return msgspec.json.decode((Path(folder) / f"{code}.json").read_bytes(), type=District)


def town_of(place: Point, *, area: District) -> Town:
    """The town that covers a WGS-84 place; raises `OutsideServiceArea` naming the right authority when known."""
    for town in area.towns:
        if in_any_polygon(place, town.polygons):
            return town
    for neighbour in area.neighbours:
        if in_any_polygon(place, neighbour.polygons):
            raise OutsideServiceArea(
                Text(f"该地点由{neighbour.authority}负责", f"{neighbour.authority_en} is in charge of this place"),
                field="place",
                facts={"authority": neighbour.authority},
            )
    raise OutsideServiceArea(field="place")
