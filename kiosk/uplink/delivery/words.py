"""What is said to a kiosk from outside: read strictly in its values, leniently in its fields.

Nothing here acts on a word. What cannot be read is refused with a reason that holds nothing of its
content, and the word before it stays in force.
"""

from collections.abc import Callable

from pydantic import ValidationError

from kiosk.door.event import LEDGER_TOPIC, Acknowledgement, LedgerPresence
from kiosk.uplink import LedgerSaid, Report, Word, WordRefused

MAX_WORD_BYTES = 32 * 1024
"""An acknowledgement of 256 epochs has 12 kB."""
_LARGEST = 2**63 - 1
"""The largest number that an outbox can compare."""


def topics_of(source: str) -> dict[str, Word]:
    """Return where words for this kiosk come from, and which."""
    return {
        f"{source}/ack": Word.ACKNOWLEDGEMENT,
        LEDGER_TOPIC: Word.PRESENCE,
    }


def word_of(topic: str, body: bytes, source: str) -> Report | None:
    """Return what a message says; None where it is not for this kiosk or says nothing."""
    word = topics_of(source).get(topic)
    if word is None:
        return None
    if len(body) > MAX_WORD_BYTES:
        return WordRefused(word, f"{len(body)} bytes, at most {MAX_WORD_BYTES} are read")
    try:
        return _READERS[word](body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        # The place in a word may hold its own text (a key of a mapping), the kind never does.
        return WordRefused(word, f"it cannot be read ({first['type']})")


def _acknowledgement(body: bytes) -> Report | None:
    if not body:
        return None
    read = Acknowledgement.model_validate_json(body, extra="ignore", strict=True)
    if any(upto_seq > _LARGEST for upto_seq in read.epochs.values()):
        return WordRefused(Word.ACKNOWLEDGEMENT, "a number in it is too large")
    return LedgerSaid(read)


def _presence(body: bytes) -> Report:
    if not body:
        return LedgerSaid(LedgerPresence(online=False))
    return LedgerSaid(LedgerPresence.model_validate_json(body, extra="ignore", strict=True))


_READERS: dict[Word, Callable[[bytes], Report | None]] = {
    Word.ACKNOWLEDGEMENT: _acknowledgement,
    Word.PRESENCE: _presence,
}
