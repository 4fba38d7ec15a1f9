"""`python -m api.openapi_file` writes the API's description to `openapi.json` at the project's root."""

from pathlib import Path

from api.app import create_app
from api.openapi import rendered
from domain.kernel.settings import Settings

FILE = Path(__file__).parents[1] / "openapi.json"


def write() -> None:
    """Writes the committed file anew from the routes."""
    FILE.write_text(rendered(create_app(Settings())), encoding="utf-8")


if __name__ == "__main__":
    write()
