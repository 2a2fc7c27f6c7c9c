"""The life of one event, from its commit until its row is pruned: one table, for all to read.

The courier moves a row that is in flight by this table; the outbox does the rest of it, and a test
takes an outbox along every arrow. The documentation draws its diagram from here.
"""

from enum import StrEnum

SUCCESS = 0x00
NO_SUBSCRIBERS = 0x10
QUOTA_EXCEEDED = 0x97
PACKET_TOO_LARGE = 0x95
PAYLOAD_FORMAT_INVALID = 0x99


class Row(StrEnum):
    """Where an event is."""

    UNSENT = "unsent"
    IN_FLIGHT = "in flight"
    APART = "set apart"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    PRUNED = "pruned"


class Fate(StrEnum):
    """What happens to it."""

    PUBLISHED = "PUBLISH"
    TAKEN = "PUBACK 0x00"
    KEPT = "PUBACK 0x10 or a refusal"
    UNTAKABLE = "PUBACK 0x95 or 0x99, or refused where others are taken"
    CUT_OFF = "connection ended, or 30 s without PUBACK"
    RETRIED = "an hour later"
    STORED = "acknowledgement"
    OVERDUE = "no acknowledgement in time"
    ASKED_FOR = "lower acknowledgement"
    OLD = "7 days later"
    BLANKED = "retention ends, expired"


LIFE: dict[tuple[Row, Fate], Row] = {
    (Row.UNSENT, Fate.PUBLISHED): Row.IN_FLIGHT,
    (Row.UNSENT, Fate.STORED): Row.ACKNOWLEDGED,
    (Row.UNSENT, Fate.BLANKED): Row.UNSENT,
    (Row.IN_FLIGHT, Fate.TAKEN): Row.SENT,
    (Row.IN_FLIGHT, Fate.KEPT): Row.UNSENT,
    (Row.IN_FLIGHT, Fate.CUT_OFF): Row.UNSENT,
    (Row.IN_FLIGHT, Fate.UNTAKABLE): Row.APART,
    (Row.APART, Fate.RETRIED): Row.UNSENT,
    (Row.SENT, Fate.STORED): Row.ACKNOWLEDGED,
    (Row.SENT, Fate.OVERDUE): Row.UNSENT,
    (Row.SENT, Fate.BLANKED): Row.SENT,
    (Row.ACKNOWLEDGED, Fate.ASKED_FOR): Row.UNSENT,
    (Row.ACKNOWLEDGED, Fate.BLANKED): Row.ACKNOWLEDGED,
    (Row.ACKNOWLEDGED, Fate.OLD): Row.PRUNED,
}


def fate_of(code: int) -> Fate:
    """Return what a PUBACK with this reason code means for its event.

    >>> fate_of(0x00), fate_of(0x10), fate_of(0x87), fate_of(0x99)
    (<Fate.TAKEN: 'PUBACK 0x00'>, <Fate.KEPT: 'PUBACK 0x10 or a refusal'>, \
<Fate.KEPT: 'PUBACK 0x10 or a refusal'>, \
<Fate.UNTAKABLE: 'PUBACK 0x95 or 0x99, or refused where others are taken'>)
    """
    if code == SUCCESS:
        return Fate.TAKEN
    if code in (PACKET_TOO_LARGE, PAYLOAD_FORMAT_INVALID):
        return Fate.UNTAKABLE
    return Fate.KEPT


def trouble_of(code: int) -> str:
    """Return what a PUBACK that is no success means, for a person."""
    if code == NO_SUBSCRIBERS:
        return "nobody is subscribed to this kiosk's events: they are kept"
    if code == QUOTA_EXCEEDED:
        return "the broker's quota is exceeded: events are kept"
    return f"the broker refuses events (0x{code:02x}): they are kept"
