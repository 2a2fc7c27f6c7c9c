"""A fleet at work: broker, ledger and enrolment server, in a folder that a page is read in.

The files have the names that the how-tos give them.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from kiosk.eye.people import person
from ledger.storage.opening import Database
from provisioning import keys
from provisioning.fleet import broker_files, many
from provisioning.fleet.folder import Terms
from provisioning.fleet.names import Role
from provisioning.fleet.registrar import Registrar
from tests.e2e.commands import kiosk
from tests.e2e.door import Sections, mqtt
from tests.parts.fleets import PHRASE, ROOT_PHRASE, Client, Fleet, FleetBroker
from tests.parts.ledger_worker import ingesting, settings_of
from tests.parts.markdown import Block
from tests.parts.page_reader import Reader
from tests.parts.serving import Serving

SITE = "hk-042"
RELOAD = "sudo systemctl reload mosquitto"
LEDGER_TOML = "ledger/ledger.toml"
CA_ROOT_PHRASE = "ca-root-passphrase"


class AtWork:
    """The folder, and what runs: reads a page's blocks and reloads its own broker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fleet = Fleet(folder / "fleet")
        self.fleet.add_sites(SITE)
        self.serving = Serving(self.fleet)
        terms = Terms(name="Tests", server=self.serving.url)
        (self.fleet.path / "fleet.json").write_text(terms.model_dump_json())
        self.fleet.registrar = self.fleet.opened()
        for name in ("passphrase", "root-passphrase"):
            (folder / name).write_text(f"{PHRASE}\n")
        (folder / CA_ROOT_PHRASE).write_text(f"{ROOT_PHRASE}\n")
        self._people = random.Random(folder.name)
        keys.make_root(folder / "root.key", PHRASE)
        ledger = self.fleet.registrar.service("ledger", Role.LEDGER)
        self._ledger = self.fleet.write(folder / "ledger", ledger)
        watch = self.fleet.registrar.service("watch", Role.LEDGER)
        self._watch = self.fleet.write(folder / "watch", watch)
        self.database = Database(f"sqlite:///{folder}/ledger.db")
        self.broker = FleetBroker(folder, self.fleet)
        # A page's broker has its settings beside its other files.
        (self.broker.files / broker_files.CONFIG).touch()

    def enrolled(self, name: str) -> Path:
        """Return key and certificate of a kiosk, as it has them."""
        place = self.folder / "held" / name.replace("/", "-")
        return self.fleet.write(place, self.fleet.enrolled(name))

    def reopened(self) -> Registrar:
        """Return the fleet's registrar with the issuing keys of now."""
        self.fleet.signers = self.fleet.folder.signers(PHRASE)
        self.fleet.registrar = self.fleet.opened()
        return self.fleet.registrar

    def somebody(self) -> str:
        """Return the card of the next person."""
        return person(self._people)

    def refresh(self) -> None:
        """Tell the broker what changed in the fleet."""
        assert broker_files.refresh(self.broker.files, self.fleet.folder)
        self.broker.reload()

    def door_settings(self, held: Path, device: str, **sections: dict[str, object]) -> Sections:
        """Return the settings of a kiosk with these files, renewing at the server."""
        root = held.with_name(many.ROOT)
        files = {"ca_file": root, "cert_file": held, "key_file": held}
        return {
            **mqtt(self.broker.port, tls=True, **files),
            "kiosk": {"site": SITE, "device": device, "direction": "in"},
            "enrolment": {"server": self.serving.url, "key_file": held, "ca_file": root},
            **sections,
        }

    def wait_until_stored(self, name: str, number: int, epoch: str | None = None) -> None:
        """Wait until a kiosk was told that everything up to a number is stored, of an epoch."""
        watcher = Client(self.broker.port, self._watch, self._watch.with_name(many.ROOT))
        with watcher:
            watcher.listens(f"kiosk/v1/{name}/ack")
            while True:
                epochs = json.loads(watcher.hears()[1])["epochs"]
                if number in ([epochs.get(epoch)] if epoch else epochs.values()):
                    return

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run broker, ledger and enrolment server while `with` lasts."""
        self.database.migrate()
        with ExitStack() as stack:
            stack.enter_context(self.broker)
            config = settings_of(self.folder, self.broker.port, self._ledger)
            self.said = stack.enter_context(ingesting(config))
            stack.enter_context(self.serving)
            yield

    def follow(
        self, reader: Reader, block: Block, told: Mapping[str, Callable[[], None]] | None = None
    ) -> None:
        """Do what a block says; what it tells systemd is done by `told`, or to our broker."""
        done = {RELOAD: self.broker.reload, **(told or {})}
        if block.language != "sh":
            reader.follow(block)
            return
        rest = ""
        for line in block.text.splitlines(keepends=True):
            if line.strip() not in done:
                rest += line
                continue
            if rest:
                reader.follow(replace(block, text=rest))
            rest = ""
            done[line.strip()]()
        if rest:
            reader.follow(replace(block, text=rest))


def settled(outbox: Path) -> None:
    """Wait until a kiosk knows that all in its outbox is stored."""
    for _ in range(60):
        done = kiosk("outbox", "status", "--json", "--file", outbox)
        if json.loads(done.stdout)["unacknowledged"] == 0:
            return
    raise AssertionError(done.stdout)
