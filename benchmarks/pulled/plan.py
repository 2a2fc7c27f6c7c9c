"""What a guest is to do in one boot, and what it tells when it has: files of the shared folder."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from benchmarks.lists_workload import SITE
from kiosk.door.event import source_of

DEVICE: Final = "door-1"
SOURCE: Final = source_of(SITE, DEVICE)
PLAN, TOLD = "plan.json", "told.json"
OUTBOX, SITE_KEY, DEVICE_KEY, LISTS = "outbox.db", "site.key", "device.key", "lists"
"""Files of the kiosk's folder, which is the whole disk."""
LEDGER = "ledger.db"
"""What the ledger has; it lies on another disk, which nobody cuts."""
GREEN, LIST_BEGINS, LIST_IS_TAKEN = "green", "list-begins", "list-is-taken"
"""What marks tell of: an event, or a version of the list of revoked cards."""
PERIOD_DAYS, RETENTION_DAYS, ACKNOWLEDGED_DAYS = 1, 2.0, 1.0


class End(StrEnum):
    """How the kiosk's process ends; the disk has power all the while."""

    STOPPED = "stopped"
    KILLED = "killed"


class Plan(BaseModel):
    """One boot: a kiosk that lives once for each of `lives`, and shows `cards` in each.

    The list of revoked cards that the first life takes has the version `first_list`, and so on.
    `ahead_s`: the guest's clock is so far ahead of this computer's. `delivers`: a broker and a
    ledger are there. `normal`: the control.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    lives: tuple[End, ...]
    cards: int
    first_list: int = 1
    ahead_s: float = 0.0
    delivers: bool = False
    normal: bool = False


class Told(BaseModel):
    """What a guest saw: `rises` of green, `marks` of them in the disk's log, `scans` accepted.

    `lags_s`: how long after a rise its mark was made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rises: int
    scans: int
    marks: int
    lags_s: tuple[float, ...] = ()


def mark_of(what: str, which: object) -> str:
    """Return a mark: what happened, and to which event or version. A space would end it.

    >>> told_by(mark_of(GREEN, "00ff:12"))
    ('green', '00ff:12')
    """
    return f"{what}:{which}"


def told_by(mark: str) -> tuple[str, str]:
    """Return what a mark tells."""
    what, _, which = mark.partition(":")
    return what, which
