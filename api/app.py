"""`create_app()`: routes, dependencies, error rendering, lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from api import actors, logs, problems
from api.parts import Parts, open_parts
from api.wakeup import waker
from domain.kernel import settings as process_settings
from domain.kernel.settings import Settings


def parts_of(state: State) -> Parts:
    """The dependency `parts` of every route."""
    parts: Parts = state.parts
    return parts


def create_app(settings: Settings | None = None) -> Litestar:
    """The ASGI app; `settings` default to the environment's."""
    chosen = settings or process_settings.current()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        logs.configure(chosen)
        async with open_parts(chosen) as parts, waker():
            app.state.parts = parts
            yield

    return Litestar(
        route_handlers=[],
        lifespan=[lifespan],
        guards=[actors.audience_guard],
        exception_handlers=problems.HANDLERS,
        dependencies={
            "parts": Provide(parts_of, sync_to_thread=False),
            "resident": Provide(actors.resident, sync_to_thread=False),
            "operator": Provide(actors.operator, sync_to_thread=False),
            "caller": Provide(actors.caller, sync_to_thread=False),
        },
    )
