"""A certificate as PDF/A-like print: embedded Chinese font, totals, QR code to the public check page."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import segno

from domain.kernel import clock
from rewards.behaviours import BEHAVIOURS
from rewards.certificates import Certificate, Part

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS = Path(__file__).parent / "fonts"
FONT, RARE_FONT = FONTS / "GreenWhistleSansSC.ttf", FONTS / "GreenWhistleSansSC-Rare.ttf"
FAMILY, RARE_FAMILY = "GreenWhistle", "GreenWhistleRare"
EVIDENCE = {
    "site-code": "现场动态码",
    "by-hand": "组织者登记",
    "corrected": "复核更正",
    "machine": "第三方数据",
    "measured": "设备数据",
    "declared": "本人申报并审核",
}
MM_PER_MODULE = 1.1
WIDTH_MM, MARGIN_MM = 210.0, 22.0
COLUMNS_MM = (62, 44, 22, 38)


def amount(kind: str, part_or_sum: tuple[int, int]) -> str:
    """Minutes as hours, milligrams as grams, for people."""
    minutes, milligrams = part_or_sum
    return f"{minutes / 60:.1f} 小时" if kind == "hours" else f"{milligrams / 1000:,.2f} 克 CO2e"


@lru_cache(maxsize=2)
def symbols_of(font: Path) -> frozenset[str]:
    """The symbols a font can draw."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - comes with fpdf

    with TTFont(font, lazy=True) as opened:
        return frozenset(map(chr, opened.getBestCmap()))


def drawable(name: str) -> bool:
    """Whether every symbol of a name can be printed. Reads fonts: call it in a thread."""
    return (symbols_of(FONT) | symbols_of(RARE_FONT)).issuperset(name)


def render(certificate: Certificate, *, name: str, check_url: str) -> bytes:
    """The PDF. Takes a second of CPU for the font: call it in a thread."""
    told = certificate.told
    from fpdf import FPDF  # noqa: PLC0415 - 12 MiB with its fonts, for a certificate now and then

    pdf = FPDF(format="A4")
    pdf.set_creation_date(told.issued_at)
    pdf.set_title(f"Green Whistle {certificate.number}")
    pdf.set_lang("zh-CN")
    pdf.set_margin(MARGIN_MM)
    pdf.add_font(FAMILY, fname=str(FONT))
    if not symbols_of(FONT).issuperset(name):
        pdf.add_font(RARE_FAMILY, fname=str(RARE_FONT))
        pdf.set_fallback_fonts([RARE_FAMILY])
    pdf.add_page()
    _line(pdf, "志愿服务时长证明" if told.kind == "hours" else "个人碳减排证明", size=24, height=16, align="C")
    _line(pdf, f"编号 {certificate.number}", size=10, align="C")
    pdf.ln(8)
    what = "参加志愿服务" if told.kind == "hours" else "以绿色低碳行为减少排放"
    total = amount(told.kind, (told.minutes, told.milligrams))
    _line(pdf, f"兹证明 {name} 于 {told.from_day} 至 {told.to_day} 期间{what}，合计 {total}。", size=13, height=9)
    pdf.ln(4)
    _table(pdf, told.kind, told.parts)
    _notes(pdf, told.parts)
    _line(pdf, f"出具日期 {clock.local_day(told.issued_at)}　出具平台 绿哨 Green Whistle", size=10)
    _qr(pdf, check_url)
    return bytes(pdf.output())


def _line(pdf: "FPDF", text: str, *, size: int, height: float = 7.0, align: str = "L") -> None:
    pdf.set_font(FAMILY, size=size)
    pdf.multi_cell(0, height, text, align=align, new_x="LMARGIN", new_y="NEXT")


def _table(pdf: "FPDF", kind: str, parts: list[Part]) -> None:
    rows = [("行为", "凭证类别", "次数", "数量")]
    for part in parts:
        title = BEHAVIOURS[part.behaviour].title.zh + (" *" if part.unconfirmed else "")
        rows.append((title, EVIDENCE[part.evidence], str(part.times), amount(kind, (part.minutes, part.milligrams))))
    pdf.set_font(FAMILY, size=10)
    with pdf.table(col_widths=COLUMNS_MM, line_height=7, first_row_as_headings=False) as table:
        for row in rows:
            drawn = table.row()
            for cell in row:
                drawn.cell(cell)


def _notes(pdf: "FPDF", parts: list[Part]) -> None:
    pdf.ln(4)
    if any(part.unconfirmed for part in parts):
        _line(pdf, "* 所用因子尚待权威来源确认，来源与版本见公开因子表。", size=9, height=5)
    _line(pdf, "扫描二维码或按编号查询真伪与撤销状态。本证明免费出具。", size=9, height=5)


def _qr(pdf: "FPDF", url: str) -> None:
    code = segno.make(url, error="m", micro=False)
    top, left = pdf.get_y() + 6, WIDTH_MM - MARGIN_MM - len(code.matrix) * MM_PER_MODULE
    for y, row in enumerate(code.matrix):
        for x, dark in enumerate(row):
            if dark:
                pdf.rect(left + x * MM_PER_MODULE, top + y * MM_PER_MODULE, MM_PER_MODULE, MM_PER_MODULE, style="F")
