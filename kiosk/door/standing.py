"""What this kiosk's lists say of a credential: looked up when it is seen, decided on later."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What the lists say of one credential.

    `declared_until_s` is until when its health declaration counts, UTC in Unix seconds; None where
    there is none.
    """

    revoked: bool = False
    barred: bool = False
    """The authority lets this person pass nowhere, whatever the card."""
    declared_until_s: float | None = None


UNLISTED = Standing()
"""What is said of a credential that stands in no list."""
