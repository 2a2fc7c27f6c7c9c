"""The outbox: is its file whole, how much waits in it, and for how long? It is only read."""

from collections.abc import Iterable
from pathlib import Path

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.errors import OutboxError
from kiosk.outbox.store import reading
from kiosk.outbox.store.opening import Damaged

LONG_S = 3600.0
CROWDED = 0.8

DAMAGED = Diagnosis(
    "outbox.damaged",
    Mark.FAULT,
    "the outbox's file is damaged",
    "kiosk outbox export FILE saves what can be read; then replace the card: "
    "docs/howto/rescue-events.md",
)
UNREADABLE = Diagnosis(
    "outbox.unreadable",
    Mark.FAULT,
    "the outbox's file cannot be read",
    "run doctor with sudo; kiosk outbox status --check says more",
)
SET_ASIDE = Diagnosis(
    "outbox.set-aside",
    Mark.WARNING,
    "a damaged file was set aside earlier",
    "replace the card soon; get what it holds: docs/howto/rescue-events.md",
)
WAITING = Diagnosis(
    "outbox.waiting",
    Mark.WARNING,
    "events have waited for a broker for more than an hour",
    "mend what the lines network and broker say; nothing is lost meanwhile",
)
CROWDING = Diagnosis(
    "outbox.crowded",
    Mark.WARNING,
    "the outbox has taken most of outbox.max_mb",
    "mend what the lines network and broker say, or raise outbox.max_mb",
)


class OutboxCheck:
    """The file at `path`, which may take `max_mb`."""

    name = "outbox"
    after: tuple[str, ...] = ("disk.missing",)

    def __init__(self, path: Path | None, max_mb: int | None) -> None:
        self._path = path
        self._max_mb = max_mb

    def __call__(self) -> Iterable[Observation]:
        """Read all of it."""
        if self._path is None:
            yield skipped(self.name, "this outbox has no file")
            return
        if not self._path.exists():
            yield skipped(self.name, "no file yet: the kiosk makes it at its first start")
            return
        try:
            account = reading.account(self._path, check=True)
        except Damaged as error:
            yield DAMAGED.found(str(error))
            return
        except OutboxError as error:
            yield UNREADABLE.found(str(error))
            return
        yield self._judged(account)

    def _judged(self, account: reading.Account) -> Observation:
        waited_s = account.oldest_unsent_s or 0.0
        size_mb = account.size_bytes / 1e6
        what = (
            f"{account.rows} events, {account.unsent} unsent, {account.unacknowledged} "
            f"unacknowledged, {size_mb:.1f} MB"
        )
        if account.integrity not in (None, "ok"):
            return DAMAGED.found(f"{what}; {account.integrity}")
        if account.damaged_files:
            return SET_ASIDE.found(f"{what}; set aside: {len(account.damaged_files)} files")
        if self._max_mb is not None and size_mb >= CROWDED * self._max_mb:
            return CROWDING.found(f"{what} of {self._max_mb}")
        if waited_s > LONG_S:
            return WAITING.found(f"{what}; the oldest has waited {waited_s / 3600:.1f} hours")
        return fine(self.name, what)
