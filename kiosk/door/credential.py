"""What a card claims, minimised, and what is said of a code that is no card.

Address, parents, phone and insurance fields never get this far: a parser drops them. `repr` hides
the subject, so that a credential in a traceback or a log tells nobody who stood at the door.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Assurance(StrEnum):
    """How much a credential proves."""

    SIGNED = "signed"
    """An issuer's signature was verified."""
    UNSIGNED = "unsigned"
    """It proves only that somebody holds this string."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One person's card, minimised at parse time.

    `kind` is the payload format's file name (`cccd`); `subject_id` is the ASCII id on which the
    handle rests, never a name: charset guessing cannot change it.
    """

    kind: str
    subject_id: str = field(repr=False)
    assurance: Assurance = Assurance.UNSIGNED


class ForeignKind(StrEnum):
    """A readable code that is no person's credential; each kind is refused with its own reason."""

    PAYMENT = "payment"
    URL = "url"
    WIFI = "wifi"
    CONTACT = "contact"
    VENUE_POSTER = "venue-poster"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A readable code that is no person's credential."""

    kind: ForeignKind


@dataclass(frozen=True, slots=True)
class Damaged:
    """A code that claims the format `kind` and breaks its rules; `flaw` says which."""

    kind: str
    flaw: str
