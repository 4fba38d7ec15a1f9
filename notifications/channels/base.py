"""What a channel is: it gets a finished message for one address and says what became of it. It never retries itself."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from notifications.wording import Facts, Language, Wording


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, ready to send. `id` is the idempotency key where a provider takes one."""

    id: UUID
    address: str | None  # openid, phone number; None when the account has none
    key: str  # of the wording in the catalogue
    wording: Wording
    facts: Facts
    language: Language
    subject: str
    attempt: int  # from 1

    def __repr__(self) -> str:
        """Without the address: it must not reach a log."""
        return f"Message({self.id}, {self.key})"


class Sent(msgspec.Struct, frozen=True):
    """The provider took it. `cost_fen` is what it charges, in hundredths of a yuan."""

    provider_ref: str | None = None
    cost_fen: int | None = None


class Refused(msgspec.Struct, frozen=True):
    """The person does not want it or has no credit left: final, not an error, the next channel may try."""

    reason: str


class Later(msgspec.Struct, frozen=True):
    """Not now. `after_s` is the provider's wish, or how long our own pace or breaker holds the call back."""

    note: str
    after_s: float | None = None


class Broken(msgspec.Struct, frozen=True):
    """Trying again is pointless: no address, bad data, wrong configuration. An operator sees it as dead."""

    reason: str


Fate = Sent | Refused | Later | Broken


class Channel(Protocol):
    """A provider of one kind of push."""

    @property
    def name(self) -> str:
        """The value of `notice_delivery.channel` and the kind of its send jobs."""

    @property
    def spends_consent(self) -> bool:
        """Whether each message uses up one consent of the person."""

    async def addresses(self, account_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """Where each account is reached on this channel; those who cannot be are missing."""

    async def send(self, message: Message) -> Fate:
        """Calls the provider once, with no transaction open; raises nothing a caller should handle."""
