"""What anybody can read without signing in."""

from typing import Any

from api.demo.cast import Cast
from api.demo.checks import expect, until

PERSONAL = ("account", "openid", "phone", "identity", "reporter")


async def everybody(cast: Cast, facts: list[str]) -> None:
    """The report without anything personal, the penalty it led to, a river with its class, an enterprise's rating."""
    report_id = cast.recall("report_id")

    async def published() -> dict[str, Any] | None:
        page = await cast.passer_by.get("/v1/public/reports", params={"limit": 50})
        return next((dict(item) for item in page["items"] if item["id"] == report_id), None)

    shown = await until(published, what="the report in public", within_s=10)
    text = str(shown)
    expect(not any(word in shown for word in PERSONAL), f"no personal field: {sorted(shown)}")
    expect(cast.number not in text and cast.openid not in text, "nothing personal in the public form")
    facts.append(f"{shown['number']} {shown['category_name']}, {shown['stage']}, {shown['lng']}, {shown['lat']}")
    facts.append(await _penalty(cast))
    facts.append(await _river(cast))
    rating = (await _entries(cast, "enterprise-ratings"))[0]
    facts.append(f"{rating['name']} ({rating['credit_code']}): {rating['grade']} for {rating['year']}")


async def _entries(cast: Cast, dataset: str, **question: Any) -> list[dict[str, Any]]:
    page = await cast.passer_by.get(f"/v1/disclosure/{dataset}", params={"limit": 50} | question)
    expect(page["items"], f"{dataset} has entries for {question}")
    return list(page["items"])


async def _penalty(cast: Cast) -> str:
    """The decision whose number the platform gave with its update."""
    timeline = (await cast.phone.get(f"/v1/reports/{cast.recall('report_id')}"))["timeline"]
    numbers = [entry["detail"]["penalty"] for entry in timeline if (entry.get("detail") or {}).get("penalty")]
    expect(numbers, "the timeline names the penalty decision")
    penalty = (await _entries(cast, "penalties", q=numbers[0]))[0]
    return f"penalty {penalty['decision_number']}: {penalty['party']}, {penalty['amount_yuan']} yuan — from this case"


async def _river(cast: Cast) -> str:
    """The latest month of a river of the district."""
    rivers = {river["code"]: river for river in await _entries(cast, "rivers")}
    month = (await _entries(cast, "river-water"))[0]
    river = rivers.get(month["river"])
    expect(river, f"the river {month['river']} of the measurement is disclosed")
    name, target = (river["name"], river["target_class"]) if river else ("", "")
    return f"{name}: {month['class_name']} in {month['month']}, target {target}"
