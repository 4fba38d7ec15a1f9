"""Structured logs: one JSON object a line, UTC, the request id, no bodies and no personal values.

Lines are JSON, so input with line breaks cannot forge one. As a last defence, texts that look like a phone number, a
token or a sealed code are masked on the way out; libraries that log addresses with queries are quietened.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from domain.kernel import trace
from domain.kernel.settings import Settings

PERSONAL = re.compile(r"(?<![\w-])(?:\+?86[- ]?)?1[3-9]\d{9}(?![\w-])|eyJ[\w-]{8,}\.[\w.-]+|\b\d{17}[\dXx]\b")
MASK = "[masked]"
QUIET = ("httpx", "httpcore", "botocore", "aiobotocore", "boto3", "urllib3", "uvicorn.access", "PIL", "exifread")
_access_enabled = [False]


def with_request_id(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds the id of the request (or of the event's request, in a task)."""
    if (request_id := trace.REQUEST_ID.get()) and "request_id" not in line:
        line["request_id"] = request_id
    return line


def masked(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks what looks personal in any text of the line."""
    return {key: _mask(value) for key, value in line.items()}


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return PERSONAL.sub(MASK, value)
    if isinstance(value, list | tuple):
        return [_mask(part) for part in value]
    return value


def configure(settings: Settings) -> None:
    """Sends standard logging and structlog through one JSON renderer."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_request_id,
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                masked,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    _access_enabled[:] = [root.isEnabledFor(logging.INFO)]


def access(**fields: Any) -> None:
    """One line for an answered request, without the logging machinery, which would cost more than the request."""
    if not _access_enabled[0]:
        return
    line = {"event": "request", "level": "info", **fields, "timestamp": datetime.now(UTC)}
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
