"""What a venue may ask of a card, and what is answered: rules, reasons, flags, decisions.

Who is refused by them is computed in `rules.py` and `passage.py`.
"""

from dataclasses import dataclass
from enum import StrEnum

from kiosk.door.credential import Defect, ForeignKind, Quota
from kiosk.door.hours import Hours

VIETNAM_OFFSET_S = 7 * 3600
"""UTC+7; there is no daylight saving time."""


class Verdict(StrEnum):
    """The answer to a presentation."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why; on the wire, in the log line and behind the signal."""

    OK = "ok"
    KIND_NOT_ACCEPTED = "kind-not-accepted"
    MALFORMED = "malformed"
    FORGED = "forged"
    UNTRUSTED_ISSUER = "untrusted-issuer"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    BARRED = "barred"
    DECLARATION_MISSING = "declaration-missing"
    DECLARATION_EXPIRED = "declaration-expired"
    OUTSIDE_HOURS = "outside-hours"
    WRONG_DAY = "wrong-day"
    QUOTA_USED = "quota-used"
    PASSBACK = "passback"
    FULL = "full"
    CLOCK_UNTRUSTED = "clock-untrusted"
    PAYMENT_CODE = "payment-code"
    URL = "url"
    WIFI_CODE = "wifi-code"
    CONTACT_CARD = "contact-card"
    VENUE_POSTER = "venue-poster"
    FOREIGN_POSTER = "foreign-poster"
    UNKNOWN = "unknown"


class Flag(StrEnum):
    """What was not as it should be when somebody passed all the same."""

    PASSBACK = "passback"
    """The same card passed the same way shortly before."""
    CLOCK_UNTRUSTED = "clock-untrusted"
    """A rule about time could not be judged."""


class Rule(StrEnum):
    """What is asked, in this order."""

    FORMAT = "format"
    READABLE = "readable"
    GENUINE = "genuine"
    VALIDITY = "validity"
    REVOKED = "revoked"
    BARRED = "barred"
    DECLARATION = "declaration"
    HOURS = "hours"
    DAY_PARITY = "day-parity"
    QUOTA = "quota"
    PASSBACK = "passback"
    CAPACITY = "capacity"


class Passback(StrEnum):
    """What becomes of a card that passes the same way again."""

    OFF = "off"
    SOFT = "soft"
    """It passes, with a flag."""
    HARD = "hard"
    """It is refused until the longest stay is over."""
    TIMED = "timed"
    """It is refused for `passback_s`, whichever way."""


class UntrustedClock(StrEnum):
    """What becomes of a card when a rule about time cannot be judged."""

    ACCEPT = "accept"
    REFUSE = "refuse"


FOREIGN_REASONS = {
    ForeignKind.PAYMENT: Reason.PAYMENT_CODE,
    ForeignKind.URL: Reason.URL,
    ForeignKind.WIFI: Reason.WIFI_CODE,
    ForeignKind.CONTACT: Reason.CONTACT_CARD,
    ForeignKind.VENUE_POSTER: Reason.VENUE_POSTER,
    ForeignKind.FOREIGN_POSTER: Reason.FOREIGN_POSTER,
    ForeignKind.UNKNOWN: Reason.UNKNOWN,
}
DEFECT_REASONS = {
    Defect.MALFORMED: Reason.MALFORMED,
    Defect.FORGED: Reason.FORGED,
    Defect.UNTRUSTED_ISSUER: Reason.UNTRUSTED_ISSUER,
}


REFUSALS: dict[Rule, tuple[Reason, ...]] = {
    Rule.FORMAT: (Reason.KIND_NOT_ACCEPTED, *FOREIGN_REASONS.values()),
    Rule.READABLE: (Reason.MALFORMED,),
    Rule.GENUINE: (Reason.FORGED, Reason.UNTRUSTED_ISSUER),
    Rule.VALIDITY: (Reason.NOT_YET_VALID, Reason.EXPIRED),
    Rule.REVOKED: (Reason.REVOKED,),
    Rule.BARRED: (Reason.BARRED,),
    Rule.DECLARATION: (Reason.DECLARATION_MISSING, Reason.DECLARATION_EXPIRED),
    Rule.HOURS: (Reason.OUTSIDE_HOURS,),
    Rule.DAY_PARITY: (Reason.WRONG_DAY,),
    Rule.QUOTA: (Reason.QUOTA_USED,),
    Rule.PASSBACK: (Reason.PASSBACK,),
    Rule.CAPACITY: (Reason.FULL,),
}
"""With which reasons each rule refuses; `docs/explanation/door.md` is drawn from this table."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, its reason, and what was let pass all the same."""

    verdict: Verdict
    reason: Reason
    flags: tuple[Flag, ...] = ()

    @property
    def accepted(self) -> bool:
        """Tell whether the person may pass."""
        return self.verdict is Verdict.ACCEPTED


ACCEPTED = Decision(Verdict.ACCEPTED, Reason.OK)


@dataclass(frozen=True, slots=True)
class Rules:
    """What this venue asks for.

    `accept`: the kinds that open its door. `hours`: None where it is always open. `quota`: what
    everybody may use here, besides what a card's own claim allows. `capacity`: how many may be
    inside; None where nobody counts. `utc_offset_s`: what local time is ahead of UTC.
    """

    accept: frozenset[str]
    declaration: bool = False
    hours: Hours | None = None
    quota: Quota | None = None
    passback: Passback = Passback.OFF
    passback_s: float = 900.0
    capacity: int | None = None
    untrusted_clock: UntrustedClock = UntrustedClock.ACCEPT
    utc_offset_s: float = VIETNAM_OFFSET_S
