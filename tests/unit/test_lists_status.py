"""What the status says of the lists: an old one is seen, and never stops a door."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from kiosk.app.lists_status import list_statuses
from kiosk.app.status import KeyStatus, ListStatus
from kiosk.clock.manual import ManualClock, Settings
from kiosk.lists import ListVersion, NoLists

START = datetime(2026, 11, 22, tzinfo=UTC)
ISSUED_S = round(START.timestamp())
DAY_S = 86400


class Listed(NoLists):
    """Lists of which only versions and troubles matter."""

    def __init__(self, versions: Mapping[str, ListVersion], **troubles: str) -> None:
        self.versions = versions
        self.troubles = troubles


def clock(*, trusted: bool = True, days: float = 0.0) -> ManualClock:
    found = ManualClock(Settings(start=START, trusted=trusted))
    found.advance(days * DAY_S)
    return found


def test_a_list_that_never_came_is_said_to_be_none() -> None:
    told = list_statuses(NoLists(), clock(), None)

    assert list(told) == ["issuers", "revoked", "declared", "barred", "drain"]
    assert set(told.values()) == {
        ListStatus(version=None, issued_s=None, age_s=None, entries=0, trouble=None)
    }


def test_the_age_is_told_by_a_trusted_clock_only() -> None:
    lists = Listed({"revoked": ListVersion(7, ISSUED_S, 3)}, revoked="version 6 is below 7")

    old = list_statuses(lists, clock(days=40), None)["revoked"]
    assert old == ListStatus(
        version=7, issued_s=ISSUED_S, age_s=40 * DAY_S, entries=3, trouble="version 6 is below 7"
    )
    assert list_statuses(lists, clock(trusted=False), None)["revoked"].age_s is None
    assert list_statuses(lists, clock(days=-1), None)["revoked"].age_s == 0


@pytest.mark.parametrize(
    ("periods", "period", "finds"),
    [
        ((), None, True),
        ((), 5, True),
        ((5, 6), None, True),
        ((5, 6), 5, True),
        ((5, 6), 6, True),
        ((5, 6), 7, False),
        ((5, 6), 4, False),
    ],
)
def test_handles_of_another_period_find_nobody_and_that_is_said(
    periods: tuple[int, ...], period: int | None, *, finds: bool
) -> None:
    lists = Listed({"barred": ListVersion(7, ISSUED_S, 3, periods)})
    keys = KeyStatus(period=period, trouble=None)

    trouble = list_statuses(lists, clock(), keys)["barred"].trouble
    assert (trouble is None) == finds
    assert trouble is None or "another key period" in trouble
