"""Who plays in the story, and what they remember from step to step."""

import random
import secrets
from datetime import UTC, datetime
from typing import Any

from api.demo.checks import Missed
from api.demo.phone import Caller
from api.embedded.installation import Installation

RIVER_BANK = (120.0261, 30.4412)  # WGS-84, inside the fictitious district


class Cast:
    """The resident's phone, the two machines of others, the officer, and a passer-by without any login."""

    def __init__(self, installation: Installation) -> None:
        """Everybody gets a line to the installation; each play is a new resident."""
        self.installation = installation
        self.phone = Caller(installation.api_url)
        self.officer = Caller(installation.api_url)
        self.passer_by = Caller(installation.api_url)
        self.wechat = Caller(installation.url("wechat"))
        self.platform = Caller(installation.url("platform"))
        self.openid = f"oDemo{secrets.token_hex(8)}"
        self.number = f"138{random.randrange(10**8):08d}"
        self.began = datetime.now(UTC)
        self.memory: dict[str, Any] = {}

    def recall(self, name: str) -> Any:
        """What an earlier step left; a miss when that step failed."""
        if name not in self.memory:
            raise Missed(f"an earlier step left no {name}")
        return self.memory[name]

    async def leave(self) -> None:
        """Hangs up."""
        for caller in (self.phone, self.officer, self.passer_by, self.wechat, self.platform):
            await caller.close()
