"""Every adapter of a family, found by its file: a new one is tested without being named here."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from kiosk.app.adapters import Adapter, load, names
from kiosk.errors import SettingsError


def loaded(package: str, name: str) -> Adapter:
    """Return an adapter; skips the test where a library that it needs is not installed."""
    try:
        return load(package, name)
    except SettingsError as error:
        pytest.skip(f"{name}: {error}")


def every(package: str) -> tuple[str, ...]:
    """Return the adapters of a family; fails where there is none, so that no suite is empty."""
    found = names(package)
    if not found:
        raise LookupError(f"no adapter in {package}")
    return found


def settings(adapter: Adapter, folder: Path, **known: Any) -> BaseModel:
    """Return settings with `known` values for the fields that there are, and paths in `folder`."""
    fields = adapter.Settings.model_fields
    values = {name: value for name, value in known.items() if name in fields}
    for name, field in fields.items():
        if field.is_required() and field.annotation is Path:
            values.setdefault(name, folder / name)
    return adapter.Settings.model_validate(values)
