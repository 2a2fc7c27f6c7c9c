"""A release has its day in the changelog, and takes no onboarding code that is older than that."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk import __version__
from kiosk.onboarding.onboarded import MADE_S

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
_SECTION = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d\d-\d\d)$", re.MULTILINE)
DAY_S = 86_400


def sections(changelog: str) -> list[tuple[str, str]]:
    """Return each version with its day, the newest first."""
    found = _SECTION.findall(changelog)
    assert len(found) == changelog.count("\n## "), "a section names no version, or no day"
    return found


def forgotten(changelog: str, made_s: int) -> str | None:
    """Return what is wrong with the day from which on codes are taken."""
    if made_s % DAY_S:
        return "MADE_S is no day's beginning"
    made = f"{datetime.fromtimestamp(made_s, UTC):%Y-%m-%d}"
    released = next((day for _, day in sections(changelog) if day != "unreleased"), None)
    # Later would be as wrong: a code of the day of the release must be taken.
    if released is not None and released != made:
        return f"MADE_S is {made}, and the newest release is of {released}"
    return None


def test_the_changelog_begins_with_this_version() -> None:
    assert sections(CHANGELOG)[0][0] == __version__


def test_no_code_is_taken_that_is_older_than_the_newest_release() -> None:
    assert forgotten(CHANGELOG, MADE_S) is None


@pytest.mark.parametrize(
    ("days", "made", "wrong"),
    [
        (("unreleased",), "2026-01-01", None),
        (("2026-12-01",), "2026-12-01", None),
        (("unreleased", "2026-12-01"), "2026-12-01", None),
        (("2027-02-01", "2026-12-01"), "2026-12-01", "2026-12-01, and the newest .* 2027-02-01"),
        (("2026-12-01",), "2027-02-01", "2027-02-01, and the newest release is of 2026-12-01"),
        (("2026-12-01",), "2026-12-01T09:00", "no day's beginning"),
    ],
)
def test_a_day_that_was_forgotten_is_seen(
    days: tuple[str, ...], made: str, wrong: str | None
) -> None:
    numbered = enumerate(reversed(days), start=1)
    changelog = "# Changelog\n" + "".join(
        reversed([f"\n## [0.{number}.0] - {day}\n" for number, day in numbered])
    )
    said = forgotten(changelog, int(datetime.fromisoformat(made).replace(tzinfo=UTC).timestamp()))
    assert said is None if wrong is None else re.search(wrong, said or "")
