"""Adapters by their file name: what a family has, and one of them loaded.

A family is a package (`kiosk.indicators`); an adapter is a file in it with a top-level `build`.
Listing reads the files and imports none of them, so that a kiosk without a camera library can still
be told which cameras there are. Nothing has to be registered: a new file is a new adapter.
"""

import ast
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kiosk.app.nearest import did_you_mean
from kiosk.errors import SettingsError

CAMERAS = "kiosk.eye.cameras"
DECODERS = "kiosk.eye.decoders"
INDICATORS = "kiosk.indicators"
OUTBOXES = "kiosk.outbox"
UPLINKS = "kiosk.uplink"
CLOCKS = "kiosk.clock"


class LibraryMissing(SettingsError):  # noqa: N818 - names a state of the world, as ours do
    """An adapter is there, and a library that it needs is not."""


_REMEDIES = {
    "gpiozero": "pip install gpiozero",
    "lgpio": "sudo apt install python3-lgpio",
    "libcamera": "sudo apt install --no-install-recommends python3-picamera2",
    "paho": "pip install paho-mqtt",
    "picamera2": "sudo apt install --no-install-recommends python3-picamera2",
    "PIL": "pip install Pillow",
    "zbarlight": "sudo apt install libzbar0 and pip install 'zbarlight>=4,<5'",
    "zxingcpp": "pip install zxing-cpp",
}
"""The command that brings a library; picamera2 and lgpio work from apt only."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One loaded adapter: its file name, its settings model and what builds it.

    What `build` takes and returns is said by the family's own `__init__`.
    """

    name: str
    Settings: type[BaseModel]
    build: Callable[..., Any]


def names(package: str) -> tuple[str, ...]:
    """Return the adapters of a family, by name, without importing any of them.

    >>> "sqlite" in names(OUTBOXES), "courier" in names(UPLINKS)
    (True, False)
    """
    return tuple(sorted(path.stem for path in _files(package) if _has_build(path)))


def file_of(package: str, name: str) -> Path:
    """Return the file that is the adapter `name`.

    Raises:
        SettingsError: There is no such adapter.
    """
    for path in _files(package):
        if path.stem == name and _has_build(path):
            return path
    known = names(package)
    raise SettingsError(
        f"no such adapter{did_you_mean(name, known)}; known: {', '.join(known) or 'none'}"
    )


def load(package: str, name: str) -> Adapter:
    """Import one adapter of a family, and only this one.

    Raises:
        SettingsError: There is no such adapter; `LibraryMissing` where its library is absent.
    """
    file_of(package, name)
    try:
        module = importlib.import_module(f"{package}.{name}")
    except ImportError as error:
        raise _explained(error, name) from error
    return Adapter(name, module.Settings, module.build)


def _files(package: str) -> list[Path]:
    # find_spec imports the parents of a package but not the package itself.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"{package} is no package", name=package)
    return [path for place in spec.submodule_search_locations for path in Path(place).glob("*.py")]


def _has_build(path: Path) -> bool:
    if path.stem.startswith("_"):
        return False
    tree = ast.parse(path.read_bytes(), filename=str(path))
    return any(isinstance(node, ast.FunctionDef) and node.name == "build" for node in tree.body)


def _explained(error: ImportError, name: str) -> Exception:
    library = (error.name or name).partition(".")[0]
    if library == "kiosk":
        return error  # a file of ours is missing: a bug, not a setting
    if isinstance(error, ModuleNotFoundError):
        what = f"needs the library {library}, which is not installed"
    else:
        # The library is there and cannot start, most often for want of a shared library.
        what = f"needs the library {library}, which cannot be loaded ({error.msg})"
    return LibraryMissing(f"{what}; {_REMEDIES.get(library, f'install {library}')}")
