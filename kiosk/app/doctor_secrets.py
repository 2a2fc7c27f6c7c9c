"""Everything on a kiosk that must never be shown, gathered so that it can be searched for.

It is read into memory, compared, and dropped. What cannot be read cannot be shown either.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, SecretBytes, SecretStr

from kiosk.app.config_problems import MASK
from kiosk.app.credentials import DIRECTORY
from kiosk.app.doctor_checks import CREDENTIALS, Seen, Visit, key_files
from kiosk.app.settings import Settings
from kiosk.doctor.redaction import Redaction

_MOST_BYTES = 64 * 1024
_PEM_LINE = re.compile(rb"^[A-Za-z0-9+/=]{16,}$", re.MULTILINE)
_HEX_WORD = re.compile(rb"[0-9A-Fa-f]{32,}")
_SECRET_NAME = re.compile(r"(?i)pass|secret|token|psk|credential|key(?!_file)")
_SECRET_LINE = re.compile(
    r"(?im)^\s*\w*(?:pass|secret|token|psk|key(?!_file))\w*\s*=\s*[\"']?([^\"'\n]+)"
)


def redaction_of(visit: Visit, seen: Seen) -> Redaction:
    """Return what takes this kiosk's secrets out of a text."""
    return Redaction(_secrets(visit, seen))


def _secrets(visit: Visit, seen: Seen) -> Iterator[str | bytes]:
    yield from (v for n, v in visit.environ.items() if _SECRET_NAME.search(n) and v != MASK)
    for place in _folders(visit):
        with contextlib.suppress(OSError):
            for path in place.iterdir():
                yield from _in_file(path)
    # What stands in a file that cannot be used as settings is no less secret.
    yield from (each.strip() for each in _SECRET_LINE.findall(_text(visit.config)))
    if seen.loaded is not None:
        settings = seen.loaded.settings
        yield settings.secrets.site_key.key
        yield from _of_sections(settings)
        files = key_files(settings)
        enrolled = settings.enrolment.key_file
        beside = sorted(enrolled.parent.glob(f"{enrolled.name}.*"))
        for key_file in (files.site, files.device, files.private, enrolled, *beside):
            if key_file is not None:
                yield from _in_file(key_file)


def _folders(visit: Visit) -> list[Path]:
    folders = [visit.machine.root / place for place in CREDENTIALS]
    named = visit.environ.get(DIRECTORY)
    return [*folders, Path(named)] if named else folders


def _of_sections(settings: Settings) -> Iterator[str | bytes]:
    chosen = (settings.outbox, settings.uplink, settings.clock, *settings.indicators)
    sections: Iterable[BaseModel] = (settings.identity, *(each.settings for each in chosen))
    for section in sections:
        for name in type(section).model_fields:
            value = getattr(section, name)
            if isinstance(value, SecretStr | SecretBytes):
                yield value.get_secret_value()


def _in_file(path: Path) -> Iterator[bytes]:
    """Yield what a key file holds: all of it, each line of base64, each word of hex."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES)
    except OSError:
        return
    if len(raw) <= 1024:
        yield raw
        yield raw.strip()
    yield from _PEM_LINE.findall(raw)
    for word in _HEX_WORD.findall(raw):
        yield word
        if len(word) % 2 == 0:
            yield bytes.fromhex(word.decode())


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode(errors="replace")
    except OSError:
        return ""
