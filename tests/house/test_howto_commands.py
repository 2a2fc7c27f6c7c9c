"""The how-to about commands does what it says, before a real kiosk on a real broker."""

import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from kiosk.commands.form import CommandName, command_topic
from kiosk.commands.judging import Refusal
from kiosk.commands.wire import Reply, status_in
from kiosk.door.event import source_of
from kiosk.uplink.mqtt import Settings
from provisioning.broker import Broker
from provisioning.commanding.exchange import Exchange, Orders
from provisioning.errors import ProvisioningError
from tests.e2e.door import PATIENCE_S, Door, mqtt
from tests.e2e.ward import Ward, is_ready
from tests.parts.broker import program
from tests.parts.commands import commander
from tests.parts.lists import pem_of
from tests.parts.markdown import ROOT, Block, blocks
from tests.parts.page_reader import reading

PAGE = ROOT / "docs/howto/command-a-kiosk.md"
KIOSK, OTHER = "hk-042/door-1", "hk-042/door-2"
SOURCE = source_of("hk-042", "door-1")


def parts() -> tuple[list[Block], list[Block]]:
    """Return what is followed before there is a kiosk, and after; settings part the two."""
    found = blocks(PAGE)
    at = next(n for n, block in enumerate(found) if block.language == "toml")
    later = [b for b in found[at + 1 :] if not b.text.startswith("pattern ")]
    skipped = {n + 1 for n, b in enumerate(later) if any(m.startswith("not run") for m in b.marks)}
    return found[:at], [b for n, b in enumerate(later) if {n, n + 1}.isdisjoint(skipped)]


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("mosquitto is not installed")
    before, after = parts()
    (tmp_path / "broker").mkdir()
    key, direction = tmp_path / "commands.pem.pub", tmp_path / "direction.json"
    files = {"signers": [str(key)], "direction_file": direction}
    with (
        Broker(tmp_path / "broker") as broker,
        Ward(broker.port) as ward,
        reading(tmp_path, {"18831": str(broker.port)}) as reader,
    ):
        for block in before:
            reader.follow(block)
        with Door(tmp_path / "door", {**mqtt(broker.port), "commands": files}):
            ward.wait_for_status(is_ready)
            for block in after:
                reader.follow(block)
    assert len(before) + len(after) >= 10


def test_the_rights_on_the_page_are_enough_and_no_other_kiosk_has_them(tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("mosquitto is not installed")
    (rights,) = [b.text for b in blocks(PAGE) if b.text.startswith("pattern ")]
    acl, passwords = tmp_path / "acl", tmp_path / "passwords"
    acl.write_text(f"pattern write kiosk/v1/%u/status\n{rights}")
    passwords.touch()
    for user in (KIOSK, OTHER, "commander"):
        add = ["mosquitto_passwd", "-b", str(passwords), user, "right"]
        subprocess.run(add, check=True, timeout=20)
    key = tmp_path / "commands.pem.pub"
    key.write_bytes(pem_of(commander()))
    orders = Orders(CommandName.IDENTIFY, {}, commander())
    files = {"signers": [str(key)], "direction_file": tmp_path / "direction.json"}
    options = ("allow_anonymous false", f"password_file {passwords}", f"acl_file {acl}")
    with Broker(tmp_path, *options) as broker:
        uplink = mqtt(broker.port, username=KIOSK, password="right")
        with (
            Door(tmp_path / "door", {**uplink, "commands": files}) as door,
            Exchange(as_user("commander", broker.port), PATIENCE_S) as operator,
            Exchange(as_user(OTHER, broker.port), 1.0) as thief,
        ):
            door.next("uplink", connected=True)
            assert retried(operator, orders).done
            with pytest.raises(
                ProvisioningError, match=r"has no status on this broker: .* no right"
            ):
                thief.ask(SOURCE, orders)
            with pytest.raises(ProvisioningError, match="refuses commands from this user"):
                thief.send(command_topic(SOURCE, "identify"), b"forged")
            status = status_in(operator.retained(f"{SOURCE}/status") or b"")
    assert status is not None
    assert status.commands is not None
    assert status.commands.refused == {}


def as_user(name: str, port: int) -> Settings:
    password = SecretStr("right")
    return Settings(host="127.0.0.1", port=port, tls=False, username=name, password=password)


def retried(operator: Exchange, orders: Orders) -> Reply:
    """Command the kiosk, which may have said its status before it listens."""
    while True:
        try:
            return operator.ask(SOURCE, orders)[0]
        except ProvisioningError as error:
            if "does not listen" not in str(error) and "has no status" not in str(error):
                raise


def test_every_refusal_that_an_operator_can_meet_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    # What this program signs is never too large, laid out wrongly, or with wrong arguments.
    met = set(Refusal) - {Refusal.TOO_LARGE, Refusal.UNREADABLE, Refusal.ARGUMENTS}
    assert [r for r in met if f"refused ({r})" not in page] == []
