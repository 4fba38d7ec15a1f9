"""A stand-in for the bureau's case platform: `python -m api.sandbox.case_platform --port 9002 --api http://…`.

It verifies signatures, takes each hand-over once, and plays sign, dispatch, inspect, rectify, post-inspect, close with
signed updates back. `/sandbox/…` switches its behaviour: ok, 500, 429, hang, reset, gone (hand-overs); twice,
replay-old, shuffle, bad-signature (updates). Kept in memory.
"""

import argparse
import os
from datetime import UTC, datetime
from typing import Any

import uvicorn

from api.case_platform import signing
from api.sandbox.case_platform_play import HANDOVER_MODES, UPDATE_MODES, Taken, World
from api.sandbox.wire import App, Reply, Request, asgi
from domain.kernel.settings import DEVELOPMENT_SECRET

PAGE_MAX = 500
RETRY_AFTER_S = 1
TAKES_A_ROUND = ("green-whistle.case.opened.v1", "green-whistle.case.reopened.v1")


def make_world(*, callback: str, secrets: str = DEVELOPMENT_SECRET, speed: float = 1.0, auto: bool = True) -> World:
    """A fresh stand-in; `callback` is the API's base address."""
    return World(keys=signing.keys_of(secrets), callback=callback, speed=speed, auto=auto)


def make_app(world: World) -> App:
    """The ASGI application of one stand-in."""

    async def answer(request: Request) -> Reply:
        if request.path.startswith("/sandbox/"):
            return await _control(world, request)
        try:
            message_id = signing.verify(request.headers, body=request.body, keys=world.keys, now=datetime.now(UTC))
        except signing.SignatureRefused as refusal:
            return Reply({"error": str(refusal)}, status=401)
        if (request.method, request.path) == ("POST", "/messages"):
            return _message(world, request, message_id)
        if (request.method, request.path) == ("POST", "/updates/query"):
            return _pull(world, request)
        if (request.method, request.path) == ("POST", "/cases/query"):
            return _cases(world, request)
        return Reply({"error": "not found"}, status=404)

    return asgi(answer, stop=world.stop)


def _message(world: World, request: Request, message_id: str) -> Reply:
    mode = world.take_mode(HANDOVER_MODES)
    if mode == "429":
        return Reply({"error": "busy"}, status=429, headers={"Retry-After": str(RETRY_AFTER_S)})
    if mode in {"500", "gone"}:
        return Reply({"error": mode}, status=500 if mode == "500" else 410)
    message = request.json()
    world.received.append(message)
    given = world.messages.setdefault(message_id, {}) or _answer_to(world, message)
    world.messages[message_id] = given
    return Reply(given, hang=mode == "hang", reset=mode == "reset")


def _answer_to(world: World, message: dict[str, Any]) -> dict[str, Any]:
    if message.get("type") in TAKES_A_ROUND:
        return world.accept(message)
    data = message.get("data", {})
    taken = world.cases.get((data.get("case_id", ""), data.get("round", 0)))
    number = taken.platform_case_id if taken else "none"
    return {"platform_case_id": number, "accepted_at": datetime.now(UTC)}


def _pull(world: World, request: Request) -> Reply:
    """Updates after a cursor, oldest first: what a peer that was away has missed."""
    asked = request.json()
    start = int(asked.get("cursor") or 0)
    page = world.log[start : start + min(int(asked.get("limit", PAGE_MAX)), PAGE_MAX)]
    end = start + len(page)
    return Reply({"updates": page, "cursor": str(end), "more": end < len(world.log)})


def _cases(world: World, request: Request) -> Reply:
    """The updates of the cases asked for, by our ids."""
    wanted = set(request.json().get("case_ids", []))
    return Reply({"cases": [_told(taken) for key, taken in world.cases.items() if key[0] in wanted]})


def _told(taken: Taken) -> dict[str, Any]:
    return {
        "case_id": taken.case_id,
        "round": taken.round,
        "platform_case_id": taken.platform_case_id,
        "updates": taken.updates,
    }


async def _control(world: World, request: Request) -> Reply:
    action = CONTROLS.get(request.path.removeprefix("/sandbox/"))
    return await action(world, request.json()) if action else Reply({"error": "not found"}, status=404)


async def _behaviour(world: World, asked: dict[str, Any]) -> Reply:
    mode = str(asked.get("mode", "ok"))
    if mode not in HANDOVER_MODES | UPDATE_MODES:
        return Reply({"error": "unknown mode", "modes": sorted(HANDOVER_MODES | UPDATE_MODES)}, status=400)
    world.mode, world.mode_left = mode, asked.get("times")
    return Reply({"mode": mode})


async def _play(world: World, asked: dict[str, Any]) -> Reply:
    world.speed = float(asked.get("speed", world.speed))
    world.auto = bool(asked.get("auto", world.auto))
    world.script = tuple(asked.get("script", world.script))
    return Reply({"speed": world.speed, "auto": world.auto, "script": world.script})


async def _received(world: World, _asked: dict[str, Any]) -> Reply:
    return Reply(world.received)


async def _state(world: World, _asked: dict[str, Any]) -> Reply:
    return Reply({"cases": [_told(taken) for taken in world.cases.values()], "answers": world.answers})


async def _step(world: World, asked: dict[str, Any]) -> Reply:
    """Makes one update of a round by hand; `lost` keeps it for the pull only."""
    taken = world.cases.get((str(asked.get("case_id")), int(asked.get("round", 1))))
    if taken is None:
        return Reply({"error": "no such round"}, status=404)
    event = world.make(taken, str(asked["stage"]), **asked.get("changes", {}))
    status = 0 if asked.get("lost") else await world.post(event)
    return Reply({"update": event, "status": status})


CONTROLS = {"behaviour": _behaviour, "play": _play, "messages": _received, "state": _state, "step": _step}


def main() -> None:
    """Serves until stopped. The signing secrets come from `GW_CASE_PLATFORM_SECRETS`."""
    parser = argparse.ArgumentParser(description="Sandbox case platform")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True, help="base address of the API that gets the updates")
    parser.add_argument("--speed", type=float, default=4.0, help="1: two seconds a step")
    chosen = parser.parse_args()
    secrets = os.environ.get("GW_CASE_PLATFORM_SECRETS") or DEVELOPMENT_SECRET
    world = make_world(callback=chosen.api, secrets=secrets, speed=chosen.speed)
    uvicorn.run(make_app(world), host="127.0.0.1", port=chosen.port, log_level="warning")


if __name__ == "__main__":
    main()
