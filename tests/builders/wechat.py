"""The sandbox WeChat as a real server on loopback, in a thread of the test process."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import uvicorn

from api.sandbox.wechat import DEFAULT_APPID, create_app
from api.sandbox.wechat_state import TEMPLATES_SETTING, Callback, World
from domain.kernel.settings import DEVELOPMENT_SECRET, Settings

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
PUSH_TOKEN = "push-token-of-the-tests"
START_S = 5.0


class Sandbox(msgspec.Struct):
    """A running sandbox: its address and its world, which tests may look into."""

    url: str
    world: World

    def login_code(self, openid: str, **more: Any) -> str:
        return str(self.act("login-codes", openid=openid, **more)["code"])

    def phone_code(self, openid: str, phone: str, **more: Any) -> str:
        return str(self.act("phone-codes", openid=openid, phone=phone, **more)["code"])

    def consent(self, openid: str, topic: str = "closure", **more: Any) -> dict[str, Any]:
        return self.act("consents", openid=openid, template_id=f"TPL-{topic}", **more)

    def act(self, control: str, **body: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/sandbox/{control}", json=body, timeout=10, trust_env=False)
        answer.raise_for_status()
        return dict(answer.json())

    def settings(self, settings: Settings) -> Settings:
        """The settings of an API that talks to this sandbox, push included."""
        return msgspec.structs.replace(
            settings,
            wechat_url=self.url,
            wechat_templates=TEMPLATES_SETTING,
            wechat_push_token=PUSH_TOKEN,
            wechat_push_aes_key=AES_KEY,
        )


def a_callback(url: str, **changes: Any) -> Callback:
    ordinary: dict[str, Any] = {"url": url, "token": PUSH_TOKEN, "aes_key": AES_KEY}
    return Callback(**ordinary | changes)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Runs an ASGI app by uvicorn in a thread; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + START_S
        while not server.started and time.monotonic() < deadline:
            threading.Event().wait(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)


@contextmanager
def sandbox_wechat() -> Iterator[Sandbox]:
    """A fresh sandbox for one test."""
    world = World(appid=DEFAULT_APPID, secret=DEVELOPMENT_SECRET)
    with serving(create_app(world)) as url:
        yield Sandbox(url, world)
