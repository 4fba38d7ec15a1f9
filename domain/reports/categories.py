"""The tree of what can be reported. A new sub-category is one line in `LEAVES`; codes are never re-used.

`clock` names the class of time limits that the cases room keeps per node; `unit` is the department that signs first.
`exact_place` says whether publishing the exact place can point at the neighbour who complained.
"""

from typing import Literal

import msgspec

from domain.kernel.errors import Invalid, Text

ClockClass = Literal["urgent", "ordinary", "complex"]


class Top(msgspec.Struct, frozen=True):
    """A main category."""

    code: str
    zh: str
    en: str


class Category(msgspec.Struct, frozen=True):
    """A sub-category, the thing a report names."""

    code: str  # "<top>.<leaf>"
    zh: str
    en: str
    unit: str  # key of UNITS
    clock: ClockClass
    post_inspection: bool  # 后督查 before the closure counts
    exact_place: bool

    @property
    def top(self) -> str:
        """The code of the main category."""
        return self.code.partition(".")[0]

    @property
    def sensitive(self) -> bool:
        """Counts per grid cell are shown only from k reports on."""
        return not self.exact_place


SENSITIVE_COUNT_MIN = 5  # k: smaller counts per cell of a sensitive category are not shown

UNITS = {
    "air": Text("大气环境科", "Air quality section"),
    "water": Text("水生态环境科", "Water section"),
    "solid": Text("土壤与固废科", "Soil and waste section"),
    "nuclear": Text("核与辐射科", "Radiation section"),
    "nature": Text("自然生态科", "Nature section"),
    "enforcement": Text("综合行政执法队", "Enforcement team"),
    "city": Text("城市管理局", "City management"),
}

TOPS = (
    Top("air", "大气", "Air"),
    Top("dust", "扬尘", "Dust"),
    Top("water", "水体", "Water"),
    Top("noise", "噪声", "Noise"),
    Top("fumes", "油烟", "Cooking fumes"),
    Top("waste", "固废", "Solid waste"),
    Top("radiation", "辐射", "Radiation"),
    Top("ecology", "生态", "Ecology"),
    Top("other", "其他", "Other"),
)

LEAVES = (
    Category("air.industrial", "工业废气", "Industrial exhaust", "air", "ordinary", True, True),
    Category("air.odour", "恶臭异味", "Foul smell", "air", "ordinary", True, False),
    Category("air.vehicle", "机动车及机械冒黑烟", "Black smoke from vehicles", "air", "ordinary", False, True),
    Category("air.straw", "秸秆焚烧", "Straw burning", "enforcement", "urgent", False, True),
    Category("air.burning", "露天焚烧垃圾", "Open burning of rubbish", "enforcement", "urgent", False, True),
    Category("dust.site", "工地扬尘", "Construction dust", "city", "ordinary", False, True),
    Category("dust.road", "道路扬尘、渣土遗撒", "Road dust and spilled earth", "city", "ordinary", False, True),
    Category("dust.yard", "堆场扬尘", "Dust from storage yards", "air", "ordinary", True, True),
    Category("water.discharge", "污水直排", "Sewage discharge", "water", "urgent", True, True),
    Category("water.outfall", "排口异常", "Abnormal outfall", "water", "urgent", True, True),
    Category("water.black", "水体黑臭", "Black and odorous water", "water", "complex", True, True),
    Category("water.algae", "蓝藻、死鱼", "Algae or dead fish", "water", "urgent", False, True),
    Category("water.rubbish", "水面垃圾", "Floating rubbish", "water", "ordinary", False, True),
    Category("noise.construction", "施工噪声", "Construction noise", "city", "urgent", False, False),
    Category("noise.industry", "工业噪声", "Industrial noise", "enforcement", "ordinary", True, False),
    Category("noise.social", "社会生活噪声", "Noise from shops and leisure", "city", "ordinary", False, False),
    Category("noise.traffic", "交通噪声", "Traffic noise", "enforcement", "complex", False, False),
    Category("fumes.restaurant", "餐饮油烟", "Restaurant fumes", "city", "ordinary", True, False),
    Category("fumes.barbecue", "露天烧烤", "Open-air barbecue", "city", "urgent", False, False),
    Category("waste.household", "生活垃圾堆放", "Household waste", "city", "ordinary", False, True),
    Category("waste.construction", "建筑垃圾倾倒", "Construction waste", "city", "ordinary", False, True),
    Category("waste.industrial", "工业固废", "Industrial waste", "solid", "ordinary", True, True),
    Category("waste.hazardous", "危险废物", "Hazardous waste", "solid", "urgent", True, True),
    Category("radiation.station", "基站、变电站电磁辐射", "Masts and substations", "nuclear", "complex", False, False),
    Category("radiation.source", "放射源", "Radioactive source", "nuclear", "urgent", True, False),
    Category("ecology.wetland", "湿地、岸线破坏", "Damage to wetland or banks", "nature", "complex", True, True),
    Category("ecology.logging", "毁林、挖山", "Illegal felling or quarrying", "nature", "complex", True, True),
    Category("ecology.wildlife", "野生动植物", "Wildlife", "nature", "urgent", False, False),
    Category("other.other", "其他环境问题", "Another environmental problem", "enforcement", "ordinary", False, False),
)

CATEGORIES = {category.code: category for category in LEAVES}
TOP_CODES = frozenset(top.code for top in TOPS)
assert len(CATEGORIES) == len(LEAVES)
assert {leaf.top for leaf in LEAVES} == TOP_CODES


class CategoryUnknown(Invalid):
    """The category code is not in the tree."""

    code = "category-unknown"
    title = Text("类别不存在", "Unknown category")
    advice = Text("请从 GET /v1/categories 中选择子类别。", "Choose a sub-category from GET /v1/categories.")


def category_of(code: str) -> Category:
    """The sub-category of this code; raises `CategoryUnknown`."""
    found = CATEGORIES.get(code)
    if found is None:
        raise CategoryUnknown(field="category")
    return found
