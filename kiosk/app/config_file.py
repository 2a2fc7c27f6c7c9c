"""The settings file as text: its values, and on which line each of them stands.

The standard library's parser gives values without lines, and a technician needs the line. So the
text is cut into statements (a header, or `key = value`), each parsed alone by the same parser.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.app.config_problems import Problem
from kiosk.errors import SettingsError

Key = tuple[str, ...]

MAX_FILE_BYTES = 256 * 1024
MOST_LINES = 200
"""No statement is longer; bounds the work that a broken file makes."""
EXAMPLE = "provisioning/kiosk.example.toml"
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """A settings file: `values` as TOML gives them; `lines` from 1, for sections and keys alike."""

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[Key, int] = field(default_factory=dict)
    length_lines: int = 1

    def line_of(self, key: Key) -> int:
        """Return the line of a key, else of the section around it, else the last line."""
        for end in range(len(key), 0, -1):
            if key[:end] in self.lines:
                return self.lines[key[:end]]
        return self.length_lines


def read(path: Path) -> Document:
    """Return the settings file at `path`.

    Raises:
        SettingsError: It cannot be read, or is not TOML; the message is one line.
    """
    text = _text(path)
    if not text.strip():
        raise _wrong(path, None, f"the file is empty; start from {EXAMPLE}")
    try:
        values = _parse(text)
    except ValueError as error:
        raise _syntax(path, text, str(error)) from None
    lines: dict[Key, int] = {}
    for statement in _statements(text):
        for key in statement.keys:
            lines.setdefault(key, statement.line)
    return Document(path, values, lines, max(1, len(text.splitlines())))


def _parse(text: str) -> dict[str, Any]:
    """Return the values of a TOML text; whatever is wrong with it is a ValueError."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("brackets nested too deeply") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise _wrong(path, None, f"no such file; copy {EXAMPLE} there and edit it") from None
    except IsADirectoryError:
        raise _wrong(path, None, "is a directory; name the settings file in it") from None
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise _wrong(path, None, f"cannot be read: {why}; check its owner and mode") from None
    if len(raw) > MAX_FILE_BYTES:
        raise _wrong(path, None, "is larger than 256 KiB, so it is no settings file")
    try:
        # Editors on other systems put a byte order mark in front.
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _wrong(path, line, "is not UTF-8 text; save the file as UTF-8") from None


@dataclass(frozen=True, slots=True)
class _Statement:
    line: int
    keys: tuple[Key, ...]
    defines: tuple[Key, ...]


def _statements(text: str) -> Iterator[_Statement]:
    """Yield the statements with the keys that they mention and those that they give a value.

    Ends silently at a statement that is no TOML: the parser's own message tells more.
    """
    section: Key = ()
    start, pending = 1, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not pending:
            start = number
        elif number - start > MOST_LINES:
            return
        pending += line + "\n"
        try:
            tree = _parse(pending)
        except ValueError:
            continue
        header = re.match(r"\[\[?", pending.lstrip())
        if header:
            section = _header(tree)
        if header or tree:
            yield _statement(start, section, {} if header else tree, header[0] if header else "")
        pending = ""


def _header(tree: object) -> Key:
    key: Key = ()
    while isinstance(tree, dict | list) and tree:
        if isinstance(tree, list):
            tree = tree[0]
            continue
        name, tree = next(iter(tree.items()))
        key = (*key, name)
    return key


def _statement(line: int, section: Key, tree: dict[str, Any], header: str) -> _Statement:
    mentioned = [section[:end] for end in range(1, len(section) + 1)]
    defined = [section] if header == "[" else []

    def walk(inside: Key, branch: dict[str, Any]) -> None:
        for name, value in branch.items():
            key = (*inside, name)
            mentioned.append(key)
            if isinstance(value, dict) and value:
                walk(key, value)
            else:
                defined.append(key)

    walk(section, tree)
    return _Statement(line, tuple(mentioned), tuple(defined))


def _syntax(path: Path, text: str, message: str) -> SettingsError:
    first: dict[Key, int] = {}
    for statement in _statements(text):
        for key in statement.defines:
            if key in first:
                return _wrong(
                    path,
                    statement.line,
                    f"stands twice, first on line {first[key]}; keep one of the two",
                    key=".".join(key),
                )
            first[key] = statement.line
    place = _PLACE.search(message)
    line = int(place[1]) if place and place[1] else _last_start(text)
    column = f" (column {place[2]})" if place and place[2] else ""
    said = _PLACE.sub("", message).replace("\n", "\\n")
    return _wrong(
        path,
        line,
        f'is not TOML{column}: {said}; a line is key = value, text stands in "quotes",'
        " a section in [brackets]",
    )


def _last_start(text: str) -> int:
    """Return where the statement begins that the end of the document cut off."""
    lines = text.splitlines()
    last = 1
    for statement in _statements(text):
        last = statement.line + 1
    # Blank lines and comments between statements are statements of nothing.
    while last < len(lines) and not lines[last - 1].partition("#")[0].strip():
        last += 1
    return min(last, max(1, len(lines)))


def _wrong(path: Path, line: int | None, text: str, key: str = "") -> SettingsError:
    where = str(path) if line is None else f"{path}:{line}"
    return SettingsError(str(Problem(where, key, text)))
