"""The how-to about a new SD card does what it says: real kiosks, broker, ledger and server."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.eye.people import person
from ledger.storage.tables import event, series
from provisioning import keys
from provisioning.fleet import many
from tests.e2e.door import Door
from tests.e2e.door import toml as as_toml
from tests.parts.broker import program
from tests.parts.fleet_at_work import LEDGER_TOML, SITE, AtWork, settled
from tests.parts.fleets import PHRASE, Client
from tests.parts.ledgers import rows
from tests.parts.markdown import ROOT, Block, blocks
from tests.parts.page_reader import reading

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    pytest.mark.timeout(300),
    # paho leaves the socket of a failed handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PAGE = ROOT / "docs/howto/replace-an-sd-card.md"
NAME, DEVICE = "hk-042/door-2", "door-2"
PEOPLE = [person(random.Random(number)) for number in range(6)]


def sections() -> dict[str, list[Block]]:
    """Return the blocks below each heading, those above the first one left out."""
    lines = PAGE.read_text("utf-8").splitlines()
    starts = {n + 1: line[3:] for n, line in enumerate(lines) if line.startswith("## ")}
    found: dict[str, list[Block]] = {title: [] for title in starts.values()}
    for block in blocks(PAGE):
        found[starts[max(start for start in starts if start < block.line)]].append(block)
    return found


def section(begun: str) -> list[Block]:
    """Return the blocks below the heading that begins like this."""
    (found,) = [each for title, each in sections().items() if title.startswith(begun)]
    return found


class Bench:
    """A kiosk whose card died with two check-ins that nobody has, and a new card for it."""

    def __init__(self, folder: Path) -> None:
        self.work = AtWork(folder)
        self.folder = folder
        terms, path = keys.terms_of(SITE, 14), folder / "first.key"
        keys.write_site_key(folder / "root.key", PHRASE, terms, keys.period_now(14), path)
        self._identity: dict[str, object] = {"site_key": None, "site_key_file": path}
        self.new = folder / "new"
        self.new.mkdir()
        self.held = self.work.enrolled(NAME)
        enrolment = {"key_file": self.new / many.KEY, "ca_file": self.new / many.ROOT}
        door = {"site": SITE, "device": DEVICE, "direction": "in"}
        (folder / "door.toml").write_text(as_toml({"kiosk": door, "enrolment": enrolment}))

    def card_dies(self) -> str:
        """Return the epoch that lies on the dead card."""
        settings = self.work.door_settings(self.held, DEVICE, identity=self._identity)
        with Door(self.folder / "old", settings) as door:
            epoch = door.passes(PEOPLE[0]).partition(":")[0]
            self.work.wait_until_stored(NAME, 1, epoch)
            settled(door.outbox)
            self.work.broker.kill()
            for each in PEOPLE[1:3]:
                door.passes(each)
            door.process.kill()
            door.wait()
        self.work.broker.start()
        return epoch

    def replacement(self) -> Door:
        """Return the kiosk on the new card."""
        files = self.work.door_settings(self.new / many.KEY, DEVICE, identity=self._identity)
        return Door(self.new, files)

    @contextmanager
    def page(
        self, start: Callable[[], None], stop: Callable[[], None]
    ) -> Iterator[Callable[[list[Block]], None]]:
        """Give what follows blocks of the page."""
        here = {
            # Longer names first.
            "/media/old/var/lib/kiosk": str(self.folder / "old"),
            "/var/lib/kiosk": str(self.new),
            "-o kiosk -g kiosk ": "",
            "kiosk-ledger kiosks": f"kiosk-ledger kiosks --config {LEDGER_TOML}",
        }
        told = {"sudo systemctl start kiosk": start, "sudo systemctl stop kiosk": stop}
        with reading(self.folder, {**here, "sudo ": ""}) as reader:

            def follow(found: list[Block]) -> None:
                assert found
                for block in found:
                    self.work.follow(reader, block, told)

            yield follow

    def stored(self) -> dict[str, list[int]]:
        """Return the numbers that the ledger has, by their epochs."""
        epochs = dict(rows(self.work.database, series.c.id, series.c.epoch))
        found: dict[str, list[int]] = {}
        for series_id, seq in rows(self.work.database, event.c.series_id, event.c.seq):
            found.setdefault(epochs[series_id], []).append(seq)
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    with made.work.running():
        yield made


def test_the_outbox_of_the_old_card_goes_on_in_the_new_one(bench: Bench) -> None:
    epoch = bench.card_dies()
    door = bench.replacement()

    def start() -> None:
        door.__enter__()
        bench.work.wait_until_stored(NAME, 3, epoch)

    with bench.page(start, lambda: None) as follow:
        try:
            for number in "12345":
                follow(section(f"{number}."))
            assert door.passes(PEOPLE[3]) == f"{epoch}:4"
            bench.work.wait_until_stored(NAME, 4, epoch)
        finally:
            door.__exit__(None, None, None)
    assert bench.stored() == {epoch: [1, 2, 3, 4]}
    dead = Client(bench.work.broker.port, bench.held, bench.held.with_name(many.ROOT))
    assert dead.outcome() != "Success"


def test_an_old_outbox_is_delivered_by_a_card_that_has_begun_already(bench: Bench) -> None:
    old = bench.card_dies()
    door = bench.replacement()
    with bench.page(door.start, lambda: stop(door)) as follow:
        follow(section("1."))
        follow(section("3."))
        with door:
            new = door.passes(PEOPLE[3]).partition(":")[0]
            bench.work.wait_until_stored(NAME, 1, new)
            change, look, shown, back = section("When the new card")
            follow([change])
            bench.work.wait_until_stored(NAME, 3, old)
            settled(bench.new / "outbox.db")
            follow([look, shown, back])
            assert door.passes(PEOPLE[4]) == f"{new}:2"
            bench.work.wait_until_stored(NAME, 2, new)
    assert bench.stored() == {old: [1, 2, 3], new: [1, 2]}
    assert re.fullmatch("[0-9a-f]{16}", new)


def stop(door: Door) -> None:
    door.show()
    assert door.stop() == 0


def test_a_claim_for_a_spare_card_leaves_the_kiosk_at_the_door_alone(bench: Bench) -> None:
    with bench.page(lambda: None, lambda: None) as follow:
        follow(section("A spare"))
    bench.work.broker.reload()
    assert (bench.folder / "spare.pdf").read_bytes().startswith(b"%PDF")
    with Client(bench.work.broker.port, bench.held, bench.held.with_name(many.ROOT)) as kiosk:
        assert kiosk.says(f"kiosk/v1/{NAME}/status") == "Success"
