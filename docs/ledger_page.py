"""The reference of the ledger: its settings and its tables, from what it runs on."""

import importlib
from collections.abc import Iterator

from pydantic import BaseModel
from sqlalchemy import Column, Table

from docs.settings_page import cell, default
from kiosk.app.config_fields import facts_of
from ledger.settings import IngestSettings, LogSettings, StorageSettings, sources
from ledger.storage.tables import metadata

_INTRO = """\
The settings are one TOML file, `/etc/kiosk-ledger/config.toml` unless `--config FILE` says
otherwise; `provisioning/ledger.example.toml` is one to start from. A variable
`LEDGER_SECTION__KEY` overrides a key, and so does a credential of systemd
named `ledger.SECTION.KEY`, which only the service can read.
"""
_SECTIONS: dict[str, type[BaseModel]] = {
    "storage": StorageSettings,
    "ingest": IngestSettings,
    "log": LogSettings,
}


def text() -> str:
    """Return the page."""
    parts = ["# The ledger", "## Settings", _INTRO.rstrip()]
    for name, model in _SECTIONS.items():
        parts += [f"### `[{name}]`", *_settings(model)]
    for kind in sources():
        model = importlib.import_module(f"ledger.sources.{kind}").Settings
        parts += [f'### `[source]`, `kind = "{kind}"`', *_settings(model)]
    parts += ["## Tables", "Times are Unix microseconds, UTC."]
    for table in metadata.sorted_tables:
        parts += [f"### `{table.name}`", *_columns(table)]
    return "\n\n".join(parts) + "\n"


def _settings(model: type[BaseModel]) -> Iterator[str]:
    yield (model.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")
    if not model.model_fields:
        return
    lines = ["| Key | Type | Allowed | Default | Meaning |", "|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        facts = facts_of(field)
        allowed = facts.allowed or "any"
        cells = (f"`{name}`", facts.type, allowed, default(field), field.description or "")
        lines.append("| " + " | ".join(cell(each) for each in cells) + " |")
    yield "\n".join(lines)


def _columns(table: Table) -> Iterator[str]:
    yield table.comment or ""
    lines = ["| Column | Type | May be null | Meaning |", "|---|---|---|---|"]
    for column in table.columns:
        null = "yes" if column.nullable else "no"
        cells = (f"`{column.name}`", str(column.type).lower(), null, _meaning(column))
        lines.append("| " + " | ".join(cell(each) for each in cells) + " |")
    yield "\n".join(lines)


def _meaning(column: Column[object]) -> str:
    for key in column.foreign_keys:
        return column.comment or f"A row of `{key.column.table.name}`."
    return column.comment or ""
