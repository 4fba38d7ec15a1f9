"""What set this work in motion: the id of the request, carried from the API through tasks to other machines.

The id is random and says nothing about anybody. Events and jobs remember it (`origin`); workers restore it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


def origin() -> str | None:
    """The id to remember with an event or a job; None when nothing outside asked for this work."""
    return REQUEST_ID.get() or None


@contextmanager
def of(origin_: str | None) -> Iterator[None]:
    """Works on behalf of the request that recorded the event or queued the job."""
    token = REQUEST_ID.set(origin_ or "")
    try:
        yield
    finally:
        REQUEST_ID.reset(token)
