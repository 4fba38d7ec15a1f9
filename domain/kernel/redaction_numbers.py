"""Finds numbers that identify people: resident ids, phones, bank cards, other documents, plates, contacts.

Digits are read in three scripts: ASCII, full-width, and Chinese (一三八…); up to three separators may stand between
two of them. Two passes (with and without Chinese digits) keep `第一13812345678` from hiding behind its `一`.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from domain.kernel.credit_code import is_credit_code
from domain.kernel.redaction_marks import Found

# Digits of other scripts and shapes: full-width, circled, superscript, Arabic, mathematical…
DIGIT_RANGES = ((0xB2, 0xBA), (0x660, 0x66A), (0x6F0, 0x6FA), (0x966, 0x970), (0x2070, 0x208A), (0x2460, 0x2469),
                (0x24EA, 0x24EB), (0x2776, 0x277F), (0xFF10, 0xFF1A), (0x1D7CE, 0x1D800))  # fmt: skip
DIGITS = {
    point: str(unicodedata.digit(chr(point)))
    for first, end in DIGIT_RANGES
    for point in range(first, end)
    if unicodedata.digit(chr(point), None) is not None
}
LETTERS = {ord("a") + n: chr(ord("A") + n) for n in range(26)}
LETTERS |= {0xFF21 + n: chr(ord("A") + n) for n in range(26)} | {0xFF41 + n: chr(ord("A") + n) for n in range(26)}
LATIN = {**DIGITS, **LETTERS, ord("×"): "X", ord("Х"): "X", ord("х"): "X", ord("＋"): "+", ord("＠"): "@"}
LOOKALIKES = str.maketrans("OIL|", "0111")
NUMERALS, VALUES = "〇零○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "0001234567891123456789"
NUMERALS_SET = frozenset(NUMERALS)
CHINESE = str.maketrans(dict(zip(NUMERALS, VALUES, strict=True)))
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
GAP = "[\\s\\-‐‑‒–—－_·.．,，*/()（）\u00ad\u200b-\u200f\u2060\ufeff]{0,3}"
NOT_IN_NUMBER = r"(?<![0-9])"
CARD_DIGITS = (16, 19)
UNION_PAY = "62"  # hidden even where a digit is wrong
GROUPED = re.compile(r"[0-9]{4}(?:[ \-][0-9]{4}){3}(?:[ \-][0-9]{1,3})?")


def _digits(first: str, rest: int, rest_max: int | None = None) -> str:
    """A pattern for `first` and then `rest` (to `rest_max`) digits, each after an optional gap."""
    return f"{first}(?:{GAP}[0-9]){{{rest},{rest_max or rest}}}"


CODE = re.compile(r"(?<![0-9A-Z])[1-9A-Y](?:[ \-]?[0-9A-Y]){17}(?![0-9A-Z])")
ID18 = re.compile(rf"{NOT_IN_NUMBER}{_digits('[1-9]', 16)}{GAP}[0-9X](?![0-9A-WYZ])")
ID15 = re.compile(rf"{NOT_IN_NUMBER}{_digits('[1-9]', 14)}(?![0-9A-Z])")
MOBILE = re.compile(rf"{NOT_IN_NUMBER}(?:(?:\+|00)?86{GAP}[)）]?{GAP})?1{GAP}{_digits('[3-9]', 9)}(?![0-9])")
LANDLINE = re.compile(
    rf"{NOT_IN_NUMBER}[(（]?0(?:10|2[0-9]|[3-9][0-9]{{2}}){GAP}[)）]?{GAP}{_digits('[2-8]', 6, 7)}"
    rf"(?:{GAP}(?:转|-|—|－|分机号?|EXT\.?|内线){GAP}[0-9]{{1,6}})?(?![0-9])"
)
ANOTHER_PHONE = re.compile(rf"{GAP}(?:[、/;；或和,，]|以及|及){GAP}([2-9](?:[\s\-]?[0-9]){{6,7}})(?![0-9])")
FOREIGN_PHONE = re.compile(rf"\+(?:852|853|886){GAP}{_digits('[0-9]', 6, 9)}(?![0-9])")
CARD = re.compile(rf"{NOT_IN_NUMBER}{_digits('[3-9]', 15, 18)}(?![0-9])")
PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?[A-HJ-Z][·•.\-\s]{0,2}"
    r"(?:[A-HJ-NP-Z0-9]{5,6}|[A-HJ-NP-Z0-9]{4}[学警港澳挂])(?![A-Z0-9])"
)
EMAIL = re.compile(r"[A-Z0-9._%+\-]{1,64}\s?@\s?[A-Z0-9\-]{1,63}(?:[.．][A-Z0-9\-]{1,63})+")
AFTER_LABEL = r"(?:号码|号|编号|为|是|系|[:：\s（(“\"'])*"
YEAR = "(?:19|20)[0-9]{2}"
LONG_LATIN = re.compile(rf"[0-9](?:{GAP}[0-9]){{9}}")  # ten digits: the shortest number that identifies without a label
LONG_CHINESE = re.compile(rf"[0-9{NUMERALS}](?:{GAP}[0-9{NUMERALS}]){{6}}")


Labelled = tuple[tuple[str, ...], re.Pattern[str]]


def _after(words: str, value: str) -> Labelled:
    """The label's words (looked for first: that is cheap) and the pattern of the value that follows one of them."""
    return tuple(words.split("|")), re.compile(rf"(?:{words}){AFTER_LABEL}({value})")


LABELLED: tuple[tuple[str, Labelled], ...] = (
    ("resident_id", _after("身份证件|身份证", rf"[0-9](?:{GAP}[0-9X*]){{7,19}}")),
    ("document_id", _after(
        "护照|通行证|回乡证|台胞证|军官证|士官证|驾驶证|居住证|执法证|工作证|社保卡|医保卡|社会保障|证件|学号|学籍"
        "|准考证|警号|工号|车架|发动机",
        r"[A-Z0-9][A-Z0-9\-]{5,24}")),
    ("document_id", _after("产权证书|产权证|产权|房产证|所有权证|使用权证",
        r"[^，。；,;\s［］]{0,12}第?[0-9A-Z\-]{4,24}号?")),
    ("bank_account", _after("银行卡|账号|账户|帐号|帐户|卡号|存折", rf"[0-9](?:{GAP}[0-9]){{7,29}}")),
    ("phone", _after("电话|手机|座机|热线|传真|联系方式|致电|拨打|TEL|MOBILE|PHONE", rf"\+?{_digits('[0-9]', 6, 14)}")),
    ("contact", _after(
        "微信群|微信号|微信|薇信|V信|VX|WECHAT|QQ群|QQ|扣扣|支付宝|抖音|钉钉|支付宝账号|微信账号",
        r"[A-Z0-9][A-Z0-9_\-]{4,30}")),
    ("birth", _after("出生日期|出生于|生于|出生年月|出生|生日",
        rf"{YEAR}[年\-/.][0-9]{{1,2}}[月\-/.]?(?:[0-9]{{1,2}}日?)?")),
    ("health", _after("患有|罹患|确诊为|确诊|病历|诊断为|病史", "[^，。；,;［］]{1,20}")),
)  # fmt: skip
ANY_LABEL = re.compile("|".join(word for _, (words, _) in LABELLED for word in words))  # looked for first: it is cheap
BORN = re.compile(rf"({YEAR}[年\-/.][0-9]{{1,2}}(?:[月\-/.][0-9]{{0,2}})?日?)(?:出生|生(?=[，,。；;、）)]|$))")
DEED = re.compile(r"(?:不动产权|房权证[^，。；第]{0,8}|土地?使?用?权?证|国用[^，。；第]{0,8})第?([0-9]{4,12})号")
MIXED = re.compile(r"[1IL|](?<![A-Z0-9].)[ \-]?[3-9](?:[ \-]?[0-9OIL|]){9}(?![A-Z0-9])")
OTHERS: tuple[tuple[str, str | None, re.Pattern[str]], ...] = (
    ("plate", None, PLATE),
    ("contact", "@", EMAIL),
    ("birth", "生", BORN),
    ("document_id", "第", DEED),
)
DOCUMENT_BEFORE = re.compile(r"(?:[〕\]】）)]|第|字|No\.?|编号[:：]?)\s*$")


def find(text: str) -> Iterator[Found]:
    """Every identifying number in `text`; stretches may overlap."""
    latin = CODE.sub(_blank, text.translate(LATIN))
    yield from _in_script(latin)
    if any(not NUMERALS_SET.isdisjoint(match[0]) for match in LONG_CHINESE.finditer(latin)):
        yield from _in_script(latin.translate(CHINESE))
    for match in MIXED.finditer(latin) if "O" in latin or "I" in latin or "L" in latin or "|" in latin else ():
        yield from _lookalikes(match[0].translate(LOOKALIKES), at=match.start())
    for kind, mark, pattern in OTHERS:
        for match in pattern.finditer(latin) if mark is None or mark in latin else ():
            yield Found(*match.span(match.re.groups and 1), kind)


def _lookalikes(text: str, *, at: int) -> Iterator[Found]:
    """A mobile number written with the letters O, I and L for 0 and 1."""
    for match in MOBILE.finditer(text):
        yield Found(at + match.start(), at + match.end(), "phone")


def _in_script(text: str) -> Iterator[Found]:
    yield from _labelled(text)
    if LONG_LATIN.search(text):
        yield from _resident_ids(text)
        yield from _phones(text)
        yield from _cards(text)


def _blank(match: re.Match[str]) -> str:
    """A credit code is not looked into; one that could also be a resident id is."""
    code = match[0].replace(" ", "").replace("-", "")
    keeps = is_credit_code(code) and not is_resident_id(code)
    return "¤" * len(match[0]) if keeps else match[0]


def _labelled(text: str) -> Iterator[Found]:
    if not ANY_LABEL.search(text):
        return
    for kind, (words, pattern) in LABELLED:
        if any(map(text.__contains__, words)):
            for match in pattern.finditer(text):
                yield Found(*match.span(1), kind)
                if kind == "phone":
                    yield from _more_phones(text, match.end())


def _resident_ids(text: str) -> Iterator[Found]:
    for match in ID18.finditer(text):
        if is_resident_id("".join(c for c in match[0] if c.isdigit() or c == "X")):
            yield Found(*match.span(), "resident_id")
    for match in ID15.finditer(text):
        digits = "".join(filter(str.isdigit, match[0]))
        if digits[:2] in PROVINCES and _is_date("19" + digits[6:12]):
            yield Found(*match.span(), "resident_id")


def is_resident_id(digits: str) -> bool:
    """18 characters: province, a real date of birth and the check digit (ISO 7064 mod 11-2)."""
    if not digits[:17].isdigit() or digits[:2] not in PROVINCES or not _is_date(digits[6:14]):
        return False
    total = sum(int(c) * w for c, w in zip(digits[:17], ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == digits[17]


def _is_date(text: str) -> bool:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).year > 1890  # noqa: PLR2004
    except ValueError:
        return False


def _phones(text: str) -> Iterator[Found]:
    for match in MOBILE.finditer(text):
        if not _is_document_number(text, *match.span()):
            yield Found(*match.span(), "phone")
    for pattern in (LANDLINE, FOREIGN_PHONE):
        for match in pattern.finditer(text):
            yield Found(*match.span(), "phone")
            yield from _more_phones(text, match.end())


def _more_phones(text: str, at: int) -> Iterator[Found]:
    """Further local numbers in a list: 0571-87654321、87654322."""
    while following := ANOTHER_PHONE.match(text, at):
        yield Found(*following.span(1), "phone")
        at = following.end()


def _is_document_number(text: str, start: int, end: int) -> bool:
    """`〔2026〕13812345678号`: the number of a decision, not of a person."""
    return text[end : end + 1] == "号" and bool(DOCUMENT_BEFORE.search(text[max(0, start - 6) : start]))


def _cards(text: str) -> Iterator[Found]:
    for match in CARD.finditer(text):
        digits = "".join(c for c in match[0] if c.isdigit())
        if CARD_DIGITS[0] <= len(digits) <= CARD_DIGITS[1] and (
            luhn(digits) or digits.startswith(UNION_PAY) or GROUPED.fullmatch(match[0])
        ):
            yield Found(*match.span(), "bank_account")


def luhn(digits: str) -> bool:
    """The check of bank card numbers (ISO/IEC 7812)."""
    doubled = (int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004
