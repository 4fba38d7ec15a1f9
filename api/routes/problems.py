"""The index of problem types: what each refusal means and what to do about it."""

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import PathParameter

from api.problems import type_of
from domain.kernel.errors import REFUSALS, NotFound, Refusal

CACHE = {"Cache-Control": "public, max-age=3600"}
CODE_CHARS_MAX = 80
Code = Annotated[
    str,
    PathParameter(max_length=CODE_CHARS_MAX, pattern="^[a-z0-9-]+$", description="What a problem's `type` ends in."),
]


class ProblemType(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of refusal."""

    type: Annotated[str, msgspec.Meta(description="Stable address of this type; problems carry it.")]
    code: Annotated[str, msgspec.Meta(examples=["not-found"])]
    status: Annotated[int, msgspec.Meta(ge=400, le=599)]
    title: Annotated[str, msgspec.Meta(description="Chinese title.")]
    title_en: str
    advice: Annotated[str, msgspec.Meta(description="What to do, in Chinese.")]
    advice_en: str


def _described(refusal: type[Refusal]) -> ProblemType:
    return ProblemType(
        type=type_of(refusal.code),
        code=refusal.code,
        status=refusal.status,
        title=refusal.title.zh,
        title_en=refusal.title.en,
        advice=refusal.advice.zh,
        advice_en=refusal.advice.en,
    )


@get(
    "/problems",
    opt={"audience": "public"},
    tags=["Problems"],
    summary="All problem types",
    sync_to_thread=False,
)
def problem_types() -> Response[list[ProblemType]]:
    """Every `type` an error answer of this API can carry, in both languages, sorted by code."""
    return Response([_described(REFUSALS[code]) for code in sorted(REFUSALS)], headers=CACHE)


@get(
    "/problems/{code:str}",
    opt={"audience": "public"},
    tags=["Problems"],
    summary="One problem type",
    sync_to_thread=False,
)
def problem_type(code: Code) -> Response[ProblemType]:
    """What a problem's `type` address leads to."""
    if code not in REFUSALS:
        raise NotFound
    return Response(_described(REFUSALS[code]), headers=CACHE)


ROUTES = [problem_types, problem_type]
