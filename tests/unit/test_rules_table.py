"""Each row names the people, the times and the lights that they are to see: cards and hours."""

from dataclasses import replace

import pytest

from kiosk.door.hours import hours_of
from kiosk.door.machine import Passing
from kiosk.door.rules import FOREIGN_REASONS, Reason, Rules
from tests.parts.rule_rows import ACCEPT, Row, play

OPEN = Rules(ACCEPT)
DAYTIME = replace(OPEN, hours=hours_of(["mon-fri 06:00-18:00", "sat 07:00-11:30"]))
NIGHT = replace(OPEN, hours=hours_of(["fri 22:00-02:00"]))
DECLARED = replace(OPEN, declaration=True)
GREEN, RED = "accepted", "rejected"

CARDS = [
    Row("a card that is accepted here", (("14 08:00", "An", GREEN),)),
    Row("another kind", (("14 08:00", "insurance", f"{RED} kind-not-accepted"),)),
    Row("no card at all", (("14 08:00", "payment", "not-a-card payment-code"),)),
    Row("torn", (("14 08:00", "torn", f"{RED} malformed"),)),
    Row("forged", (("14 08:00", "forged", f"{RED} forged"),)),
    Row("by a stranger", (("14 08:00", "stranger's", f"{RED} untrusted-issuer"),)),
    Row(
        "damaged, of a kind that is not accepted: first things first",
        (("14 08:00", "forged", f"{RED} kind-not-accepted"),),
        Rules(frozenset({"cccd"})),
    ),
    Row(
        "valid until noon",
        (("14 11:59", "till noon", GREEN), ("14 12:00", "till noon", f"{RED} expired")),
    ),
    Row(
        "valid from noon",
        (("14 11:59", "from noon", f"{RED} not-yet-valid"), ("14 12:00", "from noon", GREEN)),
    ),
    Row("revoked", (("14 08:00", "revoked", f"{RED} revoked"),)),
    Row("barred", (("14 08:00", "barred", f"{RED} barred"),)),
    Row("revoked comes before barred", (("14 08:00", "barred, revoked", f"{RED} revoked"),)),
    Row("expired comes before revoked", (("14 08:00", "revoked, late", f"{RED} expired"),)),
    Row(
        "two who may pass, at once",
        (("14 08:00", "An+Binh", "one-at-a-time"), ("14 08:01", "Binh", GREEN)),
    ),
    Row("one who may not does not make two", (("14 08:00", "An+revoked", GREEN),)),
    Row(
        "the same card again, soon and later",
        (("14 08:00", "An", GREEN), ("14 08:01", "An", GREEN)),
    ),
]
TIMES = [
    Row(
        "a venue with hours",
        (
            ("13 05:59", "An", f"{RED} outside-hours"),
            ("13 06:00", "An", GREEN),
            ("13 17:59", "Binh", GREEN),
            ("13 18:00", "Chi", f"{RED} outside-hours"),
            ("14 06:30", "An", f"{RED} outside-hours"),
            ("14 07:00", "An", GREEN),
            ("14 11:30", "Binh", f"{RED} outside-hours"),
            ("15 08:00", "An", f"{RED} outside-hours"),
            ("16 08:00", "An", GREEN),
        ),
        DAYTIME,
    ),
    Row(
        "hours past midnight belong to the day on which they began",
        (
            ("13 21:59", "An", f"{RED} outside-hours"),
            ("13 23:00", "An", GREEN),
            ("14 01:59", "Binh", GREEN),
            ("14 02:00", "Chi", f"{RED} outside-hours"),
            ("14 23:00", "An", f"{RED} outside-hours"),
        ),
        NIGHT,
    ),
    Row(
        "who is inside may leave after the hours",
        (
            ("13 17:00", "An", GREEN),
            ("13 18:30", "An", GREEN),
            ("13 18:40", "An", f"{RED} outside-hours"),
        ),
        DAYTIME,
        Passing.TOGGLE,
    ),
    Row(
        "a market with even and odd cards",
        (
            ("13 08:00", "even", f"{RED} wrong-day"),
            ("13 08:01", "odd", GREEN),
            ("14 08:00", "even", GREEN),
            ("14 08:01", "odd", f"{RED} wrong-day"),
            ("14 08:02", "An", GREEN),
        ),
    ),
    Row(
        "the day begins at midnight here, not in Greenwich",
        (("13 23:59", "odd", GREEN), ("14 00:01", "even", GREEN)),
    ),
    Row(
        "the last day of a month and the first of the next are both odd",
        (
            ("31 08:00", "odd", GREEN),
            ("31 08:01", "even", f"{RED} wrong-day"),
        ),
    ),
    Row(
        "a declaration is asked for",
        (
            ("14 08:00", "An", "declare declaration-missing"),
            ("14 11:59", "declared", GREEN),
            ("14 12:00", "declared", "declare declaration-expired"),
        ),
        DECLARED,
    ),
    Row(
        "barred comes before the declaration",
        (("14 08:00", "barred", f"{RED} barred"),),
        DECLARED,
    ),
    Row(
        "the declaration comes before the hours",
        (("14 20:00", "An", "declare declaration-missing"),),
        replace(DAYTIME, declaration=True),
    ),
]
ROWS = [*CARDS, *TIMES]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_the_lights_are_those_of_the_row(row: Row) -> None:
    assert play(row) == [lights for _, _, lights in row.story]


def test_every_reason_is_met_by_a_row() -> None:
    said = {word for row in ROWS for _, _, lights in row.story for word in lights.split()}
    said.add(Reason.OK)
    passed_before = {Reason.QUOTA_USED, Reason.PASSBACK, Reason.FULL, Reason.CLOCK_UNTRUSTED}
    other_codes = set(FOREIGN_REASONS.values()) - {Reason.PAYMENT_CODE}
    assert set(Reason) - said == passed_before | other_codes
