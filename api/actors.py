"""Who is calling. Every route names its audience; the guard refuses before anything else is read.

`opt={"audience": …}`: public (anyone), resident and operator (bearer token of that audience), partner, platform and
wechat (the route checks the caller's own signature or key), ops (addresses of `GW_OPS_NETWORKS`). A route without an
audience is closed. `opt={"role": …}` narrows an operator route to one role. Routes receive the caller as dependency
`resident`, `operator`, or `caller` (on public routes: a resident, or None without a token).

A resident's session is asked about once in `ALIVE_KEPT` per process, so a revoked one dies within that time; the
process that ended it calls `SESSIONS.forget` and is exact at once. Operators are looked up on each request.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from api.addresses import client_address, within
from api.bad_tokens import verified
from api.metrics import REFUSED
from api.problems import Forbidden, Unauthenticated
from api.tokens import Claims
from domain.kernel import clock, settings
from domain.operators import sessions as operator_sessions
from domain.residents import sessions

log = logging.getLogger(__name__)

ALIVE_KEPT = timedelta(seconds=30)
SESSIONS_REMEMBERED_MAX = 20_000
AUDIENCES = ("public", "resident", "operator", "partner", "platform", "wechat", "ops")
ACTOR_KEY = "green_whistle_actor"
BEARER = b"bearer "
Connection = ASGIConnection[Any, Any, Any, Any]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of this request."""

    kind: str  # resident | operator
    id: UUID
    session: UUID | None = None
    roles: frozenset[str] = frozenset()  # of operators

    @property
    def principal(self) -> str:
        """The caller as one text, for keys and the audit trail: `resident:<uuid>`."""
        return f"{self.kind}:{self.id}"


class LiveSessions:
    """What is known about residents' sessions, each for `ALIVE_KEPT_S` seconds."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: OrderedDict[UUID, tuple[bool, datetime]] = OrderedDict()

    async def alive(self, session: UUID, *, now: datetime) -> bool:
        """Whether the session and its account may act; asks the database when the answer is old."""
        alive, asked_at = self._known.get(session, (False, None))
        if asked_at is None or not timedelta(0) <= now - asked_at < ALIVE_KEPT:
            alive = await sessions.is_alive(session, now=now)
            self._known[session] = (alive, now)
            if len(self._known) > SESSIONS_REMEMBERED_MAX:
                self._known.popitem(last=False)
        return alive

    def forget(self, session: UUID) -> None:
        """Asks again at the next use: the session was just ended in this process."""
        self._known.pop(session, None)


SESSIONS = LiveSessions()


async def audience_guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuses whoever is not of the route's audience; remembers the caller for the dependencies."""
    audience = handler.opt.get("audience")
    if audience is None and connection.scope.get("method") == "OPTIONS":
        return
    if audience not in AUDIENCES:
        raise Forbidden
    connection.scope[ACTOR_KEY] = await _actor(connection, audience, role=handler.opt.get("role"))  # type: ignore[literal-required]


async def _actor(connection: Connection, audience: str, *, role: str | None) -> Actor | None:
    if audience == "operator":
        return await _operator(connection, role=role)
    if audience == "resident":
        return await _resident(connection)
    if audience == "public" and _authorization(connection.scope) is not None:
        return await _resident(connection)
    if audience == "ops" and not _from_ops(connection):
        raise Forbidden
    return None


def _from_ops(connection: Connection) -> bool:
    chosen = settings.current()
    return within(client_address(connection.scope, trusted=chosen.trusted_proxies), chosen.ops_networks)


async def _resident(connection: Connection) -> Actor:
    now = clock.utc_now()
    claims = await _claims(connection, _bearer(connection.scope), kind="resident", now=now)
    if not await SESSIONS.alive(claims.session, now=now):
        raise Unauthenticated
    return Actor(kind="resident", id=claims.subject, session=claims.session)


async def _operator(connection: Connection, *, role: str | None) -> Actor:
    found = await officer_of(connection, token=_bearer(connection.scope), kind="operator", now=clock.utc_now())
    if role is not None and role not in found.roles:
        raise Forbidden
    return found


async def officer_of(connection: Connection, *, token: str | None, kind: str, now: datetime) -> Actor:
    """The officer of a token of this kind whose session lives and who calls from an allowed network."""
    claims = await _claims(connection, token, kind=kind, now=now)
    live = await operator_sessions.live(claims.session, operator_id=claims.subject, now=now)
    if live is None:
        raise Unauthenticated
    chosen = settings.current()
    address = client_address(connection.scope, trusted=chosen.trusted_proxies)
    if not within(address, live.networks or chosen.operator_networks):
        log.warning("operator_from_elsewhere", extra={"operator": str(claims.subject)})
        REFUSED.labels("operator-network").inc()
        raise Unauthenticated
    return Actor(kind="operator", id=claims.subject, session=claims.session, roles=live.roles)


def _authorization(scope: Mapping[str, Any]) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == b"authorization"), None)


def _bearer(scope: Mapping[str, Any]) -> str | None:
    sent = _authorization(scope)
    if sent is None or sent[: len(BEARER)].lower() != BEARER:
        return None
    return sent[len(BEARER) :].decode("latin-1")


async def _claims(connection: Connection, token: str | None, *, kind: str, now: datetime) -> Claims:
    if token is None:
        raise Unauthenticated
    return await verified(connection.scope, token, kind=kind, now=now)


def require_role(operator: Actor, *allowed: str) -> None:
    """Raises `Forbidden` unless the operator holds one of the roles."""
    if operator.roles.isdisjoint(allowed):
        raise Forbidden


def _known(scope: Mapping[str, Any], kind: str) -> Actor:
    actor = scope.get(ACTOR_KEY)
    if not isinstance(actor, Actor) or actor.kind != kind:
        raise Unauthenticated
    return actor


def resident(scope: Scope) -> Actor:
    """Dependency of routes whose audience is `resident`."""
    return _known(scope, "resident")


def operator(scope: Scope) -> Actor:
    """Dependency of routes whose audience is `operator`."""
    return _known(scope, "operator")


def caller(scope: Scope) -> Actor | None:
    """Dependency of public routes that know their residents: the resident, or None without a token."""
    actor = scope.get(ACTOR_KEY)
    return actor if isinstance(actor, Actor) else None
