"""What set this work in motion: the id of the request, carried from the API through tasks to other machines.

The id is random and says nothing about anybody. Events and jobs remember it (`origin`); workers restore it.
"""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
