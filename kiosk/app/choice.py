"""Which adapters the settings name: one of a family (`kind = "mqtt"`) or a list of them.

The value is a file name in the family's package, and the rest of the section belongs to that file's
own `Settings`, so a new adapter needs no line here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from kiosk.app import adapters
from kiosk.app.adapters import Adapter, LibraryMissing
from kiosk.app.config_file import Key
from kiosk.app.config_problems import shown
from kiosk.app.environment import variables
from kiosk.app.nearest import nearest
from kiosk.app.reading import Reading
from kiosk.errors import SettingsError

KIND = "kind"


@dataclass(frozen=True, slots=True)
class Chosen:
    """An adapter in use: its family's package, its file name, and its own checked settings."""

    package: str
    kind: str
    settings: BaseModel

    def load(self) -> Adapter:
        """Return the adapter, for its `build`."""
        return adapters.load(self.package, self.kind)


def check_one(reading: Reading, section: str, package: str, default: str | None = None) -> None:
    """Check a section whose `kind` names its adapter."""
    key = (section, KIND)
    reading.known.add(key)
    raw = reading.raw((section,)) or {}
    if (section,) in reading.unread:
        return
    in_file = raw.pop(KIND, None)
    kind = _override(reading, key) or in_file
    reading.origins[key] = reading.origin(key, found=in_file is not None)
    if kind is None and (kind := default) is None:
        _no_kind(reading, section, package, raw)
        return
    adapter = _load(reading, key, package, kind)
    if adapter is None:
        reading.unread.add((section,))
        return
    # A kind from the environment brings its own settings: the file's belong to another adapter.
    other = in_file is not None and kind != in_file
    reading.check((section,), adapter.Settings, values={} if other else raw)


def chosen_one(reading: Reading, section: str, package: str, default: str = "") -> Chosen:
    """Return the adapter of a section that was checked and found right."""
    key = (section, KIND)
    in_file = (reading.raw((section,)) or {}).get(KIND)
    kind = str(_override(reading, key) or in_file or default)
    return Chosen(package, kind, reading.checked[(section,)])


def check_many(
    reading: Reading,
    section: str,
    field: str,
    package: str,
    model: type[BaseModel],
    *,
    spare: bool = False,
) -> None:
    """Check a section that lists its adapters in `field`, and the settings of each of them.

    `spare`: any of them is enough; one whose library is missing is left out, unless all are.
    """
    known = adapters.names(package)
    raw = reading.raw((section,)) or {}
    named = raw.get(field)
    # A name that does not exist is told once, where it is listed, and not again for its section.
    strange = {n for n in named if isinstance(n, str)} if isinstance(named, list) else set()
    strange -= {*known, *model.model_fields}
    values = {name: value for name, value in raw.items() if name not in strange}
    reading.check((section,), model, values=values, beside=known)
    if (section,) not in reading.checked:
        reading.unread.update((section, name) for name in known)
        return
    names: tuple[str, ...] = getattr(reading.checked[(section,)], field)
    key = (section, field)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        reading.complain(key, f"names {twice} twice; keep it once", shown(list(names)))
    absent: dict[str, str] = {}
    for name in dict.fromkeys(names):
        adapter = _load(reading, key, package, name, absent if spare else None)
        if adapter is not None:
            reading.check((section, name), adapter.Settings)
    if len(absent) == len(names):
        for name, text in absent.items():
            reading.complain(key, text, shown(name))
    reading.left_out |= absent
    # Settings of an adapter that is not in use may stay in the file, unread.
    reading.unread.update((section, name) for name in known if name not in names)


def chosen_many(reading: Reading, section: str, field: str, package: str) -> tuple[Chosen, ...]:
    """Return the adapters of a section that was checked and found right, in their order."""
    names: tuple[str, ...] = getattr(reading.checked[(section,)], field)
    return tuple(
        Chosen(package, name, reading.checked[(section, name)])
        for name in names
        if name not in reading.left_out
    )


def _override(reading: Reading, key: Key) -> str | None:
    name = variables(reading.environ).get(key)
    return None if name is None else reading.environ[name]


def _load(
    reading: Reading, key: Key, package: str, name: Any, absent: dict[str, str] | None = None
) -> Adapter | None:
    if not isinstance(name, str):
        known = ", ".join(adapters.names(package))
        reading.complain(key, f"must be text; known: {known}", shown(name))
        return None
    try:
        return adapters.load(package, name)
    except LibraryMissing as error:
        if absent is not None:
            absent[name] = str(error)
        else:
            reading.complain(key, str(error), shown(name))
        return None
    except SettingsError as error:
        reading.complain(key, str(error), shown(name))
        return None


def _no_kind(
    reading: Reading, section: str, package: str, others: Mapping[str, Any] | Collection[str]
) -> None:
    reading.unread.add((section,))
    known = ", ".join(adapters.names(package))
    misspelt = next((name for name in others if nearest(name, (KIND,))), None)
    if misspelt is not None:
        text = f"no such key; did you mean {KIND}?; known adapters: {known}"
        reading.complain((section, misspelt), text)
        return
    text = f'is missing; add: {KIND} = "{adapters.names(package)[0]}"; known: {known}'
    reading.complain((section, KIND), text)
