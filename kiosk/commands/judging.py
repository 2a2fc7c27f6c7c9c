"""Whether a command is to be taken: who signed it, for which kiosk and start, and if it is new.

Pure. What is asked first is what costs least, and nothing in a command is believed before its
signature is. The counters need no disk: see the record that `kiosk.commands` names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.commands.form import (
    COMMAND_NAME,
    KIND,
    MAX_COMMAND_BYTES,
    NAME,
    NONCE_BYTES,
    Command,
)
from kiosk.errors import PayloadError
from kiosk.lists.signed import FORM, LARGEST
from kiosk.payloads.parts import cbor, cose
from kiosk.payloads.parts.trust import Algorithm, Context, NotGenuine
from kiosk.uplink import Commanded

MOST_ARGUMENTS = 4
MOST_CHARACTERS = 200
"""Of a source and of an argument."""
_ALGORITHMS = frozenset({Algorithm.EDDSA})


class Refusal(StrEnum):
    """Why a command is not done; the value stands in replies and in the status."""

    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    RETAINED = "retained"
    OTHER_ISSUER = "other-issuer"
    NOT_GENUINE = "not-genuine"
    OTHER_TARGET = "other-target"
    OTHER_START = "other-start"
    LATE = "late"
    REPLAYED = "replayed"
    REORDERED = "reordered"
    UNKNOWN = "unknown"
    ARGUMENTS = "arguments"
    NOT_HERE = "not-here"
    FAILED = "failed"


WORDS: dict[Refusal, str] = {
    Refusal.TOO_LARGE: f"it has more than the {MAX_COMMAND_BYTES} bytes that are read",
    Refusal.UNREADABLE: "it is not laid out as a command that this version knows",
    Refusal.RETAINED: "it was sent to be retained: a command is for now, publish it without",
    Refusal.OTHER_ISSUER: "it is signed with a key that commands.signers does not name",
    Refusal.NOT_GENUINE: "the signature does not match: it was altered on its way",
    Refusal.OTHER_TARGET: "it was signed for another kiosk or another command's topic",
    Refusal.OTHER_START: "it was signed for another start of this kiosk: read its status again",
    Refusal.LATE: "it arrived after its time: sign it again",
    Refusal.REPLAYED: "it was taken already",
    Refusal.REORDERED: "a later one of the same operator was taken before it",
    Refusal.UNKNOWN: "this version has no such command",
}
"""What a reply says, where nobody knows it better."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a command must be to be taken here; `nonce` is that of this start."""

    source: str
    nonce: bytes = field(repr=False)
    signers: Context = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A command that counts, and the key that signed it, by its name in hex."""

    command: Command
    issuer: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that is not done; `silent`: it is not even signed, and nobody is answered."""

    refusal: Refusal
    words: str = ""
    silent: bool = False

    @property
    def why(self) -> str:
        """One line for a person."""
        return self.words or WORDS[self.refusal]


def judge(
    message: Commanded, terms: Terms, highest: Mapping[str, int], up_s: float
) -> Taken | Refused:
    """Return the command if it is to be taken.

    `highest` is the highest counter taken of each issuer in this start, `up_s` is how long this
    start lasts. Whatever the message holds, nothing is raised.
    """
    refused = _unfit(message)
    if refused is not None:
        return refused
    try:
        issuer, command = _opened(message, terms.signers)
    except NotGenuine:
        return Refused(Refusal.NOT_GENUINE)
    except PayloadError:
        return Refused(Refusal.UNREADABLE)
    if command is None:
        return Refused(Refusal.OTHER_ISSUER)
    refusal = _stale(command, message.name, terms, highest.get(issuer, 0), up_s)
    return Taken(command, issuer) if refusal is None else Refused(refusal)


def _unfit(message: Commanded) -> Refused | None:
    """Return why a message is not even looked into."""
    if not COMMAND_NAME.fullmatch(message.name):
        return Refused(Refusal.UNREADABLE, silent=True)
    if message.size > MAX_COMMAND_BYTES:
        return Refused(Refusal.TOO_LARGE)
    try:
        cose.envelope(message.body, _ALGORITHMS)
    except PayloadError:
        return Refused(Refusal.UNREADABLE, silent=True)
    return Refused(Refusal.RETAINED) if message.retained else None


def _opened(message: Commanded, signers: Context) -> tuple[str, Command | None]:
    """Return who signed what; None for what a stranger signed, which is not looked at.

    Raises:
        NotGenuine: The signature does not match.
        PayloadError: What was signed is no command.
    """
    envelope = cose.envelope(message.body, _ALGORITHMS)
    if not signers.signers(KIND, envelope.kid):
        return "", None
    issuer = cose.signer(envelope, KIND, signers)
    return issuer.kid.hex(), _command(cbor.loads(envelope.payload))


def _stale(
    command: Command, topic_name: str, terms: Terms, highest: int, up_s: float
) -> Refusal | None:
    """Return why an operator's command does not count here and now."""
    if command.source != terms.source or command.name != topic_name:
        return Refusal.OTHER_TARGET
    if command.nonce != terms.nonce:
        return Refusal.OTHER_START
    if command.counter <= highest:
        return Refusal.REPLAYED if command.counter == highest else Refusal.REORDERED
    return Refusal.LATE if up_s > command.until_s else None


def _command(fields: object) -> Command:
    """Return what was signed; fields that nobody knows here are ignored.

    Raises:
        PayloadError: It is no command.
    """
    if not isinstance(fields, dict) or fields.get("form") != FORM or fields.get("name") != NAME:
        raise PayloadError("command: something else was signed")
    nonce = fields.get("nonce")
    if not isinstance(nonce, bytes) or len(nonce) != NONCE_BYTES:
        raise PayloadError("command: no nonce")
    name = _text(fields.get("command"))
    if not COMMAND_NAME.fullmatch(name):
        raise PayloadError("command: no name")
    return Command(
        name,
        _text(fields.get("source")),
        nonce,
        _number(fields.get("counter")),
        _number(fields.get("until")),
        _arguments(fields.get("arguments")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise PayloadError("command: no text, or a long one")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 1 <= value <= LARGEST:
        raise PayloadError("command: no number, or a large one")
    return value


def _arguments(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MOST_ARGUMENTS:
        raise PayloadError("command: no arguments, or many")
    return {_text(name): _text(said) for name, said in value.items()}
