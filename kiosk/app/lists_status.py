"""What the status says of the lists: version, age, and what a person should know."""

from kiosk.app.status import KeyStatus, ListStatus
from kiosk.clock import Clock
from kiosk.lists import Lists, ListVersion
from kiosk.lists.form import NAMES


def list_statuses(lists: Lists, clock: Clock, keys: KeyStatus | None) -> dict[str, ListStatus]:
    """Return the status of every list that there may be, and of the drain rate."""
    utc_s = clock.unix_s() if clock.trusted() else None
    period = None if keys is None else keys.period
    return {
        name: _status(lists.versions.get(name), lists.troubles.get(name), utc_s, period)
        for name in NAMES
    }


def _status(
    held: ListVersion | None, trouble: str | None, utc_s: float | None, period: int | None
) -> ListStatus:
    if held is None:
        return ListStatus(version=None, issued_s=None, age_s=None, entries=0, trouble=trouble)
    return ListStatus(
        version=held.version,
        issued_s=held.issued_s,
        # A clock of the operator may be ahead of ours by a little.
        age_s=None if utc_s is None else max(0, round(utc_s - held.issued_s)),
        entries=held.entries,
        trouble=trouble or _wrong_period(held.periods, period),
    )


def _wrong_period(periods: tuple[int, ...], period: int | None) -> str | None:
    """Return what is wrong with handles that nobody has any more, or has yet."""
    if not periods or period is None or period in periods:
        return None
    return "made for another key period: it finds nobody; have it made again"
