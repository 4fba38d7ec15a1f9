"""`Idempotency-Key`: read from the header, kept with the effect, replayed byte for byte with a marker header.

    async with database.transaction():
        return await once(request, actor=resident, key=key, now=now, work=lambda: submit(…))

`work` writes inside that transaction and returns the wire struct; annotate the route `-> Response[TheStruct]`.

A refusal rolls the transaction back and is not remembered, so the same key may be tried again.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response
from litestar.params import HeaderParameter

from api.actors import Actor
from domain.kernel import idempotency
from domain.kernel.idempotency import KEY_CHARS_MAX, KEY_CHARS_MIN

REPLAYED = "Idempotency-Replayed"
IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=KEY_CHARS_MIN,
        max_length=KEY_CHARS_MAX,
        pattern=r"^[\x21-\x7e]+$",
        description=(
            "A random key of 8-80 printable characters, new for each new submission and repeated when retrying it."
            " The first answer is kept for 7 days and replayed byte for byte (`Idempotency-Replayed: true`);"
            " the same key with another body is 422, while its twin is running 409."
        ),
    ),
]


async def once(
    request: Request[Any, Any, Any],
    *,
    actor: Actor | str,
    key: str,
    work: Callable[[], Awaitable[Any]],
    now: datetime,
    status: int = 201,
) -> Response[Any]:
    """The answer of `work`, or the stored one; call it inside the transaction of the effect.

    `actor` is the caller or a principal text of at most 80 characters. Raises what `domain.kernel.idempotency` refuses.
    """
    principal = actor if isinstance(actor, str) else actor.principal
    print_ = idempotency.fingerprint(method=request.method, path=request.scope["path"], body=await request.body())
    stored = await idempotency.begin(principal=principal, key=key, print_=print_)
    if stored is not None:
        return _answer(*stored, replayed=True)
    body = msgspec.json.encode(await work())
    await idempotency.keep(principal=principal, key=key, print_=print_, status=status, body=body, now=now)
    return _answer(status, body, replayed=False)


def _answer(status: int, body: bytes, *, replayed: bool) -> Response[Any]:
    headers = {"Cache-Control": "no-store"} | ({REPLAYED: "true"} if replayed else {})
    return Response(body, status_code=status, headers=headers, media_type="application/json")
