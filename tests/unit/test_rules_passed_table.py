"""Rows of people, times and lights, where the door must know who passed before."""

from dataclasses import replace

import pytest

from kiosk.door.credential import Quota
from kiosk.door.machine import Passing
from kiosk.door.rules import Passback, Rules
from tests.parts.rule_rows import ACCEPT, Row, play

OPEN = Rules(ACCEPT)
HARD = replace(OPEN, passback=Passback.HARD)
SOFT = replace(OPEN, passback=Passback.SOFT)
TIMED = replace(OPEN, passback=Passback.TIMED, passback_s=600.0)
TWO = replace(OPEN, capacity=2)
GREEN, RED = "accepted", "rejected"

ROWS = [
    Row(
        "twice a week, by local days",
        (
            ("10 08:00", "twice a week", GREEN),
            ("12 08:00", "twice a week", GREEN),
            ("12 09:00", "twice a week", f"{RED} quota-used"),
            ("16 23:59", "twice a week", f"{RED} quota-used"),
            ("17 00:01", "twice a week", GREEN),
            ("18 08:00", "twice a week", f"{RED} quota-used"),
            ("19 00:01", "twice a week", GREEN),
        ),
    ),
    Row(
        "once a day, on both sides of midnight",
        (
            ("14 23:58", "once a day", GREEN),
            ("14 23:59", "once a day", f"{RED} quota-used"),
            ("15 00:01", "once a day", GREEN),
        ),
    ),
    Row(
        "the venue's own quota holds for every card",
        (
            ("14 08:00", "An", GREEN),
            ("14 09:00", "An", f"{RED} quota-used"),
            ("14 09:01", "Binh", GREEN),
            ("15 08:00", "An", GREEN),
        ),
        replace(OPEN, quota=Quota(1, 1)),
    ),
    Row(
        "of two quotas the narrower counts",
        (
            ("10 08:00", "twice a week", GREEN),
            ("10 09:00", "twice a week", f"{RED} quota-used"),
            ("11 08:00", "twice a week", GREEN),
            ("12 08:00", "twice a week", f"{RED} quota-used"),
        ),
        replace(OPEN, quota=Quota(1, 1)),
    ),
    Row(
        "leaving uses up nothing and is never refused for it",
        (
            ("14 08:00", "once a day", GREEN),
            ("14 09:00", "once a day", GREEN),
            ("14 10:00", "once a day", f"{RED} quota-used"),
        ),
        OPEN,
        Passing.TOGGLE,
    ),
    Row(
        "a way out uses up nothing",
        (("14 08:00", "once a day", GREEN), ("14 09:00", "once a day", GREEN)),
        OPEN,
        Passing.OUT,
    ),
    Row(
        "anti-passback off",
        (("14 08:00", "An", GREEN), ("14 08:01", "An", GREEN)),
    ),
    Row(
        "hard: not again until the longest stay is over",
        (
            ("14 08:00", "An", GREEN),
            ("14 08:01", "An", f"{RED} passback"),
            ("14 08:02", "Binh", GREEN),
            ("14 09:59", "An", f"{RED} passback"),
            ("14 10:00", "An", GREEN),
            ("14 11:59", "An", f"{RED} passback"),
        ),
        HARD,
        stay_max_s=7200.0,
    ),
    Row(
        "hard, on the way out",
        (("14 08:00", "An", GREEN), ("14 08:01", "An", f"{RED} passback")),
        HARD,
        Passing.OUT,
    ),
    Row(
        "soft: it passes, with a flag",
        (
            ("14 08:00", "An", GREEN),
            ("14 09:00", "An", f"{GREEN} !passback"),
            ("14 10:59", "An", f"{GREEN} !passback"),
            ("14 12:59", "An", GREEN),
        ),
        SOFT,
        stay_max_s=7200.0,
    ),
    Row(
        "timed: ten minutes",
        (
            ("14 08:00", "An", GREEN),
            ("14 08:09", "An", f"{RED} passback"),
            ("14 08:10", "An", GREEN),
        ),
        TIMED,
    ),
    Row(
        "where both ways are counted, hard refuses nobody",
        tuple((f"14 08:{minute:02}", "An", GREEN) for minute in range(1, 6)),
        HARD,
        Passing.TOGGLE,
    ),
    Row(
        "where both ways are counted, timed refuses either way",
        (
            ("14 08:00", "An", GREEN),
            ("14 08:05", "An", f"{RED} passback"),
            ("14 08:10", "An", GREEN),
            ("14 08:15", "An", f"{RED} passback"),
            ("14 08:20", "An", GREEN),
        ),
        TIMED,
        Passing.TOGGLE,
    ),
    Row(
        "full: one out, one in",
        (
            ("14 08:00", "An", GREEN),
            ("14 08:01", "Binh", GREEN),
            ("14 08:02", "Chi", "full"),
            ("14 08:03", "Binh", GREEN),
            ("14 08:04", "Chi", GREEN),
            ("14 08:05", "Dung", "full"),
        ),
        TWO,
        Passing.TOGGLE,
    ),
    Row(
        "who stays beyond the longest stay takes no place",
        (
            ("14 08:00", "An", GREEN),
            ("14 08:01", "Binh", GREEN),
            ("14 09:59", "Chi", "full"),
            ("14 10:00", "Chi", GREEN),
        ),
        TWO,
        Passing.TOGGLE,
        7200.0,
    ),
    Row(
        "anti-passback comes before capacity, quota before both",
        (
            ("14 08:00", "once a day", GREEN),
            ("14 08:11", "once a day", GREEN),
            ("14 08:12", "once a day", f"{RED} quota-used"),
            ("14 08:13", "An", GREEN),
            ("14 08:24", "An", GREEN),
            ("14 08:25", "An", f"{RED} passback"),
        ),
        replace(TIMED, capacity=1),
        Passing.TOGGLE,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_the_lights_are_those_of_the_row(row: Row) -> None:
    assert play(row) == [lights for _, _, lights in row.story]
