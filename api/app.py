"""`create_app()`: routes, dependencies, guards, error rendering, lifespan.

A new file of routes is one import and one line in `ROUTES`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler, Scope

from api import actors, admin, logs, problems
from api.edge import Edge
from api.leaving import told_when_leaving
from api.open311.problems import of_no_route
from api.parts import Parts, open_parts
from api.routes import (
    activities,
    area_follows,
    audit,
    auth,
    behaviours,
    case_desk,
    case_platform,
    case_rules,
    cases,
    certificates,
    chief_messages,
    claim_reviews,
    claims,
    consents,
    credentials,
    dead_letters,
    disclosure,
    disclosure_imports,
    docs,
    dry_runs,
    enterprise_desk,
    enterprises,
    follows,
    granting,
    handovers,
    health,
    inbox,
    inbox_stream,
    invitations,
    ledger,
    me,
    my_report_acts,
    notices,
    notices_desk,
    open311,
    operator_photos,
    operators,
    organisers,
    partner_events,
    partners,
    patrols,
    peer_reviews,
    penalty_links,
    photo_concerns,
    photo_copies,
    photos,
    points,
    public_reports,
    rates,
    rating_cycles,
    receipt_results,
    redemption,
    replies,
    report_rewards,
    reports,
    results,
    reveals,
    rings,
    rivers,
    score,
    score_appeals,
    teams,
    text_reviews,
    webhooks,
    wechat_push,
    work_list,
)
from api.routes import problems as problem_types
from api.serving import Serving
from api.strict import BODY_BYTES_MAX, StrictRequest
from api.wakeup import waker
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings
from notifications.stream import streaming

ROUTES: list[ControllerRouterHandler] = [
    admin.admin,
    *handovers.ROUTES,
    *health.ROUTES,
    *problem_types.ROUTES,
    *docs.ROUTES,
    *operators.ROUTES,
    *credentials.ROUTES,
    *work_list.ROUTES,
    *dead_letters.ROUTES,
    *audit.ROUTES,
    *auth.ROUTES,
    *me.ROUTES,
    *points.ROUTES,
    *teams.ROUTES,
    *dry_runs.ROUTES,
    *score.ROUTES,
    *granting.ROUTES,
    *report_rewards.ROUTES,
    *certificates.ROUTES,
    *organisers.ROUTES,
    *activities.ROUTES,
    *patrols.ROUTES,
    *redemption.ROUTES,
    *partner_events.ROUTES,
    *claim_reviews.ROUTES,
    *claims.ROUTES,
    *peer_reviews.ROUTES,
    *invitations.ROUTES,
    *rings.ROUTES,
    *score_appeals.ROUTES,
    *ledger.ROUTES,
    *behaviours.ROUTES,
    *operator_photos.ROUTES,
    *photo_concerns.ROUTES,
    *photos.ROUTES,
    *photo_copies.ROUTES,
    *reports.ROUTES,
    *partners.ROUTES,
    *my_report_acts.ROUTES,
    *follows.ROUTES,
    *reveals.ROUTES,
    *open311.ROUTES,
    *public_reports.ROUTES,
    *case_platform.ROUTES,
    *cases.ROUTES,
    *case_desk.ROUTES,
    *case_rules.ROUTES,
    *rates.ROUTES,
    *receipt_results.ROUTES,
    *results.ROUTES,
    *inbox.ROUTES,
    *inbox_stream.ROUTES,
    *area_follows.ROUTES,
    *notices_desk.ROUTES,
    *text_reviews.ROUTES,
    *webhooks.ROUTES,
    *consents.ROUTES,
    *wechat_push.ROUTES,
    *disclosure.ROUTES,
    *disclosure_imports.ROUTES,
    *replies.ROUTES,
    *penalty_links.ROUTES,
    *rivers.ROUTES,
    *notices.ROUTES,
    *chief_messages.ROUTES,
    *enterprises.ROUTES,
    *enterprise_desk.ROUTES,
    *rating_cycles.ROUTES,
]
CORS_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "X-Request-Id"]
CORS_EXPOSED = ["ETag", "Idempotency-Replayed", "RateLimit-Remaining", "Retry-After", "X-Request-Id"]
CORS_AGE_S = 600


def parts_of(scope: Scope) -> Parts:
    """The dependency `parts` of every route."""
    parts: Parts = scope["litestar_app"].state.parts
    return parts


def cors(settings: Settings) -> CORSConfig | None:
    """Fixed origins only, without credentials: the clients send bearer tokens, not cookies."""
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=CORS_HEADERS,
        expose_headers=CORS_EXPOSED,
        max_age=CORS_AGE_S,
    )


def create_app(settings: Settings | None = None) -> Litestar:
    """The ASGI app; `settings` default to the environment's."""
    chosen = settings or process_settings.current()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        serving: Settings = app.state.settings
        logs.configure(serving)
        async with open_parts(serving) as parts, waker(), streaming(parts.redis) as hub:
            app.state.parts, app.state.inbox_hub = parts, hub
            with told_when_leaving(hub.close):
                yield

    app = Litestar(
        route_handlers=ROUTES,
        lifespan=[lifespan],
        middleware=[Serving],
        exception_handlers=problems.HANDLERS | {HTTPException: of_no_route},
        request_class=StrictRequest,
        request_max_body_size=BODY_BYTES_MAX,
        cors_config=cors(chosen),
        logging_config=None,
        openapi_config=None,  # api.openapi describes the routes; Litestar would add routes of its own
        dependencies={
            "parts": Provide(parts_of, sync_to_thread=False),
            "resident": Provide(actors.resident, sync_to_thread=False),
            "operator": Provide(actors.operator, sync_to_thread=False),
            "caller": Provide(actors.caller, sync_to_thread=False),
        },
    )
    app.state.settings = chosen  # read when serving begins, so that one app may serve one installation after another
    app.asgi_handler = Edge(app.asgi_handler, settings=chosen)  # type: ignore[assignment]
    return app
