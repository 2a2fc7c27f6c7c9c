"""Settings from the environment: `KIOSK_SECTION__KEY` overrides the file.

pydantic-settings turns text into what a field takes; this module knows which names exist, because
a misspelt variable that is ignored is a setting that silently does not hold.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

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
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in model.model_fields.items()
    }
    mirror = create_model(model.__name__, __base__=BaseSettings, **fields)
    return _Source(mirror, name_of((*section, "")), environ)()


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


class _Source(EnvSettingsSource):
    """pydantic-settings' own reader, on a given environment instead of the process's."""

    def __init__(
        self, settings_cls: type[BaseSettings], prefix: str, environ: Mapping[str, str]
    ) -> None:
        super().__init__(settings_cls, case_sensitive=False, env_prefix=prefix)
        self.env_vars = {name.lower(): value for name, value in environ.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Return a list from JSON or, as people write it, from text with commas."""
        text = str(value).strip()
        if text.startswith(("[", "{")):
            try:
                return super().decode_complex_value(field_name, field, text)
            except ValueError:
                return text  # the field's own check says what is wrong with it
        return [part.strip() for part in text.split(",") if part.strip()]
