"""The kinds of personal values and the marks that stand for them in a public text."""

from collections.abc import Mapping
from typing import NamedTuple


class Found(NamedTuple):
    """A stretch `[start, end)` of one kind; kinds are the keys of `MARKS`."""

    start: int
    end: int
    kind: str


MARKS: Mapping[str, str] = {
    "resident_id": "［身份证件号已隐去］",
    "document_id": "［证件号已隐去］",
    "phone": "［电话已隐去］",
    "bank_account": "［账号已隐去］",
    "contact": "［联系方式已隐去］",
    "address": "［住址已隐去］",
    "name": "［姓名已隐去］",
    "plate": "［车牌已隐去］",
    "birth": "［出生日期已隐去］",
    "health": "［健康信息已隐去］",
}
