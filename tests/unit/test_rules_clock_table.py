"""Rows of people, times and lights, where the clock is lost, wrong, or trusted only later."""

from dataclasses import replace

import pytest

from kiosk.door.hours import hours_of
from kiosk.door.machine import Passing
from kiosk.door.rules import Passback, Rules, UntrustedClock
from tests.parts.rule_rows import ACCEPT, Row, play

OPEN = Rules(ACCEPT)
STRICT = replace(OPEN, untrusted_clock=UntrustedClock.REFUSE)
DAYTIME = replace(OPEN, hours=hours_of(["mon-fri 06:00-18:00", "sat 07:00-11:30"]))
HARD = replace(OPEN, passback=Passback.HARD)
SOFT = replace(OPEN, passback=Passback.SOFT)
TWO = replace(OPEN, capacity=2)
GREEN, RED = "accepted", "rejected"

ROWS = [
    Row(
        "no clock: what has no time in it is judged as ever",
        (
            ("14 08:00", "clock lost", ""),
            ("14 08:01", "An", GREEN),
            ("14 08:02", "revoked", f"{RED} revoked"),
        ),
        STRICT,
    ),
    Row(
        "no clock, accept: it passes with a flag",
        (
            ("14 13:00", "clock lost", ""),
            ("14 13:01", "till noon", f"{GREEN} !clock-untrusted"),
            ("14 13:02", "even", f"{GREEN} !clock-untrusted"),
        ),
    ),
    Row(
        "no clock, refuse: it is refused",
        (
            ("14 08:00", "clock lost", ""),
            ("14 08:01", "till noon", f"{RED} clock-untrusted"),
            ("14 08:02", "clock right", ""),
            ("14 08:03", "till noon", GREEN),
        ),
        STRICT,
    ),
    Row(
        "a rule that can be judged comes before one that cannot",
        (
            ("14 08:00", "clock lost", ""),
            ("14 08:01", "revoked, late", f"{RED} revoked"),
            ("14 08:02", "An", "declare declaration-missing"),
        ),
        replace(STRICT, declaration=True),
    ),
    Row(
        "no clock: hours and declarations cannot be judged",
        (
            ("14 20:00", "clock lost", ""),
            ("14 20:01", "declared", f"{GREEN} !clock-untrusted"),
        ),
        replace(DAYTIME, declaration=True),
    ),
    Row(
        "a quota that was not touched needs no clock; the next visit does",
        (
            ("14 08:00", "clock lost", ""),
            ("14 08:01", "once a day", GREEN),
            ("14 08:02", "once a day", f"{RED} clock-untrusted"),
            ("14 08:03", "clock right", ""),
            ("14 08:04", "once a day", f"{RED} quota-used"),
            ("15 08:04", "once a day", GREEN),
        ),
        STRICT,
    ),
    Row(
        "both flags",
        (
            ("14 08:00", "clock lost", ""),
            ("14 08:01", "even", f"{GREEN} !clock-untrusted"),
            ("14 08:02", "even", f"{GREEN} !passback !clock-untrusted"),
        ),
        SOFT,
    ),
    Row(
        "a clock that jumps forward ends no anti-passback and gives no quota back",
        (
            ("14 08:00", "once a day", GREEN),
            ("14 08:01", "clock +72", ""),
            ("14 08:02", "once a day", f"{RED} quota-used"),
            ("14 08:03", "clock right", ""),
            ("14 08:04", "once a day", f"{RED} quota-used"),
        ),
        HARD,
    ),
    Row(
        "a clock that jumps back keeps nobody out for longer",
        (
            ("14 08:00", "An", GREEN),
            ("14 08:01", "clock -720", ""),
            ("14 09:59", "An", f"{RED} passback"),
            ("14 10:00", "An", GREEN),
        ),
        HARD,
        stay_max_s=7200.0,
    ),
    Row(
        "jumps both ways move nobody in or out",
        (
            ("14 08:00", "An", GREEN),
            ("14 08:01", "Binh", GREEN),
            ("14 08:02", "clock +8760", ""),
            ("14 08:03", "Chi", "full"),
            ("14 08:04", "clock -8760", ""),
            ("14 08:05", "Chi", "full"),
            ("14 08:06", "clock lost", ""),
            ("14 08:07", "Chi", "full"),
            ("14 08:08", "An", GREEN),
            ("14 08:09", "Chi", GREEN),
        ),
        TWO,
        Passing.TOGGLE,
    ),
    Row(
        "visits under a wrong clock count on their true days once it is right",
        (
            ("10 08:00", "clock +72", ""),
            ("10 08:01", "twice a week", GREEN),
            ("12 08:01", "twice a week", GREEN),
            ("12 08:02", "clock right", ""),
            ("16 08:00", "twice a week", f"{RED} quota-used"),
            ("17 08:00", "twice a week", GREEN),
        ),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_the_lights_are_those_of_the_row(row: Row) -> None:
    assert play(row) == [lights for _, _, lights in row.story]
