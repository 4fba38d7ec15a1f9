"""A business "no": one class per refusal, with a stable code and both languages.

Raise it where the rule is. `api.problems` renders every refusal as an RFC 9457 problem whose `type` ends in
the code; `REFUSALS` is the list behind the public index of problem types. Anything that is not a `Refusal`
is a bug and becomes a 500.
"""

from typing import ClassVar, NamedTuple


class Text(NamedTuple):
    """A sentence for people, Chinese first."""

    zh: str
    en: str


REFUSALS: dict[str, type["Refusal"]] = {}


class Refusal(Exception):
    """Base of all refusals. Subclasses set `code`, `status`, `title` and `advice`."""

    code: ClassVar[str] = ""
    status: ClassVar[int] = 409
    title: ClassVar[Text]
    advice: ClassVar[Text]

    def __init__(
        self,
        detail: Text | None = None,
        *,
        field: str | None = None,
        retry_after_s: int | None = None,
        facts: dict[str, object] | None = None,
    ) -> None:
        """`detail` is this occurrence, `field` the JSON path at fault, `facts` extra members of the problem."""
        super().__init__(f"{self.code}: {(detail or self.title).en}")
        self.detail = detail
        self.field = field
        self.retry_after_s = retry_after_s
        self.facts = facts or {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Registers the refusal; a code used by two classes stops the import."""
        super().__init_subclass__(**kwargs)
        if not cls.code:
            return
        if cls.code in REFUSALS and REFUSALS[cls.code].__qualname__ != cls.__qualname__:
            raise TypeError(f"refusal code {cls.code!r} is used twice")
        REFUSALS[cls.code] = cls


class NotFound(Refusal):
    """The thing does not exist, or this caller may not know that it does."""

    code = "not-found"
    status = 404
    title = Text("未找到", "Not found")
    advice = Text(
        "请检查编号；只能查看公开内容或您自己的内容。", "Check the id; only public things or your own can be read."
    )


class Invalid(Refusal):
    """A value breaks a documented limit or combination."""

    code = "invalid-value"
    status = 400
    title = Text("内容不符合要求", "A value is not acceptable")
    advice = Text("请按提示修改该字段后重新提交。", "Correct the named field and send again.")


class TryLater(Refusal):
    """A part this request needs is down; nothing was changed."""

    code = "try-later"
    status = 503
    title = Text("服务暂不可用", "Temporarily unavailable")
    advice = Text("请稍后用同一个 Idempotency-Key 重试。", "Try again later with the same Idempotency-Key.")
