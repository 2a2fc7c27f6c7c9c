"""What the kiosk that runs here says of itself, from the copy of its status.

It holds the camera and the header's pins; nobody else can look at them, so its word counts. A
reader of another version than the writer ignores what it does not know.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.machine import Machine

STALE_S = 30.0
"""It speaks at least every ten seconds."""
_MOST_BYTES = 256 * 1024

SILENT = Diagnosis(
    "kiosk.silent",
    Mark.FAULT,
    "the kiosk's process is there and has said nothing for 30 s: it hangs",
    "sudo systemctl restart kiosk; if it happens again: kiosk support-bundle FILE.tar.gz",
)
ROOM_CODES = Diagnosis(
    "kiosk.background",
    Mark.WARNING,
    "a code hangs in the camera's view and is ignored",
    "take down the poster or picture with the code, or turn the camera away from it",
)


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Eye(_Lenient):
    """What the eye last said."""

    camera_ok: bool | None = None
    frames: int | None = None
    frames_hz: float | None = None
    sharpness: int | None = None
    brightness: int | None = None
    pictures_skipped: int | None = None
    restarts: int | None = None


class Queue(_Lenient):
    """What the kiosk says of its outbox."""

    rows: int | None = None
    unsent: int | None = None
    unacknowledged: int | None = None
    oldest_unsent_s: int | None = None
    trouble: str | None = None


class Delivery(_Lenient):
    """What the courier says of the way to the ledger."""

    connected: bool | None = None
    trouble: str | None = None
    ledger_online: bool | None = None
    apart: int | None = None


class Told(_Lenient):
    """What the kiosk says of one of its keys."""

    period: int | None = None
    until_s: int | None = None
    trouble: str | None = None


class Clock(_Lenient):
    """When it said so, in which boot."""

    trusted: bool | None = None
    boot: str | None = None
    mono_ns: int | None = None


class Word(_Lenient):
    """The part of a status that the doctor uses; null where the writer did not say it."""

    firmware: str | None = None
    uptime_s: int | None = None
    phase: str | None = None
    faults: tuple[str, ...] = ()
    outbox: Queue | None = None
    delivery: Delivery | None = None
    site_key: Told | None = None
    certificate: Told | None = None
    background_codes: int | None = None
    eye: Eye | None = None
    clock: Clock | None = None


class _Copy(_Lenient):
    pid: int
    status: Word


@dataclass(frozen=True, slots=True)
class Account:
    """Whether a kiosk runs here, and what it says.

    `runs` is None where nobody can tell. `word` is there only where it runs and has spoken within
    `STALE_S`; `age_s` says how long ago it spoke, None where it never did.
    """

    runs: bool | None
    word: Word | None = None
    age_s: float | None = None


def account(path: Path | None, machine: Machine, monotonic_s: Callable[[], float]) -> Account:
    """Return what the copy at `path` says; None: this kiosk keeps none.

    What systemd says counts too: a kiosk that starts has not spoken yet.
    """
    active = machine.run(["systemctl", "is-active", "--quiet", "kiosk.service"])
    starts = active is not None and active.code == 0
    if path is None:
        return Account(runs=True if starts else None)
    copy = _read(path)
    if copy is None or not _lives(copy, machine):
        return Account(runs=starts)
    said = copy.status.clock
    age_s = None if said is None or said.mono_ns is None else monotonic_s() - said.mono_ns / 1e9
    is_fresh = age_s is not None and age_s <= STALE_S
    return Account(runs=True, word=copy.status if is_fresh else None, age_s=age_s)


def _read(path: Path) -> _Copy | None:
    try:
        # Whoever owns the folder cannot send us elsewhere, or let us wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return _Copy.model_validate_json(file.read(_MOST_BYTES) or b"")
    except (OSError, ValidationError):
        return None


def _lives(copy: _Copy, machine: Machine) -> bool:
    """Tell whether the writer is still there: a process of ours with its number, in this boot."""
    said = copy.status.clock
    if said is not None and said.boot != machine.text("proc/sys/kernel/random/boot_id"):
        return False
    command = machine.text(f"proc/{copy.pid}/cmdline")
    return command is not None and "kiosk" in command


class KioskCheck:
    """Whether a kiosk runs here and is alive."""

    name = "kiosk"
    after: tuple[str, ...] = ()

    def __init__(self, account: Account) -> None:
        self._account = account

    def __call__(self) -> Iterable[Observation]:
        """Tell what it says of itself."""
        known = self._account
        if known.runs is None:
            yield skipped(self.name, "whether it runs is not known: it keeps no copy of its status")
        elif not known.runs:
            yield skipped(self.name, "does not run; camera and pins are tried directly")
        elif known.word is None and known.age_s is None:
            yield skipped(self.name, "starting, or it keeps no copy of its status")
        elif known.word is None:
            yield SILENT.found(f"runs, and has said nothing for {known.age_s:.0f} s")
        elif known.word.faults:
            # Each of them has a line of its own, with its own fix.
            yield skipped(self.name, f"shows out of order: {', '.join(known.word.faults)}")
        elif known.word.background_codes:
            yield ROOM_CODES.found(f"{known.word.background_codes} codes belong to the room")
        else:
            yield fine(self.name, f"{known.word.phase}, runs for {_span(known.word.uptime_s)}")


def _span(seconds: int | None) -> str:
    if seconds is None:
        return "an unknown time"
    return f"{seconds / 86400:.1f} days" if seconds >= 86400 else f"{seconds / 3600:.1f} hours"


def as_json(known: Account) -> dict[str, Any]:
    """Return it for a support bundle."""
    word = None if known.word is None else known.word.model_dump(mode="json")
    return {"runs": known.runs, "age_s": known.age_s, "status": word}
