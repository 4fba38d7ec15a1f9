"""Charts as SVG, drawn on the server: a river's months over the class bands, and a card for sharing. Pure.

Missing months leave a gap with a grey mark; nothing is drawn as if it had been measured.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from domain.disclosure.river_series import MonthPoint
from domain.disclosure.water_limits import CLASS_NAMES, COLOURS

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 40, 44
CLASSES = 6
FONT = "font-family=\"'PingFang SC','Noto Sans SC','Microsoft YaHei',sans-serif\""
INK, GREY, TARGET = "#20302A", "#8A938F", "#C2185B"
CARD_WIDTH, CARD_HEIGHT = 600, 480


def _y(water_class: float) -> float:
    """The middle of a class band: I on top."""
    return TOP + (HEIGHT - TOP - BOTTOM) * (water_class - 0.5) / CLASSES


def _x(place: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (place + 0.5) / max(count, 1)


def series_chart(points: Sequence[MonthPoint], *, title: str, target: int | None) -> str:
    """The months of a river; `target` is the class (1 to 5) of the target line."""
    band = (HEIGHT - TOP - BOTTOM) / CLASSES
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#FFFFFF"/>',
        f'<text x="{LEFT}" y="24" font-size="16" fill="{INK}">{escape(title)}</text>',
    ]
    for number in range(1, CLASSES + 1):
        top = TOP + band * (number - 1)
        parts.append(
            f'<rect x="{LEFT}" y="{top:.1f}" width="{WIDTH - LEFT - RIGHT}" height="{band:.1f}"'
            f' fill="{COLOURS[number]}" fill-opacity="0.35"/>'
            f'<text x="{LEFT - 8}" y="{_y(number) + 4:.1f}" font-size="12" text-anchor="end" fill="{INK}">'
            f"{CLASS_NAMES[number]}</text>"
        )
    parts += _months(points)
    parts += [f'<polyline points="{run}" fill="none" stroke="{INK}" stroke-width="1.5"/>' for run in _runs(points)]
    parts += [_dot(place, point, len(points)) for place, point in enumerate(points)]
    if target is not None:
        y = TOP + band * target
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{TARGET}"'
            ' stroke-dasharray="6 4"/>'
            f'<text x="{WIDTH - RIGHT}" y="{y - 4:.1f}" font-size="11" text-anchor="end" fill="{TARGET}">目标 target'
            f" {CLASS_NAMES[target]}</text>"
        )
    return "".join([*parts, "</svg>"])


def _months(points: Sequence[MonthPoint]) -> list[str]:
    step = max(1, len(points) // 8)
    return [
        f'<text x="{_x(place, len(points)):.1f}" y="{HEIGHT - BOTTOM + 18}" font-size="11" text-anchor="middle"'
        f' fill="{GREY}">{escape(point.month)}</text>'
        for place, point in enumerate(points)
        if place % step == 0
    ]


def _runs(points: Sequence[MonthPoint]) -> list[str]:
    """Stretches of consecutive assessed months: a missing month breaks the line."""
    runs: list[list[str]] = [[]]
    for place, point in enumerate(points):
        if point.water_class is None:
            runs.append([])
        else:
            runs[-1].append(f"{_x(place, len(points)):.1f},{_y(point.water_class):.1f}")
    return [" ".join(run) for run in runs if len(run) > 1]


def _dot(place: int, point: MonthPoint, count: int) -> str:
    x = _x(place, count)
    if point.water_class is None:
        text = point.status or "缺测 missing"
        return (
            f'<g fill="{GREY}"><title>{point.month}: {escape(text)}</title>'
            f'<rect x="{x - 3:.1f}" y="{HEIGHT - BOTTOM - 7}" width="6" height="6"/></g>'
        )
    return (
        f'<circle cx="{x:.1f}" cy="{_y(point.water_class):.1f}" r="4.5" fill="{point.colour}" stroke="{INK}">'
        f"<title>{point.month}: {point.class_name} {point.status or ''}</title></circle>"
    )


def share_card(*, name: str, town: str | None, latest: MonthPoint | None, target: str | None) -> str:
    """A card with the river's name, its latest class and its target."""
    colour = latest.colour if latest is not None else COLOURS[None]
    label = (latest.class_name or latest.status or "—") if latest is not None else "—"
    month = latest.month if latest is not None else "暂无数据 no data"
    status = (latest.status or "") if latest is not None else ""
    middle = CARD_WIDTH // 2
    below = f"{month} {status}".strip()
    aim = f"水质目标 {target or '—'}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CARD_WIDTH} {CARD_HEIGHT}" role="img" {FONT}>'
        f"<title>{escape(name)}</title>"
        f'<rect width="{CARD_WIDTH}" height="{CARD_HEIGHT}" fill="#F3F8F6"/>'
        f'<text x="{middle}" y="80" font-size="40" text-anchor="middle" fill="{INK}">{escape(name)}</text>'
        f'<text x="{middle}" y="116" font-size="20" text-anchor="middle" fill="{GREY}">{escape(town or "")}</text>'
        f'<circle cx="{middle}" cy="240" r="90" fill="{colour}" stroke="{INK}"/>'
        f'<text x="{middle}" y="258" font-size="52" text-anchor="middle" fill="{INK}">{escape(label)}</text>'
        f'<text x="{middle}" y="380" font-size="24" text-anchor="middle" fill="{INK}">{escape(below)}</text>'
        f'<text x="{middle}" y="416" font-size="20" text-anchor="middle" fill="{GREY}">{escape(aim)}</text>'
        "</svg>"
    )
