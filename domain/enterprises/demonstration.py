"""Fictitious enterprises of the district with ratings of every colour, each through its whole life."""

from datetime import datetime, timedelta
from decimal import Decimal

from domain.enterprises import enterprises, life, rule_packs
from domain.enterprises.enterprises import NewEnterprise
from domain.enterprises.life import Stage, Step
from domain.enterprises.rating import Fact, Inputs, Mark
from domain.enterprises.rule_packs import RulePack
from domain.kernel import clock, database

PACK = "guangzhou-2015"
FICTITIOUS = (  # code, name, industry, town, lng, lat, score, bonus items, hidden pipe
    ("91330106MA27X0015J", "清河示例电镀有限公司（虚构）", "电镀", "荷塘街道", 120.069, 30.463, "88", 0, True),
    ("91350212MA31Y00255", "清河示例印染有限公司（虚构）", "印染", "南浦镇", 120.036, 30.402, "76", 0, False),
    ("91440300708461136T", "清河示例食品有限公司（虚构）", "食品", "云栖镇", 119.99, 30.45, "93", 0, False),
    ("91330100799655058B", "清河示例绿能有限公司（虚构）", "新能源", "云栖镇", 119.98, 30.44, "100", 3, False),
)
HIDDEN_PIPE = Fact(code="v6", document="清环罚〔演示〕1号（虚构）")


async def seed(now: datetime) -> str:
    """Registers the enterprises and takes last year's rating of each to publication; nothing when they exist."""
    made = 0
    pack = rule_packs.load(PACK)
    for code, name, industry, town, lng, lat, score, bonus, pipe in FICTITIOUS:
        new = NewEnterprise(credit_code=code, name=name, industry=industry, town=town, lng=lng, lat=lat)
        async with database.transaction():
            if await database.fetch_value("select 1 from enterprise where credit_code = $1", new.credit_code):
                continue
            enterprise = await enterprises.register(new, now=now)
            year = clock.local_day(now).year - 1
            inputs = Inputs(
                credit_code=new.credit_code,
                year=year,
                marks=_marks(pack, score),
                bonus=tuple(Fact(code=f"g{n}", document=f"绿色证书{n}（虚构）") for n in range(1, bonus + 1)),
                vetoes=(HIDDEN_PIPE,) if pipe else (),
            )
            began = now - timedelta(days=40)
            rating, _ = await life.compute(enterprise, inputs=inputs, pack=pack, actor="system", now=began)
            for stage, days in ((Stage.FED_BACK, 2), (Stage.PUBLICISED, 5), (Stage.FINAL, 25), (Stage.PUBLISHED, 28)):
                at = began + timedelta(days=days)
                await life.take(rating, Step(stage=stage, actor="system", basis=pack.basis, at=at))
            made += 1
    return f"enterprises: {made} new"


def _marks(pack: RulePack, score: str) -> tuple[Mark, ...]:
    return tuple(
        Mark(indicator=indicator.code, score=Decimal(score), document="年度核查表（虚构）")
        for indicator in pack.indicators
    )
