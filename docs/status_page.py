"""The reference page of the status, made from its model."""

from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from kiosk.app.status import Status

_INTRODUCTION = """# Status

Published at `kiosk/v1/{site}/{device}/status`, retained, QoS 1: when it changes in kind, and at
least every ten seconds, or `courier.status_interval_s`. When the kiosk is gone the broker says
`online: false` for it, after the keep-alive and `will_delay_s`. Readers ignore fields that they do
not know. All that goes over the broker, as AsyncAPI 3: [asyncapi.json](asyncapi.json).
"""


def text() -> str:
    """Return the page."""
    lines = [_INTRODUCTION]
    waiting: list[tuple[str, type[BaseModel]]] = [("status", Status)]
    while waiting:
        name, model = waiting.pop(0)
        lines += [f"## `{name}`", "", *table_of(model), ""]
        for field, info in model.model_fields.items():
            waiting += [(field, inner) for inner in _models(info.annotation)]
    return "\n".join(lines)


def table_of(model: type[BaseModel]) -> list[str]:
    """Return what a model is, and a table of its fields."""
    lines = [_first_line(model), "", "| Field | Value | Meaning |", "|---|---|---|"]
    for field, info in model.model_fields.items():
        lines.append(f"| `{field}` | {_value(info.annotation)} | {info.description or ''} |")
    return lines


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]


def _models(annotation: Any) -> list[type[BaseModel]]:
    parts = get_args(annotation) or (annotation,)
    return [p for p in parts if isinstance(p, type) and issubclass(p, BaseModel)]


def _value(annotation: Any) -> str:
    """Return a type in the words of JSON.

    >>> _value(int | None), _value(Status), _value(tuple[str, ...])
    ('integer or null', 'object', 'list of string')
    """
    parts = get_args(annotation)
    if isinstance(annotation, UnionType):
        return " or ".join(_value(part) for part in parts)
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"list of {_value(parts[0])}"
    if origin is dict:
        return f"object of {_value(parts[1])}"
    return _plain(annotation)


def _plain(annotation: type) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", NoneType: "null"}
    if annotation in names:
        return names[annotation]
    if issubclass(annotation, BaseModel):
        return "object"
    values = getattr(annotation, "__members__", {}).values()
    return ", ".join(f"`{value.value}`" for value in values) or "string"
