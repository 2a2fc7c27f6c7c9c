"""A wrong setting, said in one line: where it stands, what is wrong, and what would be right.

`ORIGIN: section.key = VALUE: what is wrong; how to mend it`. Secrets are never shown, and neither
is the value of an unknown key: it may be a secret whose name was misspelt.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from kiosk.app.config_fields import Facts, facts_of
from kiosk.app.nearest import did_you_mean
from kiosk.errors import SettingsError

MASK = "********"
_LONGEST_VALUE = 60
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Problem:
    """One line for a person; `line` only orders problems of one file."""

    where: str
    key: str
    text: str
    value: str | None = None
    line: int = 0

    def __str__(self) -> str:
        """Return the line."""
        key = self.key if self.value is None else f"{self.key} = {self.value}"
        parts = (self.where, key, self.text)
        return ": ".join(one_line(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one key, before it is known where the key stands."""

    key: tuple[str, ...]
    text: str
    value: str | None = None


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise them as one error, a line for each, in the order of the file; none: do nothing.

    Raises:
        SettingsError: There was a problem.
    """
    lines = [str(p) for p in sorted(problems, key=lambda p: (p.line, p.where, p.key))]
    if lines:
        raise SettingsError("\n".join(dict.fromkeys(lines)))


LAST = sys.maxsize
"""The `line` of a problem that is in no file."""


def one_line(text: str) -> str:
    r"""Return `text` with control characters written out, so that it stays one line.

    >>> one_line("a\nb\x1b[0m")
    'a\\nb\\x1b[0m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: object, *, secret: bool = False) -> str | None:
    """Return a value as it would stand in TOML, shortened; None where there is nothing to show.

    >>> shown("hk 042"), shown(2.5), shown("tell nobody", secret=True), shown({"a": 1})
    ('"hk 042"', '2.5', '********', None)
    """
    if secret:
        return MASK
    if isinstance(value, list | tuple) and all(isinstance(v, _PLAIN) for v in value):
        text = json.dumps(list(value), ensure_ascii=False)
    elif isinstance(value, _PLAIN):
        text = json.dumps(value, ensure_ascii=False)
    else:
        return None
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def in_words(error: ErrorDetails, model: type[BaseModel], also: Iterable[str] = ()) -> Wrong:
    """Return what pydantic found wrong, in a technician's words.

    `also` are names that the section knows beside the model's own keys. A section's keys are flat:
    a position inside a list is the list's own problem.
    """
    key = tuple(str(part) for part in error["loc"][:1])
    if not key:
        return Wrong((), _said(error))
    name = key[0]
    if name not in model.model_fields:
        known = [*model.model_fields, *also]
        listed = f"known: {', '.join(known)}" if known else "this section has no keys"
        return Wrong(key, f"no such key{did_you_mean(name, known)}; {listed}")
    field = model.model_fields[name]
    facts = facts_of(field)
    if error["type"] == "missing":
        example = shown(field.examples[0]) if field.examples else "..."
        return Wrong(key, f"is missing; add: {name} = {example}; {_allowed(facts)}")
    return Wrong(key, _complaint(error, name, facts), shown(error["input"], secret=facts.secret))


def _complaint(error: ErrorDetails, name: str, facts: Facts) -> str:
    kind, given = error["type"], error["input"]
    if isinstance(given, Mapping) and kind != "value_error":
        what = f"is written as a section, and must be a value: {name} = ..."
    elif kind in ("less_than", "less_than_equal"):
        what = "is too large"
    elif kind in ("greater_than", "greater_than_equal"):
        what = "is too small"
    elif kind in ("literal_error", "enum"):
        near = did_you_mean(str(given), facts.allowed.split(", "))
        what = f"is not one of the choices{near}"
    elif kind.endswith(("_type", "_parsing", "_from_float")):
        what = f"must be a {'text' if facts.type == 'one of' else facts.type}"
    elif kind.startswith(("string_", "too_")):
        what = "does not fit"
    else:
        what = _said(error)
    return f"{what}; {_allowed(facts)}"


def _allowed(facts: Facts) -> str:
    return f"allowed: {facts.expectation()}"


def _said(error: ErrorDetails) -> str:
    cause = error.get("ctx", {}).get("error")
    return str(cause) if cause is not None else error["msg"]
