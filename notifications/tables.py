"""The tables of notifications. A person appears only as `owner`, a keyed tag; the account id is sealed beside it.

So the database alone cannot tell which account a message about a report went to (see `recipients`).
"""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table


class Announcement(Table, tablename="announcement"):
    """One thing to tell one audience: a person, the followers of something, a grid cell, the whole district."""

    id = BigSerial(primary_key=True)
    event = BigInt(null=False, default=None)  # outbox id; 0 for what operators announce themselves
    key = Varchar(length=80, null=False, default=None)  # with `event` unique, so that a handler may repeat
    wording = Varchar(length=40, null=False, default=None)  # key of notifications.catalogue
    topic = Varchar(length=20, null=False, default=None)
    audience = Varchar(length=10, null=False, default=None)  # person | many | area | town | district
    reach = Array(base_column=Varchar(length=80), null=False, default=None)  # for whose follows: cell:…, town:…
    subject = Varchar(length=80, null=False, default=None)  # what it is about: report:…, case:…
    facts = JSONB(null=False, default=None)  # values of the wording; nothing personal
    at = Timestamptz(null=False, default=None)


class InboxMessage(Table, tablename="inbox_message"):
    """An announcement in one person's inbox: the delivery that always works. Kept small, there are many."""

    id = BigSerial(primary_key=True)
    owner = UUID(null=False, default=None)
    # No foreign key: 600,000 checks would lock the one row of a broadcast. Lines are only made by selecting it.
    announcement = BigInt(null=False, default=None)
    read_at = Timestamptz(null=True, default=None)
    archived_at = Timestamptz(null=True, default=None)


class NoticeOwner(Table, tablename="notice_owner"):
    """How one person wants to be told, and how far broadcasts were pulled into the inbox."""

    owner = UUID(primary_key=True, null=False, default=None)
    recipient = Bytea(null=False, default=None)  # sealed account id
    language = Varchar(length=2, null=False, default=None)  # zh | en
    big_print = Boolean(null=False, default=None)  # shorter sentences for large type
    quiet_from = SmallInt(null=True, default=None)  # minute of the day, Asia/Shanghai; null: no quiet hours
    quiet_to = SmallInt(null=True, default=None)
    digest = Boolean(null=False, default=None)  # progress and points once a day
    digested_to = Timestamptz(null=True, default=None)
    muted = JSONB(null=False, default=None)  # topics not pushed; the inbox always has them
    sms_topics = JSONB(null=False, default=None)  # topics the person chose SMS for
    pulled = BigInt(null=False, default=None)  # announcements of transactions before this one are in the inbox
    updated_at = Timestamptz(null=False, default=None)


class NoticeFollow(Table, tablename="notice_follow"):
    """A person follows an audience; broadcasts to it from `since` on are theirs."""

    id = UUID(primary_key=True, null=False, default=None)
    owner = UUID(null=False, default=None)
    audience = Varchar(length=80, null=False, default=None)
    since = Timestamptz(null=False, default=None)


class NoticeDelivery(Table, tablename="notice_delivery"):
    """One announcement to one person on one pushed channel; ends in a named state. Its id is the send job's id."""

    id = UUID(primary_key=True, null=False, default=None)
    announcement = ForeignKey(Announcement, null=False, default=None, on_delete=OnDelete.restrict)
    owner = UUID(null=False, default=None)
    recipient = Bytea(null=False, default=None)  # sealed account id
    channel = Varchar(length=10, null=False, default=None)
    state = Varchar(length=10, null=False, default=None)  # waiting | sent | confirmed | refused | skipped | dead
    reason = Varchar(length=40, null=False, default=None)  # why it is in that state; `deliveries.REASONS`
    calls = SmallInt(null=False, default=None)  # calls begun at the provider
    provider_ref = Varchar(length=80, null=True, default=None)
    cost_fen = Integer(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    finished_at = Timestamptz(null=True, default=None)


class ConsentCredit(Table, tablename="consent_credit"):
    """How many messages of one template a person has allowed and not yet received: a hint, WeChat is the judge."""

    id = UUID(primary_key=True, null=False, default=None)
    owner = UUID(null=False, default=None)
    template = Varchar(length=64, null=False, default=None)
    asked = Integer(null=False, default=None)
    accepted = Integer(null=False, default=None)
    spent = Integer(null=False, default=None)
    available = Integer(null=False, default=None)
    blocked = Boolean(null=False, default=None)  # banned in the prompt or switched off in WeChat's settings
    updated_at = Timestamptz(null=False, default=None)


class ConsentEntry(Table, tablename="consent_entry"):
    """One line of the consent ledger, appended."""

    id = BigSerial(primary_key=True)
    owner = UUID(null=False, default=None)
    template = Varchar(length=64, null=False, default=None)
    kind = Varchar(length=12, null=False, default=None)  # accepted rejected banned filtered allowed spent refused back
    change = SmallInt(null=False, default=None)  # of the available credits
    source = Varchar(length=8, null=False, default=None)  # app | push | send
    key = Varchar(length=120, null=False, default=None)  # the same report or event twice changes nothing
    matched = Boolean(null=False, default=None)  # the other source told of the same tap
    at = Timestamptz(null=False, default=None)


class WebhookEndpoint(Table, tablename="webhook_endpoint"):
    """A partner's address that is told of events."""

    id = UUID(primary_key=True, null=False, default=None)
    name = Varchar(length=80, null=False, default=None)
    url = Varchar(length=500, null=False, default=None)
    events = JSONB(null=False, default=None)  # names of exported events
    secrets = Bytea(null=False, default=None)  # sealed; the newest first, two while a change is under way
    created_at = Timestamptz(null=False, default=None)
    rotated_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    end_reason = Varchar(length=40, null=True, default=None)


class WebhookMessage(Table, tablename="webhook_message"):
    """One event for one endpoint. Its id is the send job's id and the `webhook-id` of every attempt."""

    id = UUID(primary_key=True, null=False, default=None)
    endpoint = ForeignKey(WebhookEndpoint, null=False, default=None, on_delete=OnDelete.restrict)
    event = BigInt(null=False, default=None)  # outbox id
    type = Varchar(length=80, null=False, default=None)
    body = JSONB(null=False, default=None)  # the CloudEvent
    state = Varchar(length=10, null=False, default=None)  # waiting | delivered | dead
    calls = SmallInt(null=False, default=None)
    answer = Varchar(length=80, null=True, default=None)  # last status or failure
    created_at = Timestamptz(null=False, default=None)
    finished_at = Timestamptz(null=True, default=None)


class PushReceipt(Table, tablename="push_receipt"):
    """A WeChat push already taken: WeChat repeats what it believes unanswered."""

    key = Bytea(primary_key=True, null=False, default=None)
    at = Timestamptz(null=False, default=None)
