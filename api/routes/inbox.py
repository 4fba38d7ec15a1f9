"""The inbox: what a resident was told, unread first in their mind, and how they want to be told."""

from typing import Annotated, Literal

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from api.actors import Actor
from domain.kernel import clock, database
from notifications import inbox, preferences, recipients
from notifications.inbox import Line
from notifications.preferences import DAY_MINUTES, Preferences
from notifications.topics import TOPICS

ID_MAX = 2**63 - 1
MessageId = Annotated[int, PathParameter(ge=1, le=ID_MAX, description="Id of an inbox message")]
TopicName = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
Minute = Annotated[int, msgspec.Meta(ge=0, le=DAY_MINUTES - 1)]


class InboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages, newest first. Pass `next_before` as `before` for the following page; null at the end."""

    messages: list[Line]
    next_before: int | None


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages wait; `more` when the count stopped at its limit."""

    unread: int
    more: bool


class ReadUpTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything up to this id was seen."""

    up_to: Annotated[int, msgspec.Meta(ge=0, le=ID_MAX)]


class Marked(msgspec.Struct, frozen=True):
    """How many messages changed."""

    marked: int


class TopicState(msgspec.Struct, frozen=True, kw_only=True):
    """A topic and the person's switches for it."""

    topic: str
    name: str
    name_en: str
    pushed: bool
    sms: bool


class NotificationPreferences(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How the person wants to be told. The inbox always has everything; switches concern pushes."""

    language: Literal["zh", "en"] = "zh"
    big_print: bool = False
    quiet_from: Minute | None = 22 * 60  # minute of the day, Asia/Shanghai; both null: no quiet hours
    quiet_to: Minute | None = 7 * 60
    digest: bool = False  # progress and points once a day instead of one by one
    muted: Annotated[list[TopicName], msgspec.Meta(max_length=20)] = []
    sms_topics: Annotated[list[TopicName], msgspec.Meta(max_length=20)] = []


class PreferencesPage(msgspec.Struct, frozen=True, kw_only=True):
    """The choices and the topics they are about."""

    chosen: NotificationPreferences
    topics: list[TopicState]


@get("/v1/inbox", opt={"audience": "resident"}, tags=["notifications"], summary="Read the inbox")
async def read_inbox(
    resident: NamedDependency[Actor],
    before: Annotated[
        int | None, QueryParameter(ge=1, le=ID_MAX, description="Only messages older than this id")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=inbox.PAGE_MAX, description="Messages per page")] = 20,
    topic: Annotated[str | None, QueryParameter(max_length=20, description="Only this topic")] = None,
    archived: Annotated[bool, QueryParameter(description="The archive instead of the inbox")] = False,
    unread: Annotated[bool, QueryParameter(description="Only unread messages")] = False,
    lang: Annotated[
        Literal["zh", "en"] | None, QueryParameter(description="Language; default: the person's choice")
    ] = None,
) -> InboxPage:
    """Everything the person was told, in their language and print size; pushes are only best effort."""
    lines = await inbox.page(
        resident.id,
        now=clock.utc_now(),
        before=before,
        limit=limit,
        topic=topic,
        archived=archived,
        unread_only=unread,
        language=lang,
    )
    return InboxPage(messages=lines, next_before=lines[-1].id if len(lines) == limit else None)


@get("/v1/inbox/unread", opt={"audience": "resident"}, tags=["notifications"], summary="Count unread messages")
async def count_unread(resident: NamedDependency[Actor]) -> Unread:
    """Cheap enough to poll: counts unread rows only, up to 99."""
    found = await inbox.unread(resident.id, now=clock.utc_now())
    return Unread(unread=min(found, inbox.UNREAD_SHOWN_MAX), more=found > inbox.UNREAD_SHOWN_MAX)


@put(
    "/v1/inbox/{message_id:int}/read",
    opt={"audience": "resident"},
    tags=["notifications"],
    summary="Mark a message read",
    status_code=204,
)
async def read_message(resident: NamedDependency[Actor], message_id: MessageId) -> None:
    """Marking twice changes nothing."""
    await inbox.mark_read(resident.id, message_id, now=clock.utc_now())


@put(
    "/v1/inbox/{message_id:int}/archive",
    opt={"audience": "resident"},
    tags=["notifications"],
    summary="Put a message away",
    status_code=204,
)
async def archive_message(resident: NamedDependency[Actor], message_id: MessageId) -> None:
    """The message leaves the inbox and stays in the archive."""
    await inbox.archive(resident.id, message_id, now=clock.utc_now())


@put("/v1/inbox/read", opt={"audience": "resident"}, tags=["notifications"], summary="Mark everything read")
async def read_all(resident: NamedDependency[Actor], data: JSONBody[ReadUpTo]) -> Marked:
    """Marks everything up to an id read, so that a message arriving meanwhile stays unread."""
    return Marked(await inbox.mark_all_read(resident.id, up_to=data.up_to, now=clock.utc_now()))


def _page(chosen: Preferences) -> PreferencesPage:
    return PreferencesPage(
        chosen=NotificationPreferences(
            language=chosen.language,
            big_print=chosen.big_print,
            quiet_from=chosen.quiet_from,
            quiet_to=chosen.quiet_to,
            digest=chosen.digest,
            muted=sorted(chosen.muted),
            sms_topics=sorted(chosen.sms_topics),
        ),
        topics=[
            TopicState(
                topic=topic,
                name=known.name.zh,
                name_en=known.name.en,
                pushed=topic not in chosen.muted,
                sms=topic in chosen.sms_topics,
            )
            for topic, known in TOPICS.items()
        ],
    )


@get(
    "/v1/inbox/preferences",
    opt={"audience": "resident"},
    tags=["notifications"],
    summary="Read how the person wants to be told",
)
async def read_preferences(resident: NamedDependency[Actor]) -> PreferencesPage:
    """Language, print size, quiet hours, digest and the switches of each topic."""
    return _page(await preferences.of_one(recipients.tag_of(resident.id)))


@put(
    "/v1/inbox/preferences",
    opt={"audience": "resident"},
    tags=["notifications"],
    summary="Choose how to be told",
)
async def save_preferences(
    resident: NamedDependency[Actor], data: JSONBody[NotificationPreferences]
) -> PreferencesPage:
    """Replaces all choices. SMS goes out only for the topics chosen here."""
    chosen = Preferences(
        language=data.language,
        big_print=data.big_print,
        quiet_from=data.quiet_from,
        quiet_to=data.quiet_to,
        digest=data.digest,
        muted=frozenset(data.muted),
        sms_topics=frozenset(data.sms_topics),
    )
    async with database.transaction():
        await preferences.save(resident.id, chosen, now=clock.utc_now())
    return _page(chosen)


ROUTES = [read_inbox, count_unread, read_message, archive_message, read_all, read_preferences, save_preferences]
