"""Cards for sharing as PNG: chat apps show no SVG. Drawn from a few facts with the house's own Chinese font."""

import io
from pathlib import Path

import msgspec

WIDTH, HEIGHT = 600, 480  # 5:4, what a mini-program shares
PAPER, INK, GREY = "#F3F8F6", "#20302A", "#8A938F"
CIRCLE = (WIDTH // 2 - 90, 150, WIDTH // 2 + 90, 330)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A centred line of text: its middle height and size in pixels."""

    text: str
    y: int
    size: int
    colour: str = INK


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A circle of one colour with a word in it, and lines of text around it."""

    label: str
    colour: str
    lines: tuple[Line, ...]


def draw(card: Card, *, font: Path) -> bytes:
    """The PNG (600 x 480). Takes tens of milliseconds: call it in a thread."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - 10 MiB, for a card now and then

    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.ellipse(CIRCLE, fill=card.colour, outline=INK, width=2)
    word = Line(text=card.label, y=240, size=52 if len(card.label) <= 3 else 36)  # noqa: PLR2004 - `劣Ⅴ`, `轻度污染`
    for line in (word, *card.lines):
        size = line.size
        letters = ImageFont.truetype(str(font), size)
        while size > 12 and letters.getlength(line.text) > WIDTH - 40:  # noqa: PLR2004 - smallest readable size
            size -= 2
            letters = ImageFont.truetype(str(font), size)
        pen.text((WIDTH // 2, line.y), line.text, font=letters, fill=line.colour, anchor="mm")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
