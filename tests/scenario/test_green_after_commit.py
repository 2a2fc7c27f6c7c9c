"""Green means recorded, as seen by the lamp itself: see `tests.scenario.witness`.

Two hundred people pass while commits fail at random, before they reach the disk and after; and a
disk is full for real. Never has green risen more often than there are check-ins on the disk.
"""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

from kiosk.app.player import Player
from kiosk.door.cues import Show
from kiosk.door.event import Acknowledgement, CheckIn, QueuedEvent
from kiosk.door.machine import Phase
from kiosk.door.signal import FAULT_BLINKS, Fault, Signal
from kiosk.errors import OutboxError
from kiosk.eye.people import person
from kiosk.outbox import MemoryChange, Outbox
from kiosk.outbox.sqlite import Settings, SqliteOutbox
from tests.parts.check_ins import SOURCE, check_in
from tests.parts.disk import small_disk
from tests.scenario.doorway import Doorway, RecordedOutbox
from tests.scenario.witness import GREEN_PIN, RED_PIN, WatchedDoor, Witness, accepted_rows

PEOPLE = 200
URL = "https://thucdon.example.vn/ban-{}"
OUT_OF_ORDER = Show(Signal.OUT_OF_ORDER, Fault.DISK)


class FaultyOutbox(RecordedOutbox):
    """An outbox whose commits fail now and then; `lies` counts those that are on disk all the same.

    Failing after the disk has it is against the contract, and still must not cost the promise.
    """

    def __init__(self, outbox: Outbox, rng: random.Random) -> None:
        super().__init__(outbox, [])
        self._rng = rng
        self.refused = 0
        self.lies = 0

    def commit(self, check_in: CheckIn, change: MemoryChange | None = None) -> QueuedEvent:
        fate = self._rng.random()
        if fate < 0.15:
            self.refused += 1
            raise OutboxError("a scripted disk does not take the row")
        event = super().commit(check_in, change)
        if fate > 0.9:
            self.lies += 1
            raise OutboxError("a scripted disk took the row and says that it did not")
        return event


@contextlib.contextmanager
def watched(path: Path) -> Iterator[tuple[Witness, WatchedDoor, Player]]:
    """Give a lamp that looks into the outbox at `path`, which must exist before it is first lit."""
    witness = Witness(path)
    door = WatchedDoor(witness)
    with door as player:
        yield witness, door, player


def clear(doorway: Doorway, witness: Witness) -> None:
    """Let the last person go and refuse a link, so that the next green is a rise of its own."""
    doorway.wait(4)
    # Another link each time: one that always stands in the same place would become background.
    doorway.hold(URL.format(witness.rises), for_s=0.5)
    witness.wait_until_dark()
    doorway.wait(4)


def test_two_hundred_people_and_commits_that_fail(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = FaultyOutbox(SqliteOutbox(Settings(path=path), SOURCE), random.Random(5))
    with watched(path) as (witness, door, player):
        doorway = Doorway(outbox, player=player).open()
        for seed in range(PEOPLE):
            doorway.hold(person(random.Random(seed)), for_s=0.3)
            witness.wait_for(rises=doorway.greens)
            clear(doorway, witness)
        answers = doorway.greens
    assert outbox.refused > 10
    assert outbox.lies > 10
    assert answers > PEOPLE / 2
    # Each rise found one more accepted check-in on disk than the one before, at least.
    assert witness.rises == answers
    assert all(rows >= rise for rise, rows in enumerate(witness.rows_at_rises, start=1))
    assert accepted_rows(path) >= witness.rises
    assert door.green_rises_recorded() == witness.rises
    assert door.pins[GREEN_PIN].states[-1].state == 0
    assert door.pins[RED_PIN].states[-1].state == 0
    outbox.close()


def shows_out_of_order(doorway: Doorway, witness: Witness) -> None:
    """Hold up cards before a full disk: red blinks, green stays dark, the door says why."""
    rises, reds = witness.rises, witness.red_rises
    for seed in range(3):
        doorway.hold(person(random.Random(f"turned away {seed}")), for_s=2)
    witness.wait_for_red(rises=reds + FAULT_BLINKS[Fault.DISK])
    assert doorway.kiosk.door.phase is Phase.OUT_OF_ORDER
    assert doorway.shows[-1] == OUT_OF_ORDER
    assert (witness.rises, witness.green) == (rises, 0)


def recovers(doorway: Doorway, witness: Witness) -> None:
    """Let time pass, and show that the next card is green and on disk."""
    rises = witness.rises
    doorway.wait(3)
    assert doorway.kiosk.door.phase is Phase.READY
    doorway.hold(person(random.Random("the next one")), for_s=0.3)
    witness.wait_for(rises=rises + 1)
    assert doorway.signals[-1] is Signal.ACCEPTED


def test_a_disk_that_is_full_for_real(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", kilobytes=400) as disk:
        path = disk.folder / "outbox.db"
        outbox = SqliteOutbox(Settings(path=path), SOURCE)
        with watched(path) as (witness, _, player):
            doorway = Doorway(outbox, player=player).open()
            doorway.hold(person(random.Random(1)), for_s=0.3)
            witness.wait_for(rises=1)
            clear(doorway, witness)
            disk.fill()
            # What the log has room for is still taken; then nothing is.
            for seed in range(100, 300):
                doorway.hold(person(random.Random(seed)), for_s=0.1)
                witness.wait_for(rises=doorway.greens)
                if doorway.kiosk.door.phase is Phase.OUT_OF_ORDER:
                    break
                clear(doorway, witness)
            shows_out_of_order(doorway, witness)
            disk.give(200)
            recovers(doorway, witness)
            assert witness.rises == doorway.greens
        outbox.close()
        assert accepted_rows(path) == witness.rises


def test_an_outbox_that_has_used_up_its_space(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    settings = Settings(path=path, max_mb=1)
    outbox = SqliteOutbox(settings, SOURCE)
    with contextlib.suppress(OutboxError):
        for number in range(1, 10_000):
            outbox.commit(check_in(number))
    full = accepted_rows(path)
    assert 100 < full < 9_999
    with watched(path) as (witness, _, player):
        doorway = Doorway(outbox, player=player)
        doorway.wait(2)
        shows_out_of_order(doorway, witness)
        assert accepted_rows(path) == full
        # What the ledger has stored makes room: the courier says so on its own connection.
        courier = outbox.sibling()
        waiting = courier.pending(0, full)
        courier.mark_sent([event.row for event in waiting])
        epoch = waiting[0].event_id.partition(":")[0]
        courier.acknowledge(Acknowledgement(epochs={epoch: full - 10}))
        courier.keep(doorway.clock.read())
        courier.close()
        recovers(doorway, witness)
        assert witness.rises == doorway.greens == 1
        assert len(doorway.committed) == 1
    outbox.close()
