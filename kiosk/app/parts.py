"""What a kiosk is made of, and what the daemon asks of each part."""

from dataclasses import dataclass, field
from typing import Protocol

from kiosk.app.keys import KeyPeriods
from kiosk.app.notify import Notify
from kiosk.app.status_file import StatusFile
from kiosk.app.telling import STATUS_EVERY_S
from kiosk.app.told_direction import Way
from kiosk.clock import Clock
from kiosk.commands.judging import Terms
from kiosk.door.cues import Show, ShowAll, Unlock
from kiosk.door.machine import Conduct
from kiosk.eye.supervisor import Supervisor
from kiosk.lists import Lists, NoLists
from kiosk.outbox import Outbox


class Courier(Protocol):
    """What the daemon asks of the courier; nothing blocks."""

    @property
    def turned_s(self) -> float:
        """When its thread last turned (monotonic s)."""

    def nudge(self) -> None:
        """Say that a row was committed."""

    def say(self, status: bytes) -> None:
        """Replace the kiosk's status."""

    def answer(self, name: str, body: bytes) -> None:
        """Answer a command."""


class Stage(Protocol):
    """What the daemon asks of the player; nothing blocks."""

    @property
    def turned_s(self) -> float:
        """When its thread last turned (monotonic s)."""

    def play(self, effect: Show | ShowAll | Unlock) -> None:
        """Play `effect` now."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a kiosk is made of; each belongs to the main thread or never blocks it.

    `commands`: whose commands are taken; None: nobody's. `way`: None: as `conduct` says, for ever.
    `status_interval_s`: so often at least the ward hears how we are.
    """

    outbox: Outbox
    courier: Courier
    stage: Stage
    clock: Clock
    supervisor: Supervisor | None
    keys: KeyPeriods
    conduct: Conduct
    silent_s: float
    notify: Notify
    lists: Lists = field(default_factory=NoLists)
    status_file: StatusFile = field(default_factory=lambda: StatusFile(None))
    commands: Terms | None = None
    way: Way | None = None
    status_interval_s: float = STATUS_EVERY_S
