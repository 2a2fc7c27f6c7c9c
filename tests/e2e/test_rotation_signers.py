"""Whoever signs lists or commands, or opens identities, gets another key, and doors go on.

The commands are those that an operator types; kiosk and broker are real. A kiosk reads its settings
when it starts, so each step at the kiosk is one restart, and nothing else stands still.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.app.status import Status
from provisioning.broker import Broker
from provisioning.cards.code import Issuer, Terms, text_of
from provisioning.cards.folder import Folder
from provisioning.cards.register import Register
from tests.e2e.door import Door, mqtt
from tests.e2e.ward import Ward, is_ready
from tests.parts.broker import program
from tests.parts.fleet_at_work import LEDGER_TOML, SITE, AtWork
from tests.parts.serving import ENVIRON, provision

pytestmark = [
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    pytest.mark.timeout(300),
]

PHRASE = "correct horse battery staple"
NAME = "hk-042/door-1"


class Desk:
    """An operator's folder, with a broker and one door that stays the same through restarts."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self._port = port
        (folder / "passphrase").write_text(f"{PHRASE}\n")
        (folder / "broker.toml").write_text(f'host = "127.0.0.1"\nport = {port}\ntls = false\n')

    def run(self, *words: str, code: int = 0) -> str:
        secret = ("--passphrase-file", "passphrase")
        done = provision(self.folder, *words, *secret, code=code)
        return done.stdout + done.stderr

    def publish(self) -> str:
        return provision(self.folder, "lists", "publish", "--broker", "broker.toml").stdout

    def door(self, **sections: dict[str, Any]) -> Door:
        return Door(self.folder / "door", {**mqtt(self._port), **sections})

    def trusting(self, section: str, *names: str, **more: Any) -> Door:
        """Return the door with settings that name these keys as signers."""
        signers = [str(self.folder / f"{name}.pub") for name in names]
        return self.door(**{section: {"signers": signers, **more}})


def shows(name: str, trouble: Callable[[str | None], bool]) -> Callable[[Status], bool]:
    """Return what a status must be: ready, and about a list like this."""

    def is_it(status: Status) -> bool:
        return is_ready(status) and name in status.lists and trouble(status.lists[name].trouble)

    return is_it


def is_fine(trouble: str | None) -> bool:
    return trouble is None


def is_untrusted(trouble: str | None) -> bool:
    return trouble is not None and "lists.signers does not name" in trouble


def test_the_key_of_the_lists(broker: Broker, ward: Ward, tmp_path: Path) -> None:
    desk = Desk(tmp_path, broker.port)
    for name in ("old.pem", "new.pem"):
        desk.run("lists", "key", name)
    (tmp_path / "revoked.txt").write_text("00a1b2c3d4e5f607\n")
    lists = {"folder": tmp_path / "taken"}
    desk.run("lists", "revoked", "revoked.txt", "--key", "old.pem")
    desk.publish()
    with desk.trusting("lists", "old.pem", **lists) as door:
        ward.wait_for_status(lambda s: is_ready(s) and s.lists["revoked"].entries == 1)
        assert door.stop() == 0
    # First both keys at every kiosk: the list of the old one stays in use.
    with desk.trusting("lists", "old.pem", "new.pem", **lists) as door:
        door.next("list", name="revoked", entries=1)
        desk.run("lists", "revoked", "revoked.txt", "--key", "new.pem")
        assert "shards sent" in desk.publish()
        version = door.next("list", name="revoked", entries=1)["version"]
        assert door.stop() == 0
    # Then the old one goes.
    before = len(ward.statuses())
    with desk.trusting("lists", "new.pem", **lists) as door:
        assert door.next("list", name="revoked", entries=1)["version"] == version
        ward.wait_for_status(shows("revoked", is_fine), after=before)


def test_lists_that_the_old_key_signed_are_of_no_use_when_it_goes_too_early(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, broker.port)
    for name in ("old.pem", "new.pem"):
        desk.run("lists", "key", name)
    (tmp_path / "revoked.txt").write_text("00a1b2c3d4e5f607\n")
    lists = {"folder": tmp_path / "taken"}
    desk.run("lists", "revoked", "revoked.txt", "--key", "old.pem")
    desk.publish()
    with desk.trusting("lists", "old.pem", **lists) as door:
        door.next("list", name="revoked", entries=1)
        assert door.stop() == 0
    before = len(ward.statuses())
    with desk.trusting("lists", "new.pem", **lists) as door:
        ward.wait_for_status(shows("revoked", is_untrusted), after=before)
        # The mending is the step that was left out.
        desk.run("lists", "revoked", "revoked.txt", "--key", "new.pem")
        desk.publish()
        door.next("list", name="revoked", entries=1)


def test_the_key_of_commands(broker: Broker, ward: Ward, tmp_path: Path) -> None:
    desk = Desk(tmp_path, broker.port)
    for name in ("old.pem", "new.pem"):
        desk.run("command", "key", name)
    told = {"direction_file": tmp_path / "direction.json"}

    def identified(key: str, code: int = 0) -> str:
        words = ("--broker", "broker.toml", "--key", key)
        return desk.run("command", "identify", NAME, *words, code=code)

    with desk.trusting("commands", "old.pem", "new.pem", **told) as door:
        ward.wait_for_status(is_ready)
        door.next("uplink", connected=True)
        for key in ("old.pem", "new.pem"):
            assert "identify: red light" in identified(key)
        assert door.stop() == 0
    before = len(ward.statuses())
    with desk.trusting("commands", "new.pem", **told) as door:
        ward.wait_for_status(is_ready, after=before)
        assert "identify: red light" in identified("new.pem")
        assert "refused (other-issuer)" in identified("old.pem", code=1)


def test_the_key_of_a_ward_that_issues_cards(broker: Broker, ward: Ward, tmp_path: Path) -> None:
    desk, place = Desk(tmp_path, broker.port), Folder(tmp_path / "ward")
    desk.run("lists", "key", "operator.pem")
    desk.run("cards", "init", "--ward", "vn-00070", "--folder", "ward")
    old = issuer(place)
    lists: dict[str, Any] = {"signers": [str(tmp_path / "operator.pem.pub")]}
    sections = {"lists": {**lists, "folder": tmp_path / "taken"}, "payloads": {"accept": ["card"]}}
    desk.run("lists", "issuers", "ward/issuer.json", "--key", "operator.pem")
    desk.publish()
    with desk.door(**sections) as door:
        door.next("list", name="issuers", entries=1)
        door.passes(card_of(old, 1))
        told = desk.run("cards", "rekey", "--folder", "ward")
        assert "both, for the list of trusted issuers" in told
        new = issuer(place)
        # Too early: no door knows it yet.
        door.show(card_of(new, 2))
        assert door.next("scan", verdict="rejected")["reason"] == "untrusted-issuer"
        (kept,) = (f"ward/{path.name}" for path in place.path.glob("issuer-*.json"))
        desk.run("lists", "issuers", kept, "ward/issuer.json", "--key", "operator.pem")
        desk.publish()
        door.next("list", name="issuers", entries=2)
        for each in (card_of(old, 3), card_of(new, 4)):
            door.passes(each)
        # When the last card of the old key has ended.
        desk.run("lists", "issuers", "ward/issuer.json", "--key", "operator.pem")
        desk.publish()
        door.next("list", name="issuers", entries=1)
        door.passes(card_of(new, 5))
        door.show(card_of(old, 6))
        assert door.next("scan", verdict="rejected")["reason"] == "untrusted-issuer"
        assert ward.statuses()[-1].lists["issuers"].trouble is None


def issuer(place: Folder) -> Issuer:
    with Register.opened(place.register) as register:
        return place.open_key(PHRASE, register.ward)


def card_of(issuer: Issuer, number: int) -> str:
    now_s = int(time.time())
    return text_of(bytes([number] * 8), Terms(now_s - 86_400, now_s + 86_400), issuer)


def test_the_key_of_the_tracing_authority(tmp_path: Path) -> None:
    work = AtWork(tmp_path)
    for name in ("old.key", "new.key"):
        provision(tmp_path, "keys", "authority", name, "--passphrase-file", "passphrase")
    held = work.enrolled(NAME)
    sealed = {}
    with work.running():
        for name in ("old", "new"):
            identity = {"authority_key_file": str(tmp_path / f"{name}.key.pub")}
            settings = work.door_settings(held, "door-1", identity=dict(identity))
            with Door(tmp_path / "door", settings) as door:
                sealed[name] = door.passes(work.somebody())
                epoch, _, number = sealed[name].partition(":")
                work.wait_until_stored(NAME, int(number), epoch)
                assert door.stop() == 0
    for key, other in (("old", "new"), ("new", "old")):
        assert "cccd" in opened(tmp_path, f"{key}.key", sealed[key])
        assert "sealed to another key" in opened(tmp_path, f"{key}.key", sealed[other], code=1)


def opened(folder: Path, key: str, event_id: str, code: int = 0) -> str:
    """Open one event as the authority does."""
    words = ["open", "--key", key, "--passphrase-file", "passphrase", "--event", event_id]
    words += ["--reason", "a test", "--who", "nobody", "--config", LEDGER_TOML, "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "ledger", *words],
        cwd=folder,
        env=ENVIRON,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert SITE in done.stdout
    return done.stdout
