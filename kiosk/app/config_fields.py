"""What a settings field takes, in words: its type, its range and its default.

The messages for technicians and the generated reference say the same because both ask here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "whole number"),
    (float, "number"),
    (SecretStr, "secret text"),
    (SecretBytes, "secret text"),
    (PurePath, "path"),
    (BaseModel, "section"),
    (AwareDatetime, "date and time with zone"),
    (str, "text"),
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Annotates a field with what it takes, where its constraints do not read well."""

    words: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A field in words; `allowed` is empty where the type says it all."""

    type: str
    allowed: str
    secret: bool

    def expectation(self) -> str:
        """Return what stands behind "allowed:" in a message."""
        return self.allowed or self.type


def facts_of(field: FieldInfo) -> Facts:
    """Return what `field` takes.

    >>> from pydantic import Field
    >>> facts_of(FieldInfo.from_annotation(Annotated[float, Field(ge=0.5, le=30)]))
    Facts(type='number', allowed='0.5 to 30', secret=False)
    """
    types, marks = _parts(field.annotation)[0], marks_of(field)
    words = " or ".join(dict.fromkeys(_type_word(t) for t in types if t is not NoneType))
    return Facts(
        type=words or "nothing",
        allowed=_said(marks) or _choices(types) or _range(marks) or _length(marks),
        secret=any(_is_class(t, (SecretStr, SecretBytes)) for t in types),
    )


def marks_of(field: FieldInfo) -> list[Any]:
    """Return all that annotates a field, whether around or inside an optional type."""
    return _parts(field.annotation)[1] + _unfolded(field.metadata)


def _parts(annotation: Any) -> tuple[list[Any], list[Any]]:
    """Return the plain types in an annotation, and what annotates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        types, deeper = _parts(inner)
        return types, deeper + _unfolded(marks)
    if origin in (Union, UnionType):
        pairs = [_parts(arm) for arm in get_args(annotation)]
        return [t for types, _ in pairs for t in types], [m for _, marks in pairs for m in marks]
    return [annotation], []


def _unfolded(marks: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [m for mark in marks for m in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]


def _is_class(annotation: Any, of: type | tuple[type, ...]) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, of)


def _type_word(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in (tuple, list, set, frozenset):
        inner = [a for a in get_args(annotation) if a is not Ellipsis]
        types = _parts(inner[0])[0] if inner else [str]
        return f"list of {' or '.join(dict.fromkeys(_type_word(t) for t in types))}"
    if origin is Literal or _is_class(annotation, Enum):
        return "one of"
    return next((word for kind, word in _TYPES if _is_class(annotation, kind)), str(annotation))


def _choices(types: list[Any]) -> str:
    def each() -> Iterator[str]:
        for t in types:
            if get_origin(t) is Literal:
                yield from (str(value) for value in get_args(t))
            elif _is_class(t, Enum):
                yield from (str(member.value) for member in t)

    return ", ".join(each())


def _said(marks: list[Any]) -> str:
    return next((mark.words for mark in marks if isinstance(mark, Allowed)), "")


def _bound(marks: list[Any], name: str) -> Any:
    """Return a bound by its name, whatever class of annotation carries it."""
    found = (getattr(mark, name, None) for mark in marks)
    return next((bound for bound in found if bound is not None), None)


def _range(marks: list[Any]) -> str:
    at_least, above = _bound(marks, "ge"), _bound(marks, "gt")
    at_most, below = _bound(marks, "le"), _bound(marks, "lt")
    low = number(at_least) if at_least is not None else ""
    low = f"above {number(above)}" if above is not None else low
    high = number(at_most) if at_most is not None else ""
    high = f"below {number(below)}" if below is not None else high
    step = _bound(marks, "multiple_of")
    words = f"{low} to {high}"
    if not high:
        words = low if above is not None or not low else f"{low} or more"
    elif not low:
        words = high if below is not None else f"at most {high}"
    steps = "" if step is None else f"a multiple of {number(step)}"
    return ", ".join(part for part in (words, steps) if part)


def number(value: object) -> str:
    """Return a number as people write it: `30`, not `30.0`.

    >>> number(30.0), number(0.5), number(100_000)
    ('30', '0.5', '100000')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _length(marks: list[Any]) -> str:
    shortest, longest = _bound(marks, "min_length"), _bound(marks, "max_length")
    if shortest == 1 and longest is None:
        return "not empty"
    if shortest and longest:
        return f"{shortest} to {longest} long"
    return f"at least {shortest} long" if shortest else f"at most {longest} long" if longest else ""
