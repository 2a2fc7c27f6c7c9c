"""The effective settings as TOML, with secrets masked and, on request, where each came from."""

import json
from collections.abc import Iterator, Mapping
from enum import Enum

from pydantic import BaseModel, SecretBytes, SecretStr

from kiosk.app.choice import KIND, Chosen
from kiosk.app.config_problems import MASK
from kiosk.app.reading import Origin
from kiosk.app.settings import Loaded


def as_toml(loaded: Loaded, *, with_origin: bool = False) -> str:
    """Return the settings as a TOML document; what is not set stands as a comment."""
    blocks = []
    for section, values in _sections(loaded):
        lines = [f"[{section}]"]
        for key, value in values.items():
            line = f"# {key} is not set" if value is None else f"{key} = {_toml(value)}"
            if with_origin:
                line += f"  # {_origin(loaded.origins, f'{section}.{key}')}"
            lines.append(line)
        if len(lines) > 1:
            blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _sections(loaded: Loaded) -> Iterator[tuple[str, dict[str, object]]]:
    settings = loaded.settings
    yield "kiosk", _values(settings.kiosk)
    yield "identity", _values(settings.identity)
    yield "camera", _chosen(loaded.eye.camera)
    yield "eye", _values(settings.eye)
    for decoder in loaded.eye.decoders:
        yield f"eye.{decoder.kind}", _values(decoder.settings)
    yield "payloads", _values(settings.payloads)
    # Days without visits would be no quota, and are refused where they are given.
    quota = {} if settings.rules.quota_visits else {"quota_days": None}
    yield "rules", {**_values(settings.rules), **quota}
    yield "door", _values(settings.door)
    yield "gpio", _values(settings.gpio)
    yield "indicators", {"use": tuple(indicator.kind for indicator in settings.indicators)}
    for indicator in settings.indicators:
        yield f"indicators.{indicator.kind}", _values(indicator.settings)
    yield "outbox", _chosen(settings.outbox)
    yield "uplink", _chosen(settings.uplink)
    yield "enrolment", _values(settings.enrolment)
    yield "onboarding", _values(settings.onboarding)
    yield "courier", _values(settings.courier)
    yield "lists", _values(settings.lists)
    yield "commands", _values(settings.commands)
    yield "clock", _chosen(settings.clock)
    yield "log", _values(settings.log)


def _values(model: BaseModel) -> dict[str, object]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _chosen(chosen: Chosen) -> dict[str, object]:
    return {KIND: chosen.kind, **_values(chosen.settings)}


def _origin(origins: Mapping[str, Origin], key: str) -> str:
    return str(origins[key])


def _toml(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    match value:
        case bool():
            text = "true" if value else "false"
        case int() | float():
            text = repr(value)
        case tuple() | list():
            text = f"[{', '.join(_toml(item) for item in value)}]"
        case SecretStr() | SecretBytes():
            text = _text(MASK)
        case _:
            text = _text(str(value))
    return text


def _text(text: str) -> str:
    # TOML takes JSON's escapes; only DEL is a control character that JSON leaves alone.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
