"""Prints pyproject.toml (standard input) with the pins of the given file as [tool.uv] constraint-dependencies.

With `--drop` the section is left out.
"""

import re
import sys
from pathlib import Path

SECTION = re.compile(r"\n\[tool\.uv\]\nconstraint-dependencies = \[\n(?:  .*\n)*\]\n")


def main() -> None:
    """Reads standard input, writes standard output."""
    text = SECTION.sub("", sys.stdin.read())
    if sys.argv[1] != "--drop":
        pins = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
        lines = "".join(f'  "{pin}",\n' for pin in (p.strip().replace('"', "'") for p in pins) if pin)
        text = text.rstrip("\n") + f"\n\n[tool.uv]\nconstraint-dependencies = [\n{lines}]\n"
    sys.stdout.write(text)


main()
