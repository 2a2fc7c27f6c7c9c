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
class Validity:
    """When a credential may be used: UTC in Unix seconds; None where nobody set a limit.

    As in RFC 8392, the first second is within and the last one is not.
    """

    not_before_s: int | None = None
    expires_s: int | None = None

    def within(self, other: "Validity") -> "Validity":
        """Return the time that both allow.

        >>> Validity(10, 50).within(Validity(20, None))
        Validity(not_before_s=20, expires_s=50)
        """
        starts = [s for s in (self.not_before_s, other.not_before_s) if s is not None]
        ends = [s for s in (self.expires_s, other.expires_s) if s is not None]
        return Validity(max(starts, default=None), min(ends, default=None))


class CardClass(StrEnum):
    """Whom the ward gave a card to, in general."""

    RESIDENT = "resident"
    STAFF = "staff"
    MINOR = "minor"
    """Comes in with an escort."""
    ESCORT = "escort"
    """May bring a minor."""


class DayParity(StrEnum):
    """On which days of the month a card is good."""

    EVEN = "even"
    ODD = "odd"


@dataclass(frozen=True, slots=True)
class Quota:
    """How many visits a card is good for, within how many days."""

    visits: int
    days: int


@dataclass(frozen=True, slots=True)
class Claims:
    """What an issuer signed about a card, besides whose it is and how long."""

    issuer: str
    card_class: CardClass | None = None
    parity: DayParity | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """One person's card, minimised at parse time.

    `kind` is the payload format's file name (`cccd`); `subject_id` is the ASCII id on which the
    handle rests, never a name: charset guessing cannot change it. `claims` are there only where
    a signature was verified.
    """

    kind: str
    subject_id: str = field(repr=False)
    assurance: Assurance = Assurance.UNSIGNED
    validity: Validity = field(default_factory=Validity)
    claims: Claims | None = field(default=None, repr=False)


class ForeignKind(StrEnum):
    """A readable code that is no person's credential; each kind is refused with its own reason."""

    PAYMENT = "payment"
    URL = "url"
    WIFI = "wifi"
    CONTACT = "contact"
    VENUE_POSTER = "venue-poster"
    FOREIGN_POSTER = "foreign-poster"
    """A venue's poster of another country."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A readable code that is no person's credential."""

    kind: ForeignKind


class Defect(StrEnum):
    """What is wrong with a code that claims a format."""

    MALFORMED = "malformed"
    """It breaks the format's rules."""
    FORGED = "forged"
    """A trusted issuer is named, and did not sign this as it is now."""
    UNTRUSTED_ISSUER = "untrusted-issuer"
    """Whoever signed it is not trusted here for this."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A code that claims the format `kind` and is not good; `flaw` says why in words."""

    kind: str
    flaw: str
    defect: Defect = Defect.MALFORMED
