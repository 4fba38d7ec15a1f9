"""A posted form becomes a report: everything is checked first and every fault told at once."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from litestar.datastructures import UploadFile

from api.open311.problems import BAD_REQUEST, NOT_FOUND, Fault, Refused
from api.open311.reading import check_jurisdiction, moment
from api.open311.services import QUESTIONS, Question
from domain.kernel import settings
from domain.kernel.errors import Invalid, Refusal
from domain.kernel.geo import Point, require_place
from domain.reports import drafts
from domain.reports.categories import CATEGORIES
from domain.reports.drafts import PHOTOS_MAX, Place
from domain.reports.service_area import Town, district, town_of

DESCRIPTION_CHARS_MAX = 4_000
FIELD_CHARS_MAX = 200
TOWN_ACCURACY_M, DISTRICT_ACCURACY_M = 5_000.0, 10_000.0  # of a place known only by its address
HTML = re.compile(r"<[a-zA-Z/!][^<>]{0,200}>")
ATTRIBUTE = re.compile(r"attribute\[([\w.-]{1,40})\](?:\[\])?", re.ASCII)
CONTACTS = ("email", "phone", "first_name", "last_name", "device_id", "account_id")
FILES = re.compile(r"media(?:\[\])?|photo[1-9]", re.ASCII)


class Form(NamedTuple):
    """The fields of a post: the last value of each, the answers by question, the files."""

    fields: dict[str, str]
    answers: dict[str, list[str]]
    files: list[UploadFile]


class Posted(NamedTuple):
    """A form without faults."""

    code: str
    text: str
    place: Place
    address: str | None
    answers: dict[str, list[str]]
    contact: dict[str, str]
    media_url: str | None


def form_of(items: Sequence[tuple[str, Any]]) -> Form:
    """Fields, answers and files of a form; an empty value equals an absent one."""
    form = Form({}, {}, [])
    for name, value in items:
        answered = ATTRIBUTE.fullmatch(name)
        if isinstance(value, UploadFile):
            if FILES.fullmatch(name):
                form.files.append(value)
        elif value and answered:
            form.answers.setdefault(answered[1], []).append(str(value))
        elif value:
            form.fields[name] = str(value)
    return form


def check(form: Form) -> Posted:
    """The report of a form; raises `Refused` with every fault."""
    faults: list[Fault] = []
    code = form.fields.get("service_code")
    _collect(faults, lambda: check_jurisdiction(form.fields.get("jurisdiction_id")))
    if code is None:
        faults.append(Fault(BAD_REQUEST, "缺少 service_code / service_code is missing"))
    elif code not in CATEGORIES:
        faults.append(Fault(NOT_FOUND, "service_code 不存在 / unknown service_code"))
    else:
        faults += _check_answers(QUESTIONS.get(code, ()), form.answers)
    text = _text(form.fields.get("description"), faults)
    place = _place(form.fields, faults)
    if len(form.files) > PHOTOS_MAX:
        faults.append(Fault(BAD_REQUEST, f"最多 {PHOTOS_MAX} 张照片 / at most {PHOTOS_MAX} files"))
    if faults or place is None or code is None:
        raise Refused(*faults)
    known = {question.code for question in QUESTIONS.get(code, ())}
    return Posted(
        code=code,
        text=text or CATEGORIES[code].zh,
        place=place,
        address=_address(form.fields),
        answers={name: values for name, values in form.answers.items() if name in known},
        contact={name: form.fields[name][:FIELD_CHARS_MAX] for name in CONTACTS if name in form.fields},
        media_url=(form.fields.get("media_url") or "")[:1_000] or None,
    )


def _collect(faults: list[Fault], rule: Any) -> None:
    try:
        rule()
    except Refused as refused:
        faults += refused.faults
    except Refusal as refusal:
        said = refusal.detail or refusal.title
        faults.append(Fault(BAD_REQUEST, f"{said.zh} / {said.en}"))


def _text(given: str | None, faults: list[Fault]) -> str | None:
    if given is None:
        return None
    tidy = given.replace("\r\n", "\n")
    if len(tidy) > DESCRIPTION_CHARS_MAX:
        faults.append(Fault(BAD_REQUEST, f"description 最多 {DESCRIPTION_CHARS_MAX} 字 / is too long"))
        return None
    if HTML.search(tidy):
        faults.append(Fault(BAD_REQUEST, "description 不得包含 HTML / description holds HTML"))
    _collect(faults, lambda: drafts.clean(tidy, field="description"))
    return tidy


def _check_answers(questions: Sequence[Question], answers: dict[str, list[str]]) -> list[Fault]:
    """Required ones are there, list keys are known. Answers to unknown questions are ignored."""
    faults = []
    for question in questions:
        given = answers.get(question.code, [])
        keys = {key for key, _ in question.values}
        if question.required and not given:
            faults.append(Fault(BAD_REQUEST, f"attribute[{question.code}] 必填 / is required"))
        if question.values and set(given) - keys:
            faults.append(Fault(BAD_REQUEST, f"attribute[{question.code}] 选项不存在 / unknown key"))
        if question.datatype == "singlevaluelist" and len(given) > 1:
            faults.append(Fault(BAD_REQUEST, f"attribute[{question.code}] 只能选一项 / takes one value"))
        if question.datatype == "datetime":
            for value in given:
                _collect(faults, lambda name=question.code, v=value: moment(v, name=f"attribute[{name}]"))
        if any(len(value) > FIELD_CHARS_MAX for value in given):
            faults.append(Fault(BAD_REQUEST, f"attribute[{question.code}] 过长 / is too long"))
    return faults


def _address(fields: dict[str, str]) -> str | None:
    given = fields.get("address_string") or fields.get("address_id")
    return None if given is None else given[: drafts.ADDRESS_CHARS_MAX]


def _place(fields: dict[str, str], faults: list[Fault]) -> Place | None:
    """From the pair, else from an address: the middle of the town it names, else of the district."""
    lat, long = fields.get("lat"), fields.get("long")
    if (lat is None) != (long is None):
        faults.append(Fault(BAD_REQUEST, "lat 与 long 须同时提供 / lat and long go together"))
        return None
    if lat is not None and long is not None:
        return _pair(long, lat, faults)
    address = _address(fields)
    if address is None:
        faults.append(Fault(BAD_REQUEST, "须提供 lat+long、address_string 或 address_id 之一 / a location is needed"))
        return None
    _collect(faults, lambda: drafts.clean(address, field="address_string"))
    return _addressed(address)


def _pair(long: str, lat: str, faults: list[Fault]) -> Place | None:
    try:
        point = require_place(float(long), float(lat))
        town_of(point, area=district(settings.current().district))
    except ValueError:
        faults.append(Fault(BAD_REQUEST, "lat、long 须为数字 / lat and long are numbers"))
        return None
    except (Invalid, Refusal) as refusal:
        said = refusal.detail or refusal.title
        faults.append(Fault(BAD_REQUEST, f"{said.zh} / {said.en}"))
        return None
    return Place(lng=point.lng, lat=point.lat, datum="wgs84")


def _addressed(address: str) -> Place:
    area = district(settings.current().district)
    named = [town for town in area.towns if town.code == address or town.name[:-1] in address]
    point = middle_of(named[0] if named else area.towns[0])
    return Place(
        lng=point.lng, lat=point.lat, datum="wgs84", accuracy_m=TOWN_ACCURACY_M if named else DISTRICT_ACCURACY_M
    )


def middle_of(town: Town) -> Point:
    """The mean of a town's corners; the towns' shapes hold it (tested)."""
    corners = town.polygons[0][0]
    return Point(sum(c[0] for c in corners) / len(corners), sum(c[1] for c in corners) / len(corners))


def print_of(posted: Posted, files: Sequence[bytes]) -> bytes:
    """What makes two posts the same post: the checked form and the hashes of its files."""
    return hashlib.sha256(msgspec.json.encode([posted, [digest.hex() for digest in files]])).digest()
