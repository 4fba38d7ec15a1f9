"""The query parameters of a dataset, made from its fields, and the question they ask."""

import inspect
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from litestar import Request
from litestar.params import PathParameter, QueryParameter

from api.pages import Cursor, Limit
from domain.disclosure.dataset import KEY_CHARS_MAX, Dataset
from domain.disclosure.fields import Field
from domain.disclosure.reading import SEARCH_CHARS_MAX, Question, condition_of
from domain.kernel.errors import Invalid, Text
from domain.reports.public_map import read_box

WORDS_CHARS_MAX = SEARCH_CHARS_MAX * 3
EntryKey = Annotated[str, PathParameter(max_length=KEY_CHARS_MAX, description="The entry's key, as in the list")]
Name = Annotated[str, PathParameter(max_length=40, description="The dataset's name, as in the catalogue")]
VALUE_TYPES: Mapping[str, Any] = {"date": date, "integer": int, "degrees": float, "flag": bool}
BOUNDS: Mapping[Any, dict[str, int]] = {int: {"ge": 0, "le": 9_999}, float: {"ge": -180, "le": 180}}
COLUMN_PAIR = 2


def _parameter(name: str, inner: Any, about: str, **bounds: Any) -> inspect.Parameter:
    annotation = Annotated[inner | None, QueryParameter(name=name, description=about, required=False, **bounds)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _value_type(field: Field) -> Any:
    return Literal[tuple(field.choices)] if field.choices else VALUE_TYPES.get(field.kind, str)


def parameters_of(dataset: Dataset, *, paged: bool = True) -> list[inspect.Parameter]:
    """Every query parameter the dataset's list understands."""
    found = []
    for field in dataset.filters:
        inner, label = _value_type(field), f"{field.label.zh} {field.label.en}"
        bounds = {"max_length": field.length_max} if inner is str else BOUNDS.get(inner, {})
        if field.filter == "from_to":
            found.append(_parameter(f"{field.name}_from", inner, f"{label}: from", **bounds))
            found.append(_parameter(f"{field.name}_to", inner, f"{label}: to, inclusive", **bounds))
        else:
            found.append(_parameter(field.name, inner, label, **bounds))
    if any(field.search for field in dataset.fields):
        found.append(_parameter("q", str, "Words of at least 2 characters; all must occur", max_length=WORDS_CHARS_MAX))
    if len(dataset.place) == COLUMN_PAIR:
        found.append(_parameter("bbox", str, "west,south,east,north in WGS-84 degrees", max_length=100))
    found.append(_parameter("as_of", date, "What was public on this day"))
    if paged:
        kind = inspect.Parameter.KEYWORD_ONLY
        found.append(inspect.Parameter("limit", kind, default=20, annotation=Limit))
        found.append(inspect.Parameter("cursor", kind, default=None, annotation=Cursor))
    return found


def question_of(dataset: Dataset, given: Mapping[str, Any], *, today: date) -> Question:
    """The question behind the parameters; raises `Invalid`."""
    filters: dict[str, Any] = {}
    for field in dataset.filters:
        if field.filter == "from_to":
            bounds = given.get(f"{field.name}_from"), given.get(f"{field.name}_to")
            if bounds != (None, None):
                filters[field.name] = bounds
        elif given.get(field.name) is not None:
            filters[field.name] = given[field.name]
    box = read_box(given["bbox"]) if given.get("bbox") else None
    made = Question(
        today=today,
        filters=filters,
        text=given.get("q"),
        as_of=given.get("as_of"),
        box=(box.west, box.south, box.east, box.north) if box else None,
    )
    condition_of(dataset, made)  # refuses now what could not be refused once an answer is streaming
    return made


def taking(handler: Callable[..., Any], parameters: list[inspect.Parameter], *, answer: Any) -> Callable[..., Any]:
    """`handler(request, **given)` with a written-out signature, so that the framework reads and documents it."""
    request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request[Any, Any, Any])
    chosen = [request, *parameters]
    handler.__signature__ = inspect.Signature(chosen, return_annotation=answer)  # type: ignore[attr-defined]
    handler.__annotations__ = {p.name: p.annotation for p in chosen} | {"return": answer}
    return handler


def dataset_named(datasets: Mapping[str, Dataset], path: str, *, suffix: str) -> Dataset:
    """The dataset of a path such as `/v1/disclosure/penalties.csv`."""
    name = path.rsplit("/", 1)[-1].removesuffix(suffix)
    if name not in datasets:
        raise Invalid(Text("没有这个数据集", "no such dataset"), field="dataset")
    return datasets[name]
