"""Who may pass: the first rule that refuses gives the reason.

This floor knows the rules and nothing of their storage: what a rule needs to know about the world
comes in as an argument.
"""

from dataclasses import dataclass
from enum import StrEnum

from kiosk.door.credential import Credential, Damaged, Defect, Foreign, ForeignKind, Validity
from kiosk.door.sighting import Content


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
    PAYMENT_CODE = "payment-code"
    URL = "url"
    WIFI_CODE = "wifi-code"
    CONTACT_CARD = "contact-card"
    VENUE_POSTER = "venue-poster"
    FOREIGN_POSTER = "foreign-poster"
    UNKNOWN = "unknown"


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


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and its reason."""

    verdict: Verdict
    reason: Reason

    @property
    def accepted(self) -> bool:
        """Tell whether the person may pass."""
        return self.verdict is Verdict.ACCEPTED


@dataclass(frozen=True, slots=True)
class Rules:
    """What this venue asks for: the credential kinds that open its door."""

    accept: frozenset[str]


def decide(content: Content, rules: Rules, utc_s: float | None = None) -> Decision:
    """Return the decision for what was held up; the first refusal wins.

    `utc_s` is the time in Unix seconds; None where nobody knows it, and then no card is refused for
    its dates.

    >>> decide(Foreign(ForeignKind.PAYMENT), Rules(frozenset({"cccd"}))).reason
    <Reason.PAYMENT_CODE: 'payment-code'>
    """
    match content:
        case Foreign(kind):
            return Decision(Verdict.REJECTED, FOREIGN_REASONS[kind])
        case Damaged():
            return Decision(Verdict.REJECTED, DEFECT_REASONS[content.defect])
        case Credential(kind) if kind not in rules.accept:
            return Decision(Verdict.REJECTED, Reason.KIND_NOT_ACCEPTED)
        case Credential():
            late = _outside(content.validity, utc_s)
            return (
                Decision(Verdict.REJECTED, late) if late else Decision(Verdict.ACCEPTED, Reason.OK)
            )


def _outside(validity: Validity, utc_s: float | None) -> Reason | None:
    if utc_s is None:
        return None
    if validity.not_before_s is not None and utc_s < validity.not_before_s:
        return Reason.NOT_YET_VALID
    if validity.expires_s is not None and utc_s >= validity.expires_s:
        return Reason.EXPIRED
    return None
