"""An operator revokes a card: every door refuses it within seconds, and without a network too."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kiosk.door.event import source_of
from kiosk.lists.form import DRAIN_TOPIC
from provisioning.broker import Broker
from provisioning.issuer_file import IssuerFile
from tests.e2e.commands import kiosk
from tests.e2e.door import PATIENCE_S, Door, Sections, mqtt
from tests.e2e.ward import Ward, is_ready
from tests.parts.issuers import card
from tests.parts.issuers import ward as issuing_ward
from tests.parts.lists import a_rate, operator
from tests.parts.subscriber import Subscriber

CARD_ID = bytes.fromhex("00a1b2c3d4e5f607")
OTHER_ID = bytes.fromhex("70a1b2c3d4e5f607")
SOURCE = source_of("hk-042", "door-1")
PASSPHRASE = "correct horse battery staple"


class Operator:
    """An operator at a desk: a key, a folder of lists, and the command line."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "passphrase").write_text(PASSPHRASE)
        (folder / "issuer.json").write_text(IssuerFile.of(issuing_ward().key()).text())
        (folder / "broker.toml").write_text(f'host = "127.0.0.1"\nport = {port}\ntls = false\n')
        self.run("key", "--passphrase-file", "passphrase")

    def run(self, *arguments: str) -> str:
        command = "from provisioning.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", command, "lists", *arguments],
            cwd=self.folder,
            env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make(self, name: str, *arguments: str) -> str:
        return self.run(name, *arguments, "--passphrase-file", "passphrase")

    def revoke(self, *cards: bytes) -> str:
        (self.folder / "revoked.txt").write_text("\n".join(c.hex() for c in cards))
        return self.make("revoked", "revoked.txt")

    def publish(self) -> str:
        return self.run("publish", "--broker", "broker.toml")

    def sections(self, folder: Path) -> Sections:
        lists = {"folder": folder / "lists", "signers": [str(self.folder / "operator.pem.pub")]}
        return {"lists": lists, "payloads": {"accept": ["card"]}}


def held_up(number: bytes, **changed: Any) -> str:
    """Return a card's code, valid today."""
    now_s = int(time.time())
    code = card(c4=now_s + 86400, c5=now_s - 86400, c7=number, limits={1: 1}, **changed)
    return code.decode("ascii")


@pytest.mark.threat("show-revoked-card")
def test_a_card_revoked_meanwhile_is_refused_without_a_restart_and_then_without_a_network(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    desk = Operator(tmp_path / "desk", broker.port)
    desk.make("issuers", "issuer.json")
    assert "issuers: version" in desk.publish()
    sections = {**mqtt(broker.port), **desk.sections(tmp_path)}
    with Door(tmp_path / "door", sections) as door:
        door.next("list", name="issuers", entries=1)
        ward.wait_for_status(lambda s: is_ready(s) and s.lists["issuers"].entries == 1)
        door.passes(held_up(CARD_ID))
        # The next person: what was shown a moment ago would be "already recorded" for a second.
        door.passes(held_up(OTHER_ID))

        desk.revoke(CARD_ID)
        assert "issuers: version" in (told := desk.publish())
        assert "is there already" in told
        door.next("list", name="revoked", entries=1)
        door.show(held_up(CARD_ID))
        assert door.next("scan", verdict="rejected")["reason"] == "revoked"
        status = ward.wait_for_status(lambda s: s.lists["revoked"].entries == 1)
        assert status.lists["revoked"].trouble is None

        broker.kill()
        assert door.stop() == 0
        door.start()
        door.next("list", name="revoked", entries=1)
        door.show(held_up(CARD_ID))
        assert door.next("scan", verdict="rejected")["reason"] == "revoked"
        door.passes(held_up(OTHER_ID))


def test_a_kiosk_without_a_network_gets_its_lists_from_a_folder(tmp_path: Path) -> None:
    desk = Operator(tmp_path / "desk", 1)
    desk.make("issuers", "issuer.json")
    desk.revoke(CARD_ID)
    sections = {"uplink": {"kind": "stdout"}, **desk.sections(tmp_path)}
    with Door(tmp_path / "door", sections) as door:
        door.next("starting")
        installed = kiosk("lists", "install", desk.folder / "lists", "--config", door.config)
        assert (installed.returncode, installed.stderr) == (0, "")
        door.next("list", name="revoked", entries=1)
        door.passes(held_up(OTHER_ID))
        door.show(held_up(CARD_ID))
        assert door.next("scan", verdict="rejected")["reason"] == "revoked"

        desk.revoke()
        (desk.folder / "lists/revoked/manifest").write_bytes(b"a list")
        refused = kiosk("lists", "install", desk.folder / "lists", "--config", door.config)
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == ["revoked: refused: manifest: structure: without its tag"]


@pytest.mark.threat("alter-list", "old-list")
def test_a_signed_drain_rate_holds_over_restarts_and_no_other_is_believed(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    desk = Operator(tmp_path / "desk", broker.port)
    assert "at most 2.5 events a second" in desk.make("drain", "--hz", "2.5")
    assert desk.publish().startswith("drain: version ")
    first = (desk.folder / "lists/config/drain").read_bytes()
    sections = {**mqtt(broker.port), **desk.sections(tmp_path)}
    with Door(tmp_path / "door", sections) as door, Subscriber(broker.port, "none") as anybody:
        status = ward.wait_for_status(lambda s: s.delivery is not None and s.delivery.drain_told)
        assert status.delivery is not None
        assert status.delivery.drain_hz == 2.5

        anybody.say(DRAIN_TOPIC, a_rate(0.1, version=5, key=operator(8)), retain=True)
        status = ward.wait_for_status(
            lambda s: "drain" in s.lists and s.lists["drain"].trouble is not None
        )
        assert "lists.signers does not name" in (status.lists["drain"].trouble or "")
        assert door.stop() == 0
        before = len(ward.statuses())
        door.start()
        # The first status may be said before the courier's first word.
        status = ward.wait_for_status(
            lambda s: s.delivery is not None and s.delivery.drain_told, after=before
        )
        assert status.delivery is not None
        assert status.delivery.drain_hz == 2.5

        desk.make("drain", "--withdraw")
        desk.publish()
        ward.wait_for_status(
            lambda s: s.delivery is not None and not s.delivery.drain_told, after=before
        )
        anybody.say(DRAIN_TOPIC, first, retain=True)
        status = ward.wait_for_status(
            lambda s: "which is in use" in (s.lists["drain"].trouble or "") if s.lists else False,
            after=before,
        )
        assert status.delivery is not None
        assert (status.delivery.drain_hz, status.delivery.drain_told) == (10.0, False)
