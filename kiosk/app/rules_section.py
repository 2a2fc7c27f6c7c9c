"""The section `[rules]`: what this venue asks besides a card's format, and the cross checks."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kiosk.app.config_fields import Allowed
from kiosk.app.config_problems import shown
from kiosk.app.reading import Reading
from kiosk.app.sections import Door, Kiosk
from kiosk.door.credential import Quota
from kiosk.door.hours import hours_of
from kiosk.door.machine import Passing
from kiosk.door.rules import Passback, Rules, UntrustedClock

_MOST = 99
"""Visits, and days, as on a card."""
_SECTION = "rules"


def _spans(texts: tuple[str, ...]) -> tuple[str, ...]:
    hours_of(texts)
    return texts


_Hours = Annotated[
    tuple[str, ...],
    AfterValidator(_spans),
    Allowed(
        'spans of the week such as "mon-fri 06:00-18:00", "sat,sun 07:00-11:30", "05:00-10:00"'
    ),
]


class VenueRules(BaseModel):
    """Who may enter, besides which cards are read (`[payloads]`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    declaration: bool = Field(
        default=False,
        description="Whether a person needs a health declaration that still counts, by the list of "
        "declarations.",
    )
    open_hours: _Hours = Field(
        default=(),
        max_length=50,
        description="When people may come in, local time; empty: always. A span that ends at or "
        "before its beginning goes on past midnight. Who leaves may always leave.",
    )
    utc_offset_hours: float = Field(
        default=7.0,
        ge=-12,
        le=14,
        multiple_of=0.25,
        description="Hours that local time is ahead of UTC; Vietnam has 7, all year.",
    )
    quota_visits: int | None = Field(
        default=None,
        ge=1,
        le=_MOST,
        description="Visits that one card may make here within `quota_days`; absent: as many as "
        "its own quota allows.",
    )
    quota_days: int = Field(
        default=1,
        ge=1,
        le=_MOST,
        description="Days for which a visit counts: 1 is today, 7 is today and the six before.",
    )
    passback: Passback = Field(
        default=Passback.OFF,
        description="What becomes of a card that passes the same way again: `soft` lets it pass "
        "with a flag in the event and `hard` refuses it, both for `door.stay_max_s`; `timed` "
        "refuses it for `passback_s`. With direction `toggle` in and out alternate, and only "
        "`timed` refuses.",
    )
    passback_s: float = Field(
        default=900.0,
        ge=1,
        le=604800,
        description="Seconds for which `timed` refuses a card that passed, whichever way.",
    )
    capacity: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Most people inside: one out, one in. Needs direction `toggle`, which counts "
        "both ways.",
    )
    untrusted_clock: UntrustedClock = Field(
        default=UntrustedClock.ACCEPT,
        description="What becomes of a card when a rule about time cannot be judged because "
        "nothing has synchronised the clock: `accept` with a flag in the event, or `refuse`.",
    )

    @model_validator(mode="after")
    def _days_of_what(self) -> Self:
        if "quota_days" in self.model_fields_set and self.quota_visits is None:
            raise ValueError("quota_days is given without quota_visits; add quota_visits = 1")
        return self


def check_rules(reading: Reading) -> None:
    """Find rules that this door cannot keep, or that can never refuse anybody."""
    rules = reading.checked.get((_SECTION,))
    kiosk, door = reading.checked.get(("kiosk",)), reading.checked.get(("door",))
    if not isinstance(rules, VenueRules):
        return
    if (
        rules.capacity is not None
        and isinstance(kiosk, Kiosk)
        and kiosk.direction is not Passing.TOGGLE
    ):
        reading.complain(
            (_SECTION, "capacity"),
            f"a door with direction {kiosk.direction.value!r} cannot count who is inside; set "
            "kiosk.direction = 'toggle', or remove capacity",
            shown(rules.capacity),
        )
    if (
        rules.passback is Passback.TIMED
        and isinstance(door, Door)
        and rules.passback_s <= door.repeat_s
    ):
        reading.complain(
            (_SECTION, "passback_s"),
            f"a card is answered 'already recorded' for door.repeat_s = {door.repeat_s:g} s, so "
            f"this never refuses; set passback_s above {door.repeat_s:g}",
            shown(rules.passback_s),
        )


def rules_of(section: VenueRules, accept: tuple[str, ...]) -> Rules:
    """Return the rules that the settings say."""
    visits = section.quota_visits
    return Rules(
        accept=frozenset(accept),
        declaration=section.declaration,
        hours=hours_of(section.open_hours) if section.open_hours else None,
        quota=None if visits is None else Quota(visits, section.quota_days),
        passback=section.passback,
        passback_s=section.passback_s,
        capacity=section.capacity,
        untrusted_clock=section.untrusted_clock,
        utc_offset_s=section.utc_offset_hours * 3600,
    )
