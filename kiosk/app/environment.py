"""Settings from the environment: `KIOSK_SECTION__KEY` overrides the file.

It knows which names exist, because a misspelt variable that is ignored is a setting that silently
does not hold. What a value is worth is the field's own business, and its check's.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from kiosk.app.config_problems import LAST, Problem
from kiosk.app.nearest import nearest

PREFIX = "KIOSK_"
_BETWEEN = "__"

Key = tuple[str, ...]


def name_of(key: Key) -> str:
    """Return the variable that overrides a key.

    >>> name_of(("indicators", "led", "green_pin"))
    'KIOSK_INDICATORS__LED__GREEN_PIN'
    """
    return PREFIX + _BETWEEN.join(key).upper()


def key_of(name: str) -> Key:
    """Return the key that a variable overrides.

    >>> key_of("KIOSK_UPLINK__HOST")
    ('uplink', 'host')
    """
    return tuple(name.removeprefix(PREFIX).lower().split(_BETWEEN))


def variables(environ: Mapping[str, str]) -> dict[Key, str]:
    """Return our variables: what they override, and their names as they were written."""
    return {key_of(name): name for name in environ if name.startswith(PREFIX)}


def overrides(section: Key, model: type[BaseModel], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that the environment gives for the keys of one section."""
    given = {name.lower(): value for name, value in environ.items()}
    prefix = name_of((*section, "")).lower()
    return {
        name: _value(given[prefix + name], field.annotation)
        for name, field in model.model_fields.items()
        if prefix + name in given
    }


def unknown(environ: Mapping[str, str], known: Iterable[Key]) -> list[Problem]:
    """Return a problem for each of our variables that overrides nothing.

    The value is not shown: it may be a secret under a misspelt name.
    """
    names = {name_of(key) for key in known}
    problems = []
    for name in environ:
        if name.startswith(PREFIX) and name_of(key_of(name)) not in names:
            near = nearest_name(name, names)
            text = f"overrides nothing{near}; a variable is KIOSK_SECTION__KEY"
            problems.append(Problem(name, "", text, line=LAST))
    return problems


def nearest_name(name: str, names: Iterable[str]) -> str:
    """Return a clause that proposes the nearest variable, or nothing."""
    by_lower = {known.lower(): known for known in names}
    found = nearest(name, by_lower)
    return "" if found is None else f"; did you mean {by_lower[found]}?"


def _value(text: str, annotation: Any) -> Any:
    """Return a list from JSON or, as people write it, from text with commas; else the text."""
    if not _has_parts(annotation):
        return text
    text = text.strip()
    if text.startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            return text  # the field's own check says what is wrong with it
    return [part.strip() for part in text.split(",") if part.strip()]


def _has_parts(annotation: Any) -> bool:
    """Tell whether a field takes several values, or a table, and not one word.

    >>> _has_parts(tuple[str, ...] | None), _has_parts(str | None)
    (True, False)
    """
    kind = get_origin(annotation) or annotation
    if isinstance(kind, type) and issubclass(kind, list | tuple | frozenset | dict | BaseModel):
        return True
    return any(_has_parts(part) for part in get_args(annotation))
