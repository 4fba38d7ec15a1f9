"""Sends that reach into the object store: deleting what was settled."""

from domain.kernel.errors import TryLater
from domain.kernel.leases import Done, Job, Outcome, Retry, Sender
from media.store import Store

WAITS_S = (5.0, 30.0, 120.0, 600.0, 3_600.0, 21_600.0, 86_400.0)


def deleter(store: Store) -> Sender:
    """The sender of `photo-delete` jobs, bound to a store."""

    async def send(job: Job) -> Outcome:
        try:
            await store.delete(job.payload["keys"])
        except TryLater:
            return Retry("the store does not answer")
        return Done()

    return Sender(send=send, waits_s=WAITS_S)
