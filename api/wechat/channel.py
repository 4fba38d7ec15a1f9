"""The WeChat channel of notifications: one subscribe message for one consent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.wechat.client import WeChat
from api.wechat.errcodes import Meaning, WeChatRefused, WeChatUnreachable
from api.wechat.fields import filled
from domain.kernel import clock
from domain.residents import accounts
from notifications.breaker import Breaker, wait_for_turn_s
from notifications.channels.base import Broken, Fate, Later, Message, Refused, Sent
from notifications.templates import templates
from notifications.topics import TOPICS
from notifications.wording import for_template

PER_MINUTE = 6_000  # our own pace over all workers; WeChat's real quota of the account is larger and not documented
BURST = 200
UNKNOWN_TRIES = 3
MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatChannel:
    """Subscribe messages of one mini-program. `setting` is `GW_WECHAT_TEMPLATES`."""

    wechat: WeChat
    setting: str
    name: str = "wechat"
    spends_consent: bool = True

    @property
    def quota(self) -> Breaker:
        """Closed to everybody until the minute is over once WeChat said 45009."""
        return Breaker(redis=self.wechat.redis, provider=f"wechat:{self.wechat.appid}:send")

    async def addresses(self, account_ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """The openids."""
        return await accounts.openids_of(account_ids)

    async def send(self, message: Message) -> Fate:
        """One call; a token refused in the middle of a batch is replaced inside it."""
        template = templates(self.setting).get(message.wording.topic)
        if template is None or not message.wording.slots:
            return Broken("no-template")
        openid = message.address
        if openid is None:
            return Broken("no-openid")
        if (wait_s := await self._held_s()) > 0:
            return Later("pace", after_s=wait_s)
        fields = filled(template, TOPICS[message.wording.topic], for_template(message.wording, message.facts))
        try:
            answer = await self.wechat.send_subscribed(
                openid=openid,
                template_id=template.id,
                page=f"{message.wording.page}?d={message.id}",  # tells a doubled message from a second one
                fields=fields,
                language="zh_CN" if message.language == "zh" else "en_US",
            )
        except WeChatUnreachable as error:
            return Later("unreachable", after_s=error.retry_after_s)
        except WeChatRefused as refused:
            return await self._fate(refused, attempt=message.attempt)
        return Sent(provider_ref=None if answer.msgid is None else str(answer.msgid))

    async def _held_s(self) -> float:
        held_s = await self.quota.open_for_s()
        return held_s or await wait_for_turn_s(
            self.wechat.redis, name=self.quota.provider, per_minute=PER_MINUTE, burst=BURST
        )

    async def _fate(self, refused: WeChatRefused, *, attempt: int) -> Fate:
        final: dict[Meaning, Fate] = {
            Meaning.SPENT: Refused("consent-spent"),
            Meaning.RECIPIENT: Broken("no-recipient"),
            Meaning.DATA: Broken(f"data-{refused.field or 'field'}"),
            Meaning.CONFIGURATION: Broken(f"configuration-{refused.errcode}"),
        }
        if refused.meaning in final:
            return final[refused.meaning]
        if refused.meaning is Meaning.UNKNOWN and attempt >= UNKNOWN_TRIES:
            return Broken(f"errcode-{refused.errcode}")
        if refused.meaning is not Meaning.LIMIT:
            return Later(f"errcode-{refused.errcode}")
        wait_s = MINUTE_S - clock.utc_now().timestamp() % MINUTE_S + 1
        await self.quota.hold(wait_s)
        return Later("quota", after_s=wait_s)
