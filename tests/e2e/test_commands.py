"""An operator commands a door over a broker: done once, by this start only, always answered."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.app.orders import EXIT_RESTART
from kiosk.commands.form import Command, CommandName, command_topic, digest_of, payload_of
from kiosk.commands.wire import CommandStatus, Reply
from kiosk.door.event import source_of
from kiosk.door.machine import Passing
from kiosk.eye.people import person
from kiosk.uplink.mqtt import Settings
from provisioning.broker import Broker
from provisioning.commanding.exchange import Exchange, Orders
from provisioning.errors import ProvisioningError
from provisioning.lists.making import signed
from tests.e2e.door import PATIENCE_S, Door, Sections, mqtt
from tests.e2e.ward import Ward, is_ready
from tests.parts.commands import commander
from tests.parts.lists import pem_of
from tests.parts.service_manager import ServiceManager
from tests.parts.subscriber import Subscriber

SOURCE = source_of("hk-042", "door-1")
PASSPHRASE = "correct horse battery staple"


class Operator:
    """Somebody with a key for commands, at a subscriber that hears every reply."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self.counter = 1

    def sign(self, name: str, said: CommandStatus, **changed: Any) -> bytes:
        """Return a command to this start of the kiosk."""
        key = changed.pop("key", commander())
        self.counter += 1
        values = {"source": SOURCE, "counter": self.counter, "until_s": 3600, **changed}
        nonce = values.pop("nonce", bytes.fromhex(said.nonce))
        return signed(payload_of(Command(name, nonce=nonce, **values)), key)

    def retain(self, name: str, body: bytes) -> None:
        """Have a broker retain a command that nobody hears yet."""
        self._subscriber.say(command_topic(SOURCE, name), body, retain=True)

    def send(self, name: str, body: bytes, *, retain: bool = False) -> Reply:
        """Publish a command as it is, and return its reply."""
        self._subscriber.say(command_topic(SOURCE, name), body, retain=retain)
        while True:
            reply = Reply.model_validate_json(self._subscriber.next().body)
            if reply.to == digest_of(body):
                return reply


@pytest.fixture
def operator(broker: Broker) -> Iterator[Operator]:
    with Subscriber(broker.port, f"{SOURCE}/cmd/+/reply") as subscriber:
        yield Operator(subscriber)


def sections(port: int, folder: Path) -> Sections:
    key = folder / "commands.pem.pub"
    key.write_bytes(pem_of(commander()))
    files = {"signers": [str(key)], "direction_file": folder / "direction.json"}
    return {**mqtt(port), "commands": files}


def commands_of(ward: Ward, after: int = 0) -> CommandStatus:
    status = ward.wait_for_status(lambda s: is_ready(s) and s.commands is not None, after=after)
    assert status.commands is not None
    return status.commands


@pytest.mark.threat("replay-command", "alter-command")
def test_a_command_is_done_once_by_the_start_it_names_and_by_nobody_else(
    broker: Broker, ward: Ward, operator: Operator, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", sections(broker.port, tmp_path)) as door:
        said = commands_of(ward)
        first = operator.sign("identify", said)
        overtaken = operator.sign("identify", said)
        second = operator.sign("identify", said)
        assert operator.send("identify", first).done
        door.next("command", name="identify")

        assert operator.send("identify", first).refusal == "replayed"
        assert operator.send("identify", second).done
        assert operator.send("identify", overtaken).refusal == "reordered"
        stranger = operator.sign("identify", said, key=commander(22))
        assert operator.send("identify", stranger).refusal == "other-issuer"
        elsewhere = operator.sign("identify", said, source=source_of("hk-042", "door-2"))
        assert operator.send("identify", elsewhere).refusal == "other-target"

        before = len(ward.statuses())
        assert door.stop() == 0
        door.start()
        after = commands_of(ward, before)
        assert after.nonce != said.nonce
        assert operator.send("identify", operator.sign("identify", said)).refusal == "other-start"
        assert operator.send("identify", operator.sign("identify", after)).done


@pytest.mark.threat("replay-command")
def test_a_command_that_is_retained_is_refused_whenever_it_comes(
    broker: Broker, ward: Ward, operator: Operator, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", sections(broker.port, tmp_path)) as door:
        said = commands_of(ward)
        body = operator.sign("restart", said)
        assert operator.send("restart", body, retain=True).refusal == "retained"
        # The broker tells it again at every connection.
        broker.stop()
        door.next("uplink", connected=False)
        assert door.process.poll() is None
        broker.start()
        operator.retain("restart", body)
        before = len(ward.statuses())
        door.next("uplink", connected=True)
        status = ward.wait_for_status(
            lambda s: s.commands is not None and s.commands.refused.get("retained", 0) > 1,
            after=before,
        )
        assert status.commands is not None
        assert (status.commands.nonce, status.commands.done) == (said.nonce, {})


def test_a_restart_is_answered_and_ends_in_order_and_the_direction_stays(
    broker: Broker, ward: Ward, operator: Operator, tmp_path: Path
) -> None:
    with (
        ServiceManager(tmp_path / "notify") as manager,
        Door(tmp_path / "door", sections(broker.port, tmp_path), manager.environ) as door,
    ):
        said = commands_of(ward)
        turned = operator.sign("direction", said, arguments={"to": "out"})
        assert operator.send("direction", turned).done
        before = len(ward.statuses())
        assert operator.send("restart", operator.sign("restart", said)).done
        assert door.wait() == EXIT_RESTART
        manager.wait_for("STOPPING=1")
        door.next("stopped")
        ward.wait_for_status(lambda s: not s.online, after=before)

        before = len(ward.statuses())
        door.start()
        status = ward.wait_for_status(is_ready, after=before)
        assert (status.direction, status.direction_told) == (Passing.OUT, True)
        door.show(person(random.Random(3)))
        door.next("scan", signal="accepted", direction="out")
        assert door.stop() == 0


def test_the_command_line_says_in_one_line_what_became_of_it(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    (tmp_path / "broker.toml").write_text(
        f'host = "127.0.0.1"\nport = {broker.port}\ntls = false\n'
    )
    made = command(tmp_path, "key", "mine.pem", "--passphrase-file", "passphrase")
    assert (made.returncode, "for commands.signers" in made.stdout) == (0, True)

    how = ("--broker", "broker.toml", "--key", "mine.pem", "--passphrase-file", "passphrase")
    nobody = command(tmp_path, "identify", "hk-042/door-1", *how)
    assert nobody.returncode == 1
    assert "has no status on this broker" in nobody.stderr

    section = sections(broker.port, tmp_path)
    section["commands"]["signers"] = [str(tmp_path / "mine.pem.pub")]
    with Door(tmp_path / "door", section) as door:
        commands_of(ward)
        found = command(tmp_path, "identify", "hk-042/door-1", *how)
        assert found.stdout.startswith("hk-042/door-1: identify: red light and two tones for 12 s")
        assert (found.returncode, found.stderr, found.stdout.count("\n")) == (0, "", 1)
        door.next("command", name="identify")

        both = command(tmp_path, "restart", "hk-042/door-1", "hk-042/door-2", *how)
        assert both.returncode == 1
        refused, missing = both.stderr.splitlines()
        assert refused.startswith("hk-042/door-1: refused (not-here): no service manager")
        assert missing.startswith("hk-042/door-2: has no status on this broker")
        assert door.stop() == 0
    ward.wait_for_status(lambda s: not s.online)
    gone = command(tmp_path, "test-lights", "hk-042/door-1", *how)
    assert (gone.returncode, gone.stderr) == (1, "hk-042/door-1: is offline; nothing was sent\n")


def test_a_kiosk_that_nobody_may_command_says_so(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)):
        status = ward.wait_for_status(is_ready)
        assert status.commands is None
        orders = Orders(CommandName.IDENTIFY, {}, commander())
        settings = Settings(host="127.0.0.1", port=broker.port, tls=False)
        with (
            Exchange(settings, 1.0) as exchange,
            pytest.raises(ProvisioningError, match=r"commands\.signers names no key"),
        ):
            exchange.ask(SOURCE, orders)


def test_a_rate_is_told_to_all_kiosks_by_the_one_signed_word_that_there_is(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    (tmp_path / "broker.toml").write_text(
        f'host = "127.0.0.1"\nport = {broker.port}\ntls = false\n'
    )
    command(tmp_path, "key", "operator.pem", "--passphrase-file", "passphrase")
    lists = {"folder": tmp_path / "held", "signers": [str(tmp_path / "operator.pem.pub")]}
    with Door(tmp_path / "door", {**mqtt(broker.port), "lists": lists}):
        how = ("--broker", "broker.toml", "--passphrase-file", "passphrase")
        told = command(tmp_path, "drain", "--hz", "2.5", *how)
        assert told.stdout.endswith("at most 2.5 events a second, sent to all kiosks\n")
        status = ward.wait_for_status(lambda s: s.delivery is not None and s.delivery.drain_told)
        assert status.delivery is not None
        assert status.delivery.drain_hz == 2.5


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `kiosk-provision command` in a folder."""
    program = "from provisioning.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "command", *arguments],
        cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
