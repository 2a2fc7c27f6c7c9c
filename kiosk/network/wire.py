"""What the kiosk and the network program say to each other: one JSON line each way, bounded.

Both ends are here, so that they cannot drift apart. Written by hand and not with pydantic: the
program that reads this as root has the standard library only.
"""

import json
import socket
import time
from enum import StrEnum

from kiosk.errors import PayloadError
from kiosk.network.wifi import Wifi, checked

SOCKET = "/run/kiosk-network/socket"
VERSION = 1
MAX_LINE_BYTES = 1024
"""A line is at most so long, its end included; a name and a password never need more."""

_KEYS = {"version", "ssid", "password", "hidden"}


class Answer(StrEnum):
    """What became of a request."""

    JOINED = "joined"
    """The network is up."""
    WRITTEN = "written"
    """The network's file is written, and nothing here could be told to use it."""
    REFUSED = "refused"
    """The request is not one; nothing was changed."""
    NOT_WRITTEN = "not-written"
    """The file could not be written; the one before it stays."""
    NOT_TAKEN = "not-taken"
    """The file is written, and NetworkManager does not run or does not take it."""
    NOT_JOINED = "not-joined"
    """The file is written and taken, and the network does not come up; it is tried on and on."""


TROUBLE = {
    Answer.REFUSED: "the network program refused the request: nothing was changed",
    Answer.NOT_WRITTEN: "the network's file could not be written: is network-manager installed,"
    " is the disk full?",
    Answer.NOT_TAKEN: "NetworkManager does not take the network: systemctl status NetworkManager",
    Answer.NOT_JOINED: "the network does not come up: look at its name, its password and the"
    " distance to the router",
}
"""The answers that are no success, with what to do, in one line for a technician."""


def request_line(wifi: Wifi) -> bytes:
    """Return the line that asks for a network."""
    said = {
        "version": VERSION,
        "ssid": wifi.ssid,
        "password": wifi.password,
        "hidden": wifi.hidden,
    }
    return json.dumps(said).encode("ascii") + b"\n"


def read_request(line: bytes) -> Wifi:
    """Return the network that a line asks for; trusts nothing in it.

    Raises:
        PayloadError: It asks for none, or for one that cannot be; without anything of the line.
    """
    said = _read(line)
    if set(said) != _KEYS or type(said["version"]) is not int or said["version"] != VERSION:
        raise PayloadError("request: not one of this version")
    ssid, password, hidden = said["ssid"], said["password"], said["hidden"]
    if not isinstance(ssid, str) or not isinstance(hidden, bool):
        raise PayloadError("request: a value of another kind")
    if password is not None and not isinstance(password, str):
        raise PayloadError("request: a value of another kind")
    return checked(Wifi(ssid, password, hidden))


def answer_line(answer: Answer) -> bytes:
    """Return the line that says what became of a request."""
    return json.dumps({"version": VERSION, "answer": answer}).encode("ascii") + b"\n"


def read_answer(line: bytes) -> Answer:
    """Return what became of a request.

    Raises:
        PayloadError: The line is no answer.
    """
    said = _read(line)
    answer = said.get("answer")
    if said.get("version") != VERSION or answer not in list(Answer):
        raise PayloadError("answer: not one of this version")
    return Answer(str(answer))


def read_line(end: socket.socket, deadline_s: float) -> bytes:
    """Return what comes until a line or the connection ends, or until more than a line has come.

    `deadline_s` is monotonic. Whether what came is a line is for its reader to say.

    Raises:
        TimeoutError: It did not come until then.
        OSError: The connection is no more.
    """
    line = b""
    while not line.endswith(b"\n") and len(line) <= MAX_LINE_BYTES:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        end.settimeout(left_s)
        piece = end.recv(MAX_LINE_BYTES + 1 - len(line))
        if not piece:
            break
        line += piece
    return line


def _read(line: bytes) -> dict[str, object]:
    if len(line) > MAX_LINE_BYTES or not line.endswith(b"\n"):
        raise PayloadError("line: too long, or cut off")
    try:
        said = json.loads(line)
    # RecursionError: a thousand brackets. ValueError: bad UTF-8 and bad JSON alike.
    except (ValueError, RecursionError):
        raise PayloadError("line: not JSON") from None
    if not isinstance(said, dict):
        raise PayloadError("line: not an object")
    return said
