"""What a command is made of and where it is sent: bytes that an operator signs.

Source: COSE_Sign1 (RFC 9052) with Ed25519 around a CBOR map, as a list's manifest is; `name` says
inside what was signed, so that a list never passes for a command nor a command for a list.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import cbor2

from kiosk.lists.signed import FORM

NAME = "command"
"""What the signed map says that it is."""
KIND = "command"
"""What an operator's key signs; one that is trusted with lists alone signs no command."""
MAX_COMMAND_BYTES = 1024
"""One has about 250."""
NONCE_BYTES = 16
COMMAND_NAME = re.compile(r"[a-z][a-z-]{0,31}")
"""What may stand in a topic and in a reply, known or not."""
_DIGEST_DIGITS = 32


class CommandName(StrEnum):
    """The commands that there are; the value is a topic's last level."""

    IDENTIFY = "identify"
    """Light and sound until somebody has found the kiosk."""
    TEST_LIGHTS = "test-lights"
    """Show every signal in turn."""
    DIRECTION = "direction"
    """Count people in, or out, or as the settings say; `to` is `in`, `out` or `settings`."""
    RESTART = "restart"
    """End in order, and be started again."""


@dataclass(frozen=True, slots=True)
class Command:
    """What an operator tells one kiosk.

    `nonce` is that kiosk's own of its present start, `counter` is above every one that the same
    operator used for it, and after `until_s` (seconds since that start) it counts no more.
    """

    name: str
    source: str
    nonce: bytes = field(repr=False)
    counter: int
    until_s: int
    arguments: Mapping[str, str] = field(default_factory=dict)


def payload_of(command: Command) -> bytes:
    """Return what is signed."""
    fields = {
        "form": FORM,
        "name": NAME,
        "command": command.name,
        "source": command.source,
        "nonce": command.nonce,
        "counter": command.counter,
        "until": command.until_s,
        "arguments": dict(command.arguments),
    }
    return cbor2.dumps(fields)


def digest_of(body: bytes) -> str:
    """Return what a reply calls a command by: the first half of its SHA-256, in hex.

    >>> digest_of(b"a command")
    'b2ac90ec3c2edf86ae2072aa26a51b21'
    """
    return hashlib.sha256(body).hexdigest()[:_DIGEST_DIGITS]


def command_topic(source: str, name: str) -> str:
    """Return where a command is sent; the name `+` stands for all of them.

    >>> command_topic("kiosk/v1/hk-042/door-1", CommandName.IDENTIFY)
    'kiosk/v1/hk-042/door-1/cmd/identify'
    """
    return f"{source}/cmd/{name}"


def reply_topic(source: str, name: str) -> str:
    """Return where a command is answered.

    >>> reply_topic("kiosk/v1/hk-042/door-1", CommandName.IDENTIFY)
    'kiosk/v1/hk-042/door-1/cmd/identify/reply'
    """
    return f"{command_topic(source, name)}/reply"
