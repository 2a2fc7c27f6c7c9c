"""One payload for a command: from standard input or from a picture, never from the command line.

A picture is decoded by a process of its own that is given no key: whoever parses hostile pictures
holds none, in a command too.
"""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from kiosk.payloads import MAX_PAYLOAD_BYTES

_DECODE_S = 60.0
_KEYS = ("KIOSK_IDENTITY__",)


class NoPayload(ValueError):  # noqa: N818 - names a state of the world, as the taxonomy does
    """There is not exactly one payload."""


def from_stream(stream: BinaryIO) -> bytes:
    """Return the payload on a stream; the line end that a shell adds is none of it.

    Raises:
        NoPayload: There is none, or more than a code holds.
    """
    raw = stream.read(MAX_PAYLOAD_BYTES + 3)
    raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    if not raw:
        raise NoPayload("standard input: there is no payload")
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise NoPayload(f"standard input: more than the {MAX_PAYLOAD_BYTES} bytes of a code")
    return raw


def from_picture(path: Path, environ: Mapping[str, str]) -> bytes:
    """Return the payload of the one code in a picture.

    Raises:
        NoPayload: It is no picture, or holds no code that can be read, or several.
    """
    command = [sys.executable, "-m", "kiosk", "decode", "--json", "--reveal", str(path)]
    without_keys = {n: value for n, value in environ.items() if not n.startswith(_KEYS)}
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, env=without_keys, capture_output=True, check=False, timeout=_DECODE_S
        )
        found = json.loads(done.stdout)[0]
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        raise NoPayload(f"{path}: it cannot be decoded; try: kiosk decode {path}") from None
    if found["error"] is not None:
        raise NoPayload(str(found["error"]))
    payloads = {code["payload"] for code in found["codes"] if "payload" in code}
    if len(payloads) != 1:
        many = "several codes; show one" if payloads else "no code that can be read"
        raise NoPayload(f"{path}: {many}")
    return base64.b64decode(payloads.pop())
