"""One id per request, seen in the answer, the log, and whatever the request sets in motion.

A caller's own `X-Request-Id` is kept when it is plain (so that a gateway's traces join ours); anything else is
replaced.
"""

import os
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

HEADER = b"x-request-id"
SCOPE_KEY = "green_whistle_request_id"
RANDOM_BYTES = 12
PLAIN = re.compile(rb"[A-Za-z0-9._-]{8,64}", re.ASCII)


def begin(scope: MutableMapping[str, Any]) -> str:
    """Chooses this request's id and remembers it in the scope."""
    sent = next((value for name, value in scope["headers"] if name == HEADER), b"")
    chosen = sent.decode("ascii") if PLAIN.fullmatch(sent) else os.urandom(RANDOM_BYTES).hex()
    scope[SCOPE_KEY] = chosen
    return chosen


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The id `begin` chose; empty outside the served app."""
    return str(scope.get(SCOPE_KEY, ""))
