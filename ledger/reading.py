"""What a message says: an event with its number, or something that cannot be read.

Pure. Whatever a broker delivers becomes one of the two; nothing here raises. What passes is also
known to fit the storage, so that one bad message cannot hold up the good ones around it.
"""

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from kiosk.door.event import CheckInEvent, Event, read_event
from ledger.source import Message

MAX_BODY_BYTES = 64 * 1024
"""An event has half a kilobyte; with a sealed identity a few."""
MAX_NUMBER = 2**63 - 1
"""What a database's integer holds."""
_MAX_DIGITS = len(str(MAX_NUMBER))
_MAX_NS = 2**62 - 1
"""Two of them can be added; it is 146 years."""
_MAX_NAME = 64
"""Characters of a boot id or the name of a card's format."""
_MAX_TOPIC = 256
_MAX_SEALED = 32 * 1024
_KNOWN = 8192
"""Short texts that come again and again, of which it is remembered what they are."""

_TOPIC = re.compile(r"(kiosk/v1/[a-z0-9-]+/[a-z0-9-]+)/event/[^/]+")
_ID = re.compile(r"([0-9a-f]{16}):([1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Number:
    """Which event of which kiosk."""

    source: str
    epoch: str
    seq: int


class Received(NamedTuple):
    """A readable event. `digest` tells two bodies with one number apart.

    A tuple: there are many, and it is made in a third of a frozen dataclass's time.
    """

    source: str
    epoch: str
    seq: int
    digest: bytes
    event: Event
    topic: str
    body: bytes

    def __repr__(self) -> str:
        """Say which event it is, and nothing of what it holds."""
        return f"Received({self.source} {self.epoch}:{self.seq})"


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that is stored as it came, and why; `number` where it can be told all the same."""

    topic: str
    reason: str
    digest: bytes
    body: bytes = field(repr=False)
    number: Number | None = None


def read(message: Message) -> Received | Unread:
    """Return what `message` says."""
    topic, body = message.topic, message.body
    source = _source_in(topic) if len(topic) <= _MAX_TOPIC else None
    if source is None:
        return _unread(message, "the topic is no kiosk's")
    if len(body) > MAX_BODY_BYTES:
        return _unread(message, "the message is too large")
    try:
        event = read_event(body)
    except ValueError as error:
        return _unread(message, _why(error), _number_in(body, source))
    if event.source != source:
        return _unread(message, "it names another source than its topic")
    # Its shape was checked.
    epoch, _, digits = event.id.partition(":")
    seq = int(digits[: _MAX_DIGITS + 1])
    fits = seq <= MAX_NUMBER
    if unfit := _unfit(event) if fits else "its number is too large":
        return _unread(message, unfit, Number(source, epoch, seq) if fits else None)
    return Received(source, epoch, seq, digest_of(body), event, topic, body)


def refused(received: Received, why: str) -> Unread:
    """Return a readable event that cannot be stored as one."""
    number = Number(received.source, received.epoch, received.seq)
    return Unread(received.topic[:_MAX_TOPIC], why, received.digest, received.body, number)


def digest_of(body: bytes) -> bytes:
    """Return 16 bytes that stand for a body."""
    return blake2b(body, digest_size=16).digest()


def _unread(message: Message, reason: str, number: Number | None = None) -> Unread:
    body = message.body
    # A topic may have 64 KiB, and a database's index not.
    return Unread(
        message.topic[:_MAX_TOPIC], reason, digest_of(body), body[:MAX_BODY_BYTES], number
    )


def _why(error: ValueError) -> str:
    # What pydantic says quotes the input, and that may be anything. Places and kinds are ours.
    details: Any = getattr(error, "errors", None)
    if details is None:
        return "it is no event"
    first = details(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"] if _is_ours(part))
    return f"it is no event that is known here: {first['type']} at {place or 'the top'}"


def _is_ours(part: int | str) -> bool:
    return isinstance(part, int) or re.fullmatch(r"[a-z_.0-9]{1,40}", part) is not None


def _number_in(body: bytes, source: str) -> Number | None:
    """Return the number of what may be an event of a later version."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("source") != source:
        return None
    return _number(source, value.get("id"))


def _number(source: str, event_id: object) -> Number | None:
    match = _ID.fullmatch(event_id) if isinstance(event_id, str) else None
    if match is None or int(match[2]) > MAX_NUMBER:
        return None
    return Number(source, match[1], int(match[2]))


def _unfit(event: Event) -> str | None:
    """Return why no storage could hold this event, or nothing."""
    if isinstance(event, CheckInEvent):
        data = event.data
        if not (_is_name(data.clock.boot) and (data.kind is None or _is_name(data.kind))):
            return "a name in it is too long, or is none"
        if data.clock.mono_ns > _MAX_NS:
            return "its monotonic clock is beyond all bounds"
        sealed = data.sealed
        if sealed is not None and (len(sealed) > _MAX_SEALED or not sealed.isprintable()):
            return "its sealed identity is too long, or is none"
        return None
    if not _is_name(event.data.boot):
        return "a name in it is too long, or is none"
    return None if abs(event.data.offset_ns) <= _MAX_NS else "its offset is beyond all bounds"


@lru_cache(maxsize=_KNOWN)
def _source_in(topic: str) -> str | None:
    place = _TOPIC.fullmatch(topic)
    return None if place is None else place[1]


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _MAX_NAME and _is_printable(text)


@lru_cache(maxsize=_KNOWN)
def _is_printable(text: str) -> bool:
    return text.isprintable()
