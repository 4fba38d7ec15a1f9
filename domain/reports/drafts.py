"""What a person sends: the fields of a new report with their limits, and the checks that need more than one field."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from domain.kernel.errors import Invalid, Text
from domain.kernel.geo import Datum

TEXT_CHARS_MAX = 500
ADDRESS_CHARS_MAX = 200
PHOTOS_MAX = 9
ACCURACY_M_MAX = 10_000
CAPTURED_AHEAD_MAX = timedelta(hours=24)  # phones have wrong clocks
CAPTURED_AGO_MAX = timedelta(days=30)  # an offline draft older than this is a new observation

Identity = Literal["confidential", "named", "anonymous"]
Channel = Literal[
    "mini_program",
    "h5",
    "wechat_account",
    "weibo",
    "hotline_12345",
    "hotline_12369",
    "city_management",
    "grid_worker",
    "sensor",
    "open311",
]
ResidentChannel = Literal["mini_program", "h5", "wechat_account"]
NoPhotoReason = Literal["unsafe", "dark", "smell_or_sound", "device", "gone", "other"]
Accuracy = Annotated[float, msgspec.Meta(ge=0, le=ACCURACY_M_MAX, description="Metres; leave out for a pin")]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with offset")]
Code = Annotated[
    str,
    msgspec.Meta(min_length=3, max_length=40, description="Sub-category of /v1/categories", examples=["water.outfall"]),
]


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it is. The pair is kept as sent; the datum must be named, because a mix-up is 300-700 m."""

    lng: Annotated[float, msgspec.Meta(ge=-180, le=180, description="Longitude in degrees", examples=[120.0261])]
    lat: Annotated[float, msgspec.Meta(ge=-180, le=180, description="Latitude in degrees", examples=[30.4412])]
    datum: Annotated[
        Datum, msgspec.Meta(description="wgs84: GPS and EXIF; gcj02: wx.chooseLocation, Amap, Tencent; bd09: Baidu")
    ]
    accuracy_m: Accuracy | None = None


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report as a resident sends it."""

    category: Code
    text: Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=TEXT_CHARS_MAX, description="What is wrong", examples=["排口有黑水流出，有异味"]
        ),
    ]
    place: Place
    photo_ids: Annotated[
        list[UUID], msgspec.Meta(max_length=PHOTOS_MAX, description="Photos uploaded before; each can be used once")
    ] = []
    no_photo_reason: NoPhotoReason | None = None
    identity: Annotated[
        Identity,
        msgspec.Meta(description="confidential: sealed; named: by explicit choice; anonymous: no account is stored"),
    ] = "confidential"
    channel: ResidentChannel = "mini_program"
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=ADDRESS_CHARS_MAX)] | None = None
    river: UUID | None = None
    enterprise: UUID | None = None
    captured_at: Moment | None = None  # when it was seen, for drafts sent later


class NoPhotoUnexplained(Invalid):
    """Neither photos nor a reason why none."""

    code = "photo-or-reason-needed"
    status = 422
    title = Text("请上传照片或说明无照片的原因", "Send photos or say why there are none")
    advice = Text("上传 1–9 张照片，或填写 no_photo_reason。", "Add 1-9 photo_ids, or a no_photo_reason.")


def clean(text: str, *, field: str) -> str:
    """NFC, outer blanks removed; raises `Invalid` for control characters and for nothing left."""
    # The C-level check first: most text is printable, and this runs for every report.
    tidy = text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()
    if not tidy.isprintable():
        _refuse_control(tidy, field=field)
    if not tidy:
        raise Invalid(Text("内容为空", "Nothing but blanks"), field=field)
    return tidy


def _refuse_control(text: Iterable[str], *, field: str) -> None:
    for symbol in text:
        if symbol not in "\n\t\r" and unicodedata.category(symbol) in {"Cc", "Cs"}:
            raise Invalid(Text("包含不可见的控制字符", "Contains control characters"), field=field)


def check(draft: Draft, *, now: datetime) -> None:
    """The rules over several fields; raises `Invalid`."""
    if bool(draft.photo_ids) == (draft.no_photo_reason is not None):
        raise NoPhotoUnexplained(field="no_photo_reason")
    if len(set(draft.photo_ids)) != len(draft.photo_ids):
        raise Invalid(Text("照片重复", "A photo is listed twice"), field="photo_ids")
    check_captured(draft.captured_at, now=now)


def check_captured(captured_at: datetime | None, *, now: datetime) -> None:
    """A capture time lies within the last `CAPTURED_AGO_MAX` and not more than a day ahead; raises `Invalid`."""
    if captured_at is None:
        return
    if captured_at > now + CAPTURED_AHEAD_MAX:
        raise Invalid(Text("拍摄时间在未来", "The time of capture lies in the future"), field="captured_at")
    if captured_at < now - CAPTURED_AGO_MAX:
        raise Invalid(Text("拍摄时间超过 30 天", "The time of capture is more than 30 days ago"), field="captured_at")
