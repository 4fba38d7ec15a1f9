"""The inbox at its limits: unread among 10,000 messages, and one announcement for a district of 600,000 people."""

import statistics
import time

from api.bench.bench import Bench
from api.bench.report import Limit, Report, Row
from domain.kernel import clock, database
from domain.kernel.errors import Text
from domain.residents import accounts
from notifications import broadcasts, inbox, recipients
from notifications.broadcasts import Broadcast

SUMMARY = "unread count with 10,000 messages; an announcement to 600,000 people, written into every inbox"
ROLES = ()
PEOPLE = 600_000
MESSAGES = 10_000
READS = 300
AT_ONCE = 25_000
UNREAD_MS_MAX = 2.0
FAN_OUT_S_MAX = 60.0
BYTES_MAX = 200.0
OWNERS = """
insert into notice_owner (owner, recipient, language, big_print, quiet_from, quiet_to, digest, muted, sms_topics,
  pulled, updated_at)
select md5('person-' || n)::uuid, '\\x00', 'zh', false, 1320, 420, false, '[]', '[]', 0, now()
from generate_series($1::int, $2::int) n
"""
OLD_MESSAGES = """
with told as (
  insert into announcement (event, key, wording, topic, audience, reach, subject, facts, at)
  select 0, 'bench-' || n, 'points_awarded', 'points', 'person', '{}', 'points:0',
    '{"points": 1, "behaviour": ["绿色行动", "green action"], "happened_at": "2026-11-22T00:00:00+00:00"}', now()
  from generate_series(1, $2::int) n returning id)
insert into inbox_message (owner, announcement) select $1, id from told
"""


async def run(bench: Bench) -> Report:
    """Once each: both are large enough to be steady."""
    unread_ms = await _unread(bench)
    seconds, size = await _fan_out()
    row = Row(name="inbox line of a broadcast", operations=PEOPLE, cpu_us={}, per_second=PEOPLE / seconds)
    limits = [
        Limit(name="unread among 10,000, median", value=unread_ms, unit="ms", limit=UNREAD_MS_MAX),
        Limit(name="written into 600,000 inboxes", value=seconds, unit="s", limit=FAN_OUT_S_MAX),
        Limit(name="stored per person", value=size, unit="bytes", limit=BYTES_MAX),
    ]
    return Report(scenario="inbox", rows=[row], limits=limits)


async def _unread(bench: Bench) -> float:
    now = clock.utc_now()
    async with database.transaction():
        account = await accounts.account_for_openid("oBenchInbox", now=now)
    await database.execute(OLD_MESSAGES, recipients.tag_of(account), MESSAGES)
    await database.execute("analyze inbox_message")
    took = []
    for _ in range(READS):
        began = time.perf_counter()
        await inbox.unread(account, now=now)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


async def _fan_out() -> tuple[float, float]:
    """Seconds until every inbox has the line, and bytes it takes per person, in inboxes that hold something already."""
    for first in range(1, PEOPLE, AT_ONCE):
        await database.execute(OWNERS, first, first + AT_ONCE - 1)
    await database.execute("analyze notice_owner")
    await _tell_everybody()
    before = await database.fetch_value("select pg_total_relation_size('inbox_message')")
    began = time.perf_counter()
    await _tell_everybody()
    seconds = time.perf_counter() - began
    after = await database.fetch_value("select pg_total_relation_size('inbox_message')")
    return seconds, (after - before) / PEOPLE


async def _tell_everybody() -> None:
    words = Broadcast(
        audience="district", reach=(), headline=Text("公告", "Notice"), message=Text("内容", "Text"), urgent=False
    )
    async with database.transaction():
        told = await broadcasts.announce(words, subject="broadcast:district", at=clock.utc_now())
    assert told is not None
    await broadcasts.materialise(told)
