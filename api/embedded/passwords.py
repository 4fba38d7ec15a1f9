"""Generated passwords in files that only we can read."""

import os
import secrets
from pathlib import Path

PASSWORD_BYTES = 24


def password(file: Path) -> str:
    """The password kept in `file` (mode 0600), made on first use; URL-safe text."""
    if not read_password(file):
        write_private(file, secrets.token_urlsafe(PASSWORD_BYTES))
    return read_password(file)


def read_password(file: Path) -> str:
    """The password kept in `file`, or an empty text."""
    return file.read_text().strip() if file.exists() else ""


def write_private(file: Path, text: str) -> None:
    """Writes a file that never was readable by others, complete or not at all."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)
