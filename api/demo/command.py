"""`green-whistle demo [--once]`: start, play, serve until Ctrl-C."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import msgspec

from api.demo.screen import Screen
from api.demo.story import play
from api.embedded.children import ServiceFailed, command_line, die_with_parent
from api.embedded.installation import Installation
from api.embedded.stack import StackBusy
from api.sandbox.wechat_state import TEMPLATES_SETTING
from domain.kernel import settings
from domain.kernel.settings import Settings, data_dir

FOLDERS_MAX = 9  # further demonstrations beside a running one use .data-2, .data-3, …
MEND_EVERY_S = 0.5
API_PORT_WANTED = 8000
PUSH_TOKEN = "demonstration"  # noqa: S105 - shared with the sandbox on this machine only
PUSH_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
_asked = threading.Event()  # somebody wants us to end


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long to stay."""
    parser.add_argument("--once", action="store_true", help="play and check the story, stop, exit non-zero on a miss")


def run(options: argparse.Namespace) -> int:
    """0 when every step of the story was seen."""
    follow_uv()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    screen = Screen(before_each=_unless_asked)
    with contextlib.suppress(KeyboardInterrupt):
        return _run(options, screen)
    return 1 if options.once else 0


def follow_uv() -> None:
    """Under `uv run` we end when uv is killed: it could not tell us."""
    if Path(command_line(os.getppid()).split(" ")[0]).name == "uv":
        die_with_parent(signal.SIGTERM)


def _stop(number: int, frame: FrameType | None) -> None:
    _asked.set()
    raise KeyboardInterrupt  # may be swallowed where Python ignores exceptions, therefore `_unless_asked` looks again


def _unless_asked() -> None:
    if _asked.is_set():
        raise KeyboardInterrupt


def _run(options: argparse.Namespace, screen: Screen) -> int:
    chosen = _demonstration(settings.load())
    if chosen.env == "production":
        print("the demonstration writes fictitious data; it does not run with GW_ENV=production", file=sys.stderr)
        return 1
    try:
        installation = _start(chosen, screen)
    except ServiceFailed as failed:
        screen.say(f"[red]{failed}[/red]")
        return 1
    with contextlib.ExitStack() as stack:
        stack.callback(installation.stop)
        asyncio.run(play(installation, screen))
        _conclude(installation, screen)
        if not options.once:
            _serve(installation, screen)
    return 1 if screen.missed else 0


def _demonstration(loaded: Settings) -> Settings:
    """What the sandbox WeChat needs to be believed."""
    return msgspec.structs.replace(
        loaded,
        wechat_templates=loaded.wechat_templates or TEMPLATES_SETTING,
        wechat_push_token=loaded.wechat_push_token or PUSH_TOKEN,
        wechat_push_aes_key=loaded.wechat_push_aes_key or PUSH_AES_KEY,
    )


def _start(chosen: Settings, screen: Screen) -> Installation:
    folder = data_dir(chosen)
    for number in range(1, FOLDERS_MAX + 1):
        tried = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        placed = msgspec.structs.replace(chosen, data_dir=str(tried))
        installation = Installation(placed, tell=screen.preparing, api_port=API_PORT_WANTED)
        try:
            return installation.__enter__()
        except StackBusy:
            screen.preparing(f"{tried} is used by another demonstration")
    raise ServiceFailed(f"{FOLDERS_MAX} demonstrations run in {folder.parent} already")


def _conclude(installation: Installation, screen: Screen) -> None:
    url = installation.api_url
    screen.addresses(
        [
            ("API and its documentation", f"{url}/docs"),
            ("public reports", f"{url}/v1/public/reports"),
            ("raw tables, read-only (operators)", f"{url}/admin/"),
            ("sandbox WeChat", installation.url("wechat")),
            ("sandbox case platform", installation.url("platform")),
            ("data, logs and passwords", str(installation.data)),
        ]
    )
    if screen.missed:
        screen.say("[bold red]" + f"{len(screen.missed)} step(s) missed" + "[/bold red]")


def _serve(installation: Installation, screen: Screen) -> None:
    screen.say("\nserving until Ctrl-C; what dies is started again")
    while True:
        time.sleep(MEND_EVERY_S)
        _unless_asked()
        for name in installation.mend():
            screen.say(f"[yellow]{name} ended and was started again; see {installation.data}[/yellow]")
