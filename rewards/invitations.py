"""Inviting: it pays after the invited person's first verified deed, once per person, and waits a week before it counts.

The invited person enters the code, so nobody is enrolled by somebody else; a phone that was invited before, under
whatever account, pays nobody again.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.kernel import database
from domain.kernel.errors import Refusal, Text
from domain.kernel.ids import new_id, random_code
from domain.residents import phones
from rewards import claims, people
from rewards.behaviours import BEHAVIOURS
from rewards.claims import NewClaim
from rewards.events import PointsAwarded

INVITATION = "invitation"
NEW_FOR = timedelta(days=30)
CODE_SYMBOLS = 10


class InvitationRefused(Refusal):
    """Unknown code, own code, not a new account, or invited before: one answer for all."""

    code = "invitation-refused"
    status = 422
    title = Text("邀请码无法使用", "The invitation cannot be used")
    advice = Text(
        "邀请码仅限新注册 30 日内、尚无积分的账号使用一次。", "For accounts of at most 30 days without points, once."
    )


async def code_of(account: UUID) -> str:
    """The resident's own code, made when first asked for."""
    code: str = await database.fetch_value(
        "insert into invitation_code (id, code) values ($1, $2) on conflict (id) do update set id = excluded.id"
        " returning code",
        account,
        random_code(symbols=CODE_SYMBOLS),
    )
    return code


ACCEPT = """
insert into invitation (id, inviter, made_at)
select a.id, c.id, $3 from account a, invitation_code c
where a.id = $1 and c.code = $2 and c.id <> a.id and a.created_at > $4
  and not exists (select 1 from reward_award w where w.account = a.id)
on conflict (id) do nothing returning inviter
"""


async def accept(account: UUID, *, code: str, now: datetime) -> None:
    """A new resident says who invited them, once; in the caller's transaction. Raises `InvitationRefused`."""
    inviter = await database.fetch_value(ACCEPT, account, code, now, now - NEW_FOR)
    if inviter is None or await people.person_of(inviter) == await people.person_of(account):
        raise InvitationRefused(field="code")


async def pay_inviter(event: PointsAwarded, /, *, event_id: int, at: datetime) -> None:
    """The first verified deed of an invited person with a verified phone makes the inviter's claim."""
    if event.behaviour == INVITATION:
        return
    inviter = await database.fetch_value(
        "select inviter from invitation where id = $1 and claim is null for update", event.account_id
    )
    if inviter is None or await phones.person_key(event.account_id) is None:
        return
    person = await people.person_of(event.account_id)
    new = NewClaim(
        account=inviter,
        behaviour=BEHAVIOURS[INVITATION],
        proof="invitation",
        source=INVITATION,
        external_id=str(people.blinded("invited", person)),
        feed="invitation",
        from_at=at,
        to_at=at,
        inputs={"friends": Decimal(1)},
    )
    [taken] = await claims.take([new], now=at)
    await database.execute("update invitation set claim = $2 where id = $1", event.account_id, taken.claim or new_id())
