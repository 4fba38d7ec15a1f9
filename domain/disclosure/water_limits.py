"""GB 3838-2002 table 1 as data: the items of surface water, their limits by class and how they are evaluated.

Limits are inclusive and in mg/L unless the unit says otherwise. `decimals` are those of the national stations,
proven on 8,214 published values; `None` means the laboratory's own decimals stand. They are configuration, see `Rules`.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Literal

import msgspec

from domain.kernel.errors import Text

Body = Literal["river", "lake"]  # an attribute of the section, never guessed from its name
WORSE_THAN_V = 6
CLASS_III = 3


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One row of table 1."""

    code: str
    name: Text
    unit: str = "mg/L"
    limits: tuple[Decimal, ...] = ()  # classes I to V; for a lake see `lake_limits`
    lake_limits: tuple[Decimal, ...] | None = None  # None: the same as `limits`; empty: no class in lakes
    direction: Literal["at_most", "at_least", "range", "none"] = "at_most"
    decimals: int | None = None
    in_class: bool = True  # takes part in the section's class
    has_multiple: bool = True  # an exceedance multiple is stated after the name
    goes_first: bool = False  # cyanide and heavy metals lead the list of main pollutants

    def limits_for(self, body: Body) -> tuple[Decimal, ...]:
        """The limits of classes I to V in a river or in a lake; empty when the item has none there."""
        return self.lake_limits if body == "lake" and self.lake_limits is not None else self.limits


def _limits(text: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(part) for part in text.split())


PH_RANGE = (Decimal(6), Decimal(9))

ITEMS: tuple[Item, ...] = (
    Item(code="temperature", name=Text("水温", "water temperature"), unit="°C", direction="none", decimals=1,
         in_class=False, has_multiple=False),
    Item(code="ph", name=Text("pH值", "pH"), unit="", direction="range", decimals=0, has_multiple=False),
    Item(code="do", name=Text("溶解氧", "dissolved oxygen"), limits=_limits("7.5 6 5 3 2"), direction="at_least",
         decimals=1, has_multiple=False),
    Item(code="codmn", name=Text("高锰酸盐指数", "permanganate index"), limits=_limits("2 4 6 10 15"), decimals=1),
    Item(code="cod", name=Text("化学需氧量", "chemical oxygen demand"), limits=_limits("15 15 20 30 40")),
    Item(code="bod5", name=Text("五日生化需氧量", "five-day BOD"), limits=_limits("3 3 4 6 10")),
    Item(code="nh3n", name=Text("氨氮", "ammonia nitrogen"), limits=_limits("0.15 0.5 1.0 1.5 2.0"), decimals=2),
    Item(code="tp", name=Text("总磷", "total phosphorus"), limits=_limits("0.02 0.1 0.2 0.3 0.4"),
         lake_limits=_limits("0.01 0.025 0.05 0.1 0.2"), decimals=3),
    Item(code="tn", name=Text("总氮", "total nitrogen"), lake_limits=_limits("0.2 0.5 1.0 1.5 2.0"), decimals=2,
         in_class=False),
    Item(code="cu", name=Text("铜", "copper"), limits=_limits("0.01 1.0 1.0 1.0 1.0"), goes_first=True),
    Item(code="zn", name=Text("锌", "zinc"), limits=_limits("0.05 1.0 1.0 2.0 2.0"), goes_first=True),
    Item(code="f", name=Text("氟化物", "fluoride"), limits=_limits("1.0 1.0 1.0 1.5 1.5")),
    Item(code="se", name=Text("硒", "selenium"), limits=_limits("0.01 0.01 0.01 0.02 0.02")),
    Item(code="as", name=Text("砷", "arsenic"), limits=_limits("0.05 0.05 0.05 0.1 0.1"), goes_first=True),
    Item(code="hg", name=Text("汞", "mercury"), limits=_limits("0.00005 0.00005 0.0001 0.001 0.001"), goes_first=True),
    Item(code="cd", name=Text("镉", "cadmium"), limits=_limits("0.001 0.005 0.005 0.005 0.01"), goes_first=True),
    Item(code="cr6", name=Text("六价铬", "chromium (VI)"), limits=_limits("0.01 0.05 0.05 0.05 0.1"), goes_first=True),
    Item(code="pb", name=Text("铅", "lead"), limits=_limits("0.01 0.01 0.05 0.05 0.1"), goes_first=True),
    Item(code="cn", name=Text("氰化物", "cyanide"), limits=_limits("0.005 0.05 0.2 0.2 0.2"), goes_first=True),
    Item(code="phenol", name=Text("挥发酚", "volatile phenol"), limits=_limits("0.002 0.002 0.005 0.01 0.1")),
    Item(code="oil", name=Text("石油类", "petroleum"), limits=_limits("0.05 0.05 0.05 0.5 1.0")),
    Item(code="las", name=Text("阴离子表面活性剂", "anionic surfactant"), limits=_limits("0.2 0.2 0.2 0.3 0.3")),
    Item(code="s", name=Text("硫化物", "sulfide"), limits=_limits("0.05 0.1 0.2 0.5 1.0")),
    Item(code="coliform", name=Text("粪大肠菌群", "faecal coliform"), unit="/L",
         limits=_limits("200 2000 10000 20000 40000"), in_class=False),
)  # fmt: skip
BY_CODE: Mapping[str, Item] = {item.code: item for item in ITEMS}


class Status(Enum):
    """The qualitative state that goes with a class or a river's rating, best first."""

    EXCELLENT = Text("优", "excellent")
    GOOD = Text("良好", "good")
    LIGHT = Text("轻度污染", "lightly polluted")
    MEDIUM = Text("中度污染", "moderately polluted")
    HEAVY = Text("重度污染", "heavily polluted")


STATUS_RANK: Mapping[Status, int] = {status: rank for rank, status in enumerate(Status)}
STATUS_OF_CLASS: Mapping[int, Status] = {
    1: Status.EXCELLENT,
    2: Status.EXCELLENT,
    3: Status.GOOD,
    4: Status.LIGHT,
    5: Status.MEDIUM,
    WORSE_THAN_V: Status.HEAVY,
}
CLASS_NAMES: Mapping[int, str] = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ", 5: "Ⅴ", WORSE_THAN_V: "劣Ⅴ"}
COLOURS: Mapping[int | None, str] = {
    1: "#CCFFFF",
    2: "#00CCFF",
    3: "#00FF00",
    4: "#FFFF00",
    5: "#FF9B00",
    WORSE_THAN_V: "#FF0000",
    None: "#ABABAB",  # not monitored
}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the published method leaves open or what a district may set; the defaults match the national platform."""

    decimals: Mapping[str, int] = {}  # overrides of `Item.decimals`
    saturation_counts_for_class_one: bool = False  # "90 % saturation": wrong on 1 of 8,214 published values
    below_detection_share: Decimal = Decimal("0.5")  # of the limit; the usual practice, unconfirmed for the 2011 text
    ph_mean: Literal["plain", "ion"] = "plain"  # unconfirmed: arithmetic mean, or the mean of H+ concentrations
    sections_min: int = 5  # from so many sections on a river is rated by shares; "5" is unconfirmed ("more than 5"?)


NATIONAL = Rules()
