"""`kiosk decode`: what the eye reads in a picture file, and what the kiosk would make of it."""

import base64
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.app import adapters
from kiosk.app.eye_settings import Eye, load_eye
from kiosk.door.credential import Credential, Damaged, Foreign
from kiosk.errors import NotAPicture, SettingsError
from kiosk.eye.decoders import Decoder, Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.look_settings import LookSettings
from kiosk.eye.pictures import open_luma
from kiosk.payloads import formats, read

PATIENT = LookSettings(gate=False, extra_share=100)
"""A file is looked at in every way, whatever it costs: nobody waits at a door."""
MAX_PX = 4096
"""Longest side that is looked at; larger pictures are scaled down."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one file holds; `error` says why it is no picture."""

    file: str
    symbols: tuple[Symbol, ...] = ()
    error: str | None = None


def decoders(config: Path | None, environ: Mapping[str, str]) -> list[Decoder]:
    """Return the decoders of a settings file, or the default ones that this machine has.

    Raises:
        SettingsError: The file cannot be used, or there is no decoder at all.
    """
    if config is not None:
        chosen = load_eye(config, environ).decoders
        return [decoder.load().build(decoder.settings) for decoder in chosen]
    found: list[Decoder] = []
    for name in Eye().decoders:
        try:
            adapter = adapters.load(adapters.DECODERS, name)
        except adapters.LibraryMissing as error:
            sys.stderr.write(f"works without {name}: {error}\n")
            continue
        found.append(adapter.build(adapter.Settings()))
    if not found:
        raise SettingsError("no decoder is installed: pip install zxing-cpp")
    return found


def decode_file(path: Path, look: Look) -> Found:
    """Return what the eye reads in `path` when it is held up, turned by EXIF where it says so."""
    try:
        image = open_luma(path, MAX_PX)
    except NotAPicture as error:
        return Found(str(path), error=str(error))
    now_ns = time.monotonic_ns()
    frame = Frame(image.tobytes(), *image.size, image.width, now_ns, now_ns)
    look.reset()
    symbols: list[Symbol] = []
    for _ in range(look.turns + 1):
        symbols = look.read(frame)
        if any(symbol.payload is not None for symbol in symbols):
            break
    return Found(str(path), tuple(symbols))


def as_json(found: Found, *, reveal: bool) -> dict[str, Any]:
    """Return one file's result; the bytes only when revealing was asked for."""
    codes = []
    for symbol in found.symbols:
        code: dict[str, Any] = {
            "decoder": symbol.decoder,
            "kind": kind_of(symbol),
            "masked": masked(symbol),
            "corners": symbol.corners,
        }
        if reveal and symbol.payload is not None:
            code["payload"] = base64.b64encode(symbol.payload).decode()
        codes.append(code)
    return {"file": found.file, "error": found.error, "codes": codes}


def as_lines(found: Found) -> Sequence[str]:
    """Return one file's result for a person."""
    if found.error is not None:
        return [found.error]
    if not found.symbols:
        return [f"{found.file}: no code found"]
    return [f"{found.file}: {s.decoder}: {kind_of(s)}: {masked(s)}" for s in found.symbols]


def kind_of(symbol: Symbol) -> str:
    """Return what the kiosk takes a symbol for, in one word."""
    if symbol.payload is None:
        return "unreadable"
    content = read(symbol.payload, formats())
    match content:
        case Credential(kind):
            return kind
        case Damaged(kind):
            return f"{kind} (damaged)"
        case Foreign(kind):
            return kind.value


def masked(symbol: Symbol) -> str:
    """Return enough of a payload to tell two apart at a desk, and no more."""
    if symbol.payload is None:
        return "located, not read"
    content = read(symbol.payload, formats())
    size = f"{len(symbol.payload)} bytes"
    if isinstance(content, Credential):
        subject = content.subject_id
        return f"{subject[:3]}{'*' * max(0, len(subject) - 5)}{subject[-2:]}, {size}"
    if isinstance(content, Damaged):
        return f"{content.flaw}, {size}"
    return size
