"""The reference of all settings, from the models that check them."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kiosk.app import adapters
from kiosk.app.config_fields import facts_of, number
from kiosk.app.environment import name_of
from kiosk.app.settings import MANY_ADAPTERS, ONE_ADAPTER, OWN_SECTIONS, REQUIRED, SECTIONS
from kiosk.errors import SettingsError

_INTRO = """\
The settings are one TOML file, `/etc/kiosk/config.toml` unless `--config FILE` says otherwise.
`provisioning/kiosk.example.toml` is one to start from. `kiosk config check` says what is wrong
with a file, one line each; `kiosk config show --origin` says which value holds and where it comes
from.

A variable `KIOSK_SECTION__KEY` overrides a key; a list is written with commas or as JSON. A `kind`
that a variable replaces brings its own settings: the other keys of that section in the file are
then not used. A section of an adapter that is not in use may stay in the file; it is not read.
"""


def text(before: str = "") -> str:
    """Return the page; an adapter whose library is missing here keeps what `before` says of it."""
    parts = ["# Settings", _INTRO.rstrip()]
    for section in SECTIONS:
        need = "required" if section in REQUIRED else "optional"
        parts.append(f"## `[{section}]`, {need}")
        if section in ONE_ADAPTER:
            parts += _one(section, ONE_ADAPTER[section], before)
        else:
            parts += _own(section)
        if section in MANY_ADAPTERS:
            field, package = MANY_ADAPTERS[section]
            for name in adapters.names(package):
                heading = f"### `[{section}.{name}]`, where `{field}` names it"
                parts += _adapter(package, name, f"{section}.{name}", heading, before)
    return "\n\n".join(parts) + "\n"


def _own(section: str) -> Iterator[str]:
    model = OWN_SECTIONS[section]
    yield _first_line(model)
    yield _table(section, model)


def _one(section: str, package: str, before: str) -> Iterator[str]:
    known = adapters.names(package)
    folder = package.replace(".", "/")
    choices = ", ".join(f"`{name}`" for name in known)
    yield f"`kind` is a file name in `{folder}`: {choices}."
    for name in known:
        yield from _adapter(package, name, section, f'### `kind = "{name}"`', before)


def _adapter(package: str, name: str, prefix: str, heading: str, before: str) -> Iterator[str]:
    yield heading
    try:
        model = adapters.load(package, name).Settings
    except SettingsError as error:
        file = f"{package.replace('.', '/')}/{name}.py"
        unread = f"Its settings are in `{file}`; not shown, because it {error}."
        # The page must not depend on what is installed on the machine that writes it.
        yield _below(heading, before) or unread
        return
    yield _first_line(model)
    if model.model_fields:
        yield _table(prefix, model)


def _below(heading: str, page: str) -> str:
    """Return what stands below a heading, up to the next one."""
    _, _, rest = page.partition(f"{heading}\n")
    return rest.partition("\n#")[0].strip()


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")


def _table(prefix: str, model: type[BaseModel]) -> str:
    lines = ["| Key | Type | Allowed | Default | Meaning |", "|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        facts = facts_of(field)
        cells = (
            f"`{name}`",
            facts.type,
            facts.allowed or "any",
            default(field),
            field.description or "",
        )
        lines.append("| " + " | ".join(cell(each) for each in cells) + " |")
    first = next(iter(model.model_fields))
    variable = name_of((*prefix.split("."), first))
    return "\n".join(lines) + f"\n\nVariables: `{variable}` and alike."


def default(field: FieldInfo) -> str:
    """Return a field's default as a table shows it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value) or "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{number(value)}`"


def cell(text: str) -> str:
    """Return text as one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
