"""Sends the codes that prove a phone: the same provider, no inbox, no retry past the code's life."""

from uuid import UUID

from domain.kernel import clock
from domain.kernel.leases import Dead, Done, Job, Outcome, Retry, Sender
from domain.residents import sms_codes
from notifications.channels.base import Later, Sent
from notifications.channels.sms import Provider, Sms, template_for

TEMPLATE = "login_code"
WAITS_S = (2.0, 5.0, 15.0, 60.0)


def sender(provider: Provider, *, templates: str) -> Sender:
    """The sender of `sms_code` jobs."""

    async def send(job: Job) -> Outcome:
        if clock.utc_now() - job.created_at > sms_codes.LIFETIME:
            return Dead("the code has expired")
        request = UUID(job.payload["request_id"])
        e164 = sms_codes.open_text(job.payload["phone"], request_id=request)
        template = template_for(TEMPLATE, e164=e164, setting=templates)
        if template is None:
            return Dead("no template for login codes")
        code = sms_codes.open_text(job.payload["code"], request_id=request)
        fate = await provider.send(Sms(id=job.id, e164=e164, template=template, values={"code": code}))
        if isinstance(fate, Later):
            return Retry(fate.note, after_s=fate.after_s)
        return Done("sent") if isinstance(fate, Sent) else Dead(fate.reason)

    return Sender(send=send, waits_s=WAITS_S)
