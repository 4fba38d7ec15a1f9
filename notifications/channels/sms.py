"""SMS: for topics the person chose, when WeChat will not do it. Numbers are never logged; every message has a price.

Mainland providers send only approved templates with numbered or named values, so what leaves is the template's id and
the values our wording names, in its order. Other regions need a template of their own.
"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from uuid import UUID

import msgspec

from domain.residents import phones
from notifications.channels.base import Broken, Fate, Message, Sent
from notifications.wording import for_sms, said_in

HOME_PREFIX = "+86"
SEGMENT_SYMBOLS = 70  # of the first segment; longer texts are cut into pieces of 67
NEXT_SEGMENT_SYMBOLS = 67


class Sms(msgspec.Struct, frozen=True, kw_only=True):
    """One SMS as a provider sends it. `values` keep the order of the template."""

    id: UUID
    e164: str
    template: str
    values: dict[str, str]

    def __repr__(self) -> str:
        """Without number and values."""
        return f"Sms({self.id}, {self.template})"


class Provider(Protocol):
    """An SMS provider: one call, one fate."""

    async def send(self, sms: Sms, /) -> Fate:
        """Sends; never raises for what the network or the provider does."""


class SmsTemplate(msgspec.Struct, frozen=True):
    """The approved template for mainland numbers, and the one for all others."""

    home: str
    abroad: str | None


@lru_cache(maxsize=4)
def sms_templates(setting: str) -> Mapping[str, SmsTemplate]:
    """`message=template[:template];…`; raises ValueError."""
    found = {}
    for entry in filter(None, setting.split(";")):
        name, equals, ids = entry.partition("=")
        home, _, abroad = ids.partition(":")
        if not (name and equals and home):
            raise ValueError(f"GW_SMS_TEMPLATES: {entry!r} is not message=template[:template]")
        found[name] = SmsTemplate(home, abroad or None)
    return found


def template_for(name: str, *, e164: str, setting: str) -> str | None:
    """The template of a message for this number's region; None when none is configured."""
    known = sms_templates(setting).get(name)
    if known is None:
        return None
    return known.home if e164.startswith(HOME_PREFIX) else known.abroad


def value_names(pattern: str) -> list[str]:
    """The facts a wording names, in its order."""
    return list(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(pattern) if name))


def segments(text: str, *, sign: str) -> int:
    """How many messages the carrier counts for the text with its signature in brackets."""
    symbols = len(text) + len(sign) + 2
    return 1 if symbols <= SEGMENT_SYMBOLS else -(-symbols // NEXT_SEGMENT_SYMBOLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsChannel:
    """The SMS channel over one provider. `templates` is `GW_SMS_TEMPLATES`."""

    provider: Provider
    templates: str
    sign: str
    fen: int
    name: str = "sms"
    spends_consent: bool = False

    async def addresses(self, account_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """The bound phones."""
        return await phones.numbers_of(account_ids)

    async def send(self, message: Message) -> Fate:
        """One SMS to the account's bound phone."""
        e164 = message.address
        if e164 is None or message.wording.sms is None:
            return Broken("no-phone")
        template = template_for(message.key, e164=e164, setting=self.templates)
        if template is None:
            return Broken("no-template")
        pattern = message.wording.sms.zh if message.language == "zh" else message.wording.sms.en
        said = said_in(message.facts, message.language)
        values = {name: said[name] for name in value_names(pattern)}
        fate = await self.provider.send(Sms(id=message.id, e164=e164, template=template, values=values))
        if not isinstance(fate, Sent):
            return fate
        count = segments(for_sms(message.wording, message.facts, language=message.language), sign=self.sign)
        return Sent(provider_ref=fate.provider_ref, cost_fen=fate.cost_fen or count * self.fen)
