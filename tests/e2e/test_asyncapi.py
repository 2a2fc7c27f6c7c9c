"""The AsyncAPI document against a real kiosk, ledger, operator and broker: neither has more."""

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from kiosk.commands.form import CommandName
from kiosk.door.event import LEDGER_TOPIC, source_of
from kiosk.eye.people import person
from kiosk.lists.form import DRAIN_TOPIC, NAMES, ListName
from kiosk.uplink.mqtt import Settings
from provisioning.broker import Broker
from provisioning.commanding.exchange import Exchange, Orders
from provisioning.lists.publish import Post, publish
from tests.e2e.door import Door, Sections, mqtt
from tests.parts import wire_document
from tests.parts.commands import commander
from tests.parts.everything import Everything
from tests.parts.issuers import nation, union, ward
from tests.parts.ledger_worker import ingesting
from tests.parts.lists import a_list, a_rate, entries, issuers, operator, pem_of
from tests.parts.wire_document import Heard

SOURCE = source_of("hk-042", "door-1")


@pytest.mark.timeout(240)
def test_what_goes_over_the_wire_stands_in_the_document_and_all_of_that_goes_over_it(
    broker: Broker, tmp_path: Path
) -> None:
    document = wire_document.whole()
    with (
        Everything(broker.port) as everything,
        ingesting(ledger(tmp_path, broker.port)),
        Door(tmp_path / "door", sections(broker.port, tmp_path)) as door,
    ):
        tell_lists(broker.port)
        everything.wait_for(lambda m: lists_in(m) == set(NAMES), "status with all lists")
        everything.wait_for(lambda m: m.topic == f"{SOURCE}/event/clock", "clock")
        event_id = door.passes(person(random.Random(1)))
        settings = Settings(host="127.0.0.1", port=broker.port, tls=False)
        orders = Orders(CommandName.DIRECTION, {"to": "out"}, commander())
        with Exchange(settings, 20.0) as exchange:
            assert exchange.ask(SOURCE, orders)[0].done
        epoch, _, seq = event_id.partition(":")
        everything.wait_for(lambda m: f'"{epoch}":{seq}' in m.body.decode("latin-1"), "its answer")
        door.stop(signal.SIGKILL)
        will = everything.wait_for(
            lambda m: m.topic == f"{SOURCE}/status" and b'"online":false' in m.body, "last will"
        )
    said = document.document["servers"]["broker"]["bindings"]["mqtt"]["lastWill"]
    assert (will.body.decode(), will.qos, will.retain) == (said["message"], 1, True)
    heard = everything.heard()
    assert [why for each in heard for why in document.wrong(each)] == []
    seen = {name for each in heard for name in document.channels_of(each.topic)}
    assert seen == document.document["channels"].keys()


def lists_in(message: Heard) -> set[str]:
    """Return the lists of which a kiosk's status says that it has them."""
    if not message.topic.endswith("/status"):
        return set()
    lists = json.loads(message.body)["lists"]
    return {name for name, said in lists.items() if said["entries"]}


def ledger(folder: Path, port: int) -> Path:
    """Return the settings of a ledger at a broker on this machine."""
    path = folder / "ledger.toml"
    path.write_text(
        f'[storage]\nurl = "sqlite:///{folder}/ledger.db"\n[source]\nkind = "mqtt"\n'
        f'host = "127.0.0.1"\nport = {port}\ntls = false\n[ingest]\ntell_s = 0.05\n'
    )
    return path


def sections(port: int, folder: Path) -> Sections:
    """Return the settings of a kiosk that takes everything that there is."""
    files = {"lists.pub": pem_of(operator()), "commands.pub": pem_of(commander())}
    for name, pem in files.items():
        (folder / name).write_bytes(pem)
    return {
        **mqtt(port),
        "lists": {"folder": folder / "lists", "signers": [str(folder / "lists.pub")]},
        "commands": {
            "signers": [str(folder / "commands.pub")],
            "direction_file": folder / "direction.json",
        },
        # Its sign that the clock is right: any file that is there.
        "clock": {"kind": "system", "trust_file": folder / "lists.pub"},
    }


def tell_lists(port: int) -> None:
    """Publish every list, one of them twice so that a shard is cleared, and a drain rate."""
    keys = [each.key() for each in (ward(), union(), nation())]
    lists = [
        a_list(ListName.REVOKED, 1, entries(9)),
        a_list(ListName.REVOKED, 2, entries(3)),
        a_list(ListName.BARRED, 1, entries(2), periods=(1, 2)),
        a_list(ListName.DECLARED, 1, entries(2, size=12), periods=(1,)),
        issuers(*keys),
    ]
    with Post(Settings(host="127.0.0.1", port=port, tls=False), 0.2) as post:
        for made in lists:
            assert publish(post, made)
        post.put({DRAIN_TOPIC: a_rate(100.0)})


STATUS = b'{"version":1,"online":true}'
WRONG: dict[str, tuple[Heard, str]] = {
    "an unknown topic": (Heard("kiosk/v1/hk-042/door-1/events", b"", 1, retain=False), "stands in"),
    "another list": (Heard("kiosk/v1/lists/banned", b"", 1, retain=True), "stands in []"),
    "not retained": (Heard(f"{SOURCE}/status", STATUS, 1, retain=False), "retain False"),
    "another QoS": (Heard(f"{SOURCE}/status", STATUS, 0, retain=True), "QoS 0"),
    "expires": (Heard(f"{SOURCE}/status", STATUS, 1, retain=True, expiry_s=9), "expires after 9"),
    "a type": (
        Heard(f"{SOURCE}/status", STATUS, 1, retain=True, content_type="a"),
        "is said to be",
    ),
    "no JSON": (Heard(LEDGER_TOPIC, b"online", 1, retain=True), "is no JSON"),
    "a field too many": (Heard(LEDGER_TOPIC, b'{"online":true,"a":1}', 1, retain=True), "has a"),
    "a field too few": (Heard(LEDGER_TOPIC, b"{}", 1, retain=True), "lacks online"),
    "another kind": (Heard(LEDGER_TOPIC, b'{"online":1}', 1, retain=True), "is no ['boolean']"),
    "a low number": (
        Heard(f"{SOURCE}/ack", b'{"epochs":{"0123456789abcdef":-1}}', 1, retain=True),
        "out of range",
    ),
    "too long": (
        Heard("kiosk/v1/config/drain", a_rate() + bytes(1024), 1, retain=True),
        "bytes, at most 1024",
    ),
    "a list as a command": (
        Heard(f"{SOURCE}/cmd/identify", a_rate(), 1, retain=False, expiry_s=30),
        "lacks nonce",
    ),
}


@pytest.mark.parametrize(("heard", "why"), WRONG.values(), ids=WRONG)
def test_what_does_not_stand_in_it_is_noticed(heard: Heard, why: str) -> None:
    assert why in "\n".join(wire_document.whole().wrong(heard))


def test_a_word_of_a_schema_that_nobody_checks_is_an_error() -> None:
    schema: dict[str, Any] = {"type": "object", "dependentRequired": {}}
    with pytest.raises(LookupError, match="dependentRequired"):
        list(wire_document.whole().against(schema, {}, "here"))
