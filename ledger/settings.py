"""The ledger's settings: a TOML file, overridden by the environment, checked as a whole.

`LEDGER_SOURCE__HOST` overrides `host` in `[source]`. A kiosk's variables begin with `KIOSK_`, so
that both can run on one machine. A credential of systemd's, `ledger.source.password`, stands
between the two. A source's own settings are checked by its own model.

Source: systemd.exec(5), "Credentials".
"""

import ast
import importlib
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from ledger import errors
from ledger.source import Limits, Source

DEFAULT_PATH = Path("/etc/kiosk-ledger/config.toml")
PREFIX = "LEDGER_"
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
_SOURCES = Path(__file__).parent / "sources"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StorageSettings(_Section):
    """Where events lie."""

    url: SecretStr = Field(
        description="`sqlite:////var/lib/kiosk-ledger/ledger.db`, or "
        "`postgresql://user@host/database`."
    )
    retention_days: float = Field(
        default=28.0,
        gt=0,
        le=3650,
        description="Days after its receipt, after which an event loses `handle` and `sealed`; its "
        "number stays.",
    )


class IngestSettings(_Section):
    """How events are taken in."""

    batch: int = Field(default=500, ge=1, le=500, description="Events in one transaction at most.")
    batch_ms: int = Field(
        default=50, ge=1, le=1000, description="Milliseconds; no batch grows for longer."
    )
    tell_s: float = Field(
        default=1.0,
        ge=0.05,
        le=60,
        description="Seconds; so often at most is a kiosk told what is stored, while events come "
        "in one after the other. At once when none waits.",
    )
    gap_s: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        description="Seconds; a number that is missing for so long is told as trouble.",
    )


class LogSettings(_Section):
    """What is written to standard error."""

    format: Literal["text", "json"] = Field(
        default="text", description="`text` for people, `json` for a collector."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important line that is still written."
    )


class Settings(BaseSettings):
    """The settings of one ledger."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    storage: StorageSettings
    source: dict[str, Any] = Field(description="`kind`, and what a source of that kind takes.")
    ingest: IngestSettings = IngestSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what the file says."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load(path: Path) -> Settings:
    """Return the settings in the file at `path`, overridden by the environment.

    Raises:
        SettingsError: They cannot be used. Each line of the message is one problem.
    """
    if not path.is_file():
        raise errors.SettingsError(
            f"{path}: no such file; copy provisioning/ledger.example.toml there and edit it"
        )
    _check_environment()
    credentials = _credentials()
    try:
        values = TomlConfigSettingsSource(Settings, path)()
        for (section, key), value in credentials.items():
            own = values.setdefault(section, {})
            if isinstance(own, dict):
                own[key] = value
        settings = Settings(**values)
    except ValidationError as error:
        raise errors.SettingsError(_lines(path, "", error)) from None
    except (OSError, ValueError, SettingsError) as error:
        raise errors.SettingsError(f"{path}: cannot be read: {error}") from None
    if not isinstance(settings.source.get("kind"), str):
        raise errors.SettingsError(f'{path}: source.kind: is missing; add: kind = "mqtt"')
    return settings


def sources() -> tuple[str, ...]:
    """Return the kinds of sources: files with a top-level `build`."""
    return tuple(sorted(path.stem for path in _SOURCES.glob("*.py") if _builds(path)))


def build_source(settings: Settings, path: Path) -> Source:
    """Return the source that the settings at `path` choose; no connection is made.

    Raises:
        SettingsError: There is no such source, or its settings cannot be used.
    """
    own = dict(settings.source)
    kind = own.pop("kind")
    if kind not in sources():
        known = ", ".join(sources())
        raise errors.SettingsError(f"{path}: source.kind: no such source; known: {known}")
    module = importlib.import_module(f"ledger.sources.{kind}")
    limits = Limits(settings.ingest.batch, settings.ingest.batch_ms / 1000)
    try:
        source: Source = module.build(module.Settings(**own), limits)
    except ValidationError as error:
        raise errors.SettingsError(_lines(path, "source.", error)) from None
    except errors.SettingsError as error:
        raise errors.SettingsError(f"{path}: {error}") from None
    return source


def _builds(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "build" for node in tree.body)


def _credentials() -> dict[tuple[str, str], str]:
    """Return each credential `ledger.SECTION.KEY`: what a section's key is set to."""
    folder, found = os.environ.get(_CREDENTIALS), {}
    for path in sorted(Path(folder).glob("ledger.*.*")) if folder else ():
        _, section, key = path.name.split(".", 2)
        try:
            # An editor or `echo` ends the line; no secret of ours does.
            found[section, key] = path.read_text("utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError):
            raise errors.SettingsError(
                f"credential {path.name}: cannot be read as text; write it anew"
            ) from None
    return found


def _check_environment() -> None:
    """Refuse a variable that overrides nothing: it is a setting that silently does not hold."""
    known = tuple(f"{PREFIX}{name}__".upper() for name in Settings.model_fields)
    wrong = [
        f"{name}: overrides nothing; a variable is {PREFIX}SECTION__KEY"
        for name in os.environ
        if name.upper().startswith(PREFIX) and not name.upper().startswith(known)
    ]
    if wrong:
        raise errors.SettingsError("\n".join(wrong))


def _lines(path: Path, prefix: str, error: ValidationError) -> str:
    # Values are not shown: an address may hold a password.
    lines = []
    for each in error.errors(include_url=False, include_input=False):
        key = prefix + ".".join(str(part) for part in each["loc"])
        what = "no such key" if each["type"] == "extra_forbidden" else each["msg"]
        lines.append(f"{path}: {key.rstrip('.')}: {what}")
    return "\n".join(lines)
