"""The floor: the least a Litestar route on this stack can cost. `python -m api.bench.floor --port N`.

`POST /insert` decodes a small body, inserts one row durably and answers; `GET /nothing` only answers. No token, no
limits, no log. Served by the product's server and settings, on asyncpg's own pool.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec
import uvicorn
from litestar import Litestar, Request, get, post

from domain.kernel import settings

TABLE = "create table if not exists bench_floor (id uuid primary key, text text not null, lng float8, lat float8)"
INSERT = "insert into bench_floor values (gen_random_uuid(), $1, $2, $3) returning id"


class Connection(asyncpg.Connection):
    """Skips the RESET that asyncpg's pool would send after each loan."""

    def get_reset_query(self) -> str:
        """No statement."""
        return ""


class Thing(msgspec.Struct, frozen=True):
    """A small body."""

    text: str
    lng: float
    lat: float


@post("/insert")
async def insert(data: Thing, request: Request[Any, Any, Any]) -> dict[str, str]:
    """One durable row."""
    made = await request.app.state.pool.fetchval(INSERT, data.text, data.lng, data.lat)
    return {"id": str(made)}


@get("/nothing")
async def nothing() -> dict[str, str]:
    """No row."""
    return {"status": "ok"}


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Asyncpg's own pool of the product's size."""
    chosen = settings.current()
    async with asyncpg.create_pool(
        chosen.database_url, min_size=1, max_size=chosen.database_pool_max, connection_class=Connection
    ) as pool:
        await pool.execute(TABLE)
        app.state.pool = pool
        yield


def main() -> None:
    """Serves until stopped."""
    parser = argparse.ArgumentParser(description="the floor of the measurements")
    parser.add_argument("--port", type=int, required=True)
    app = Litestar([insert, nothing], lifespan=[lifespan], openapi_config=None, logging_config=None)
    uvicorn.run(
        app,
        port=parser.parse_args().port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
    )


if __name__ == "__main__":
    main()
