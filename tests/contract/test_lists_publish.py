"""Lists onto a real broker: changed shards before the manifest, and nothing that is older."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.lists.form import DRAIN_TOPIC, ListName
from kiosk.uplink.mqtt import Settings
from provisioning.errors import ProvisioningError
from provisioning.lists import drain
from provisioning.lists.making import Made
from provisioning.lists.publish import Post, broker_in, publish
from tests.parts.broker import Broker, free_port
from tests.parts.lists import a_list, a_rate, entries
from tests.parts.subscriber import Subscriber

TOPIC = "kiosk/v1/lists/revoked"
QUIET_S = 0.2
"""This broker is on this machine, and says at once what it retains."""
FIRST = a_list(version=1, held=entries(4))
SECOND = a_list(version=2, held=[*entries(4)[1:], b"\x40\0\0\0\0\0\0\5"])
"""The shard 00 is gone, 40 has one entry more, 80 and c0 are as they were."""


def settings(port: int) -> Settings:
    return Settings(host="127.0.0.1", port=port, tls=False)


@pytest.fixture
def post(broker: Broker) -> Iterator[Post]:
    with Post(settings(broker.port), QUIET_S) as found:
        yield found


@pytest.fixture
def heard(broker: Broker) -> Iterator[Subscriber]:
    with Subscriber(broker.port, "kiosk/v1/#") as subscriber:
        yield subscriber


def topics(heard: Subscriber, count: int) -> list[str]:
    return [message.topic for message in heard.take(count)]


def test_shards_come_before_their_manifest(post: Post, heard: Subscriber) -> None:
    assert publish(post, FIRST) == 4

    said = heard.take(5)
    assert [m.topic for m in said[:4]] == [f"{TOPIC}/{first}" for first in ("00", "40", "80", "c0")]
    assert (said[4].topic, said[4].body, said[4].qos) == (TOPIC, FIRST.raw, 1)


def test_only_what_changed_is_sent_and_what_is_gone_is_cleared(
    post: Post, heard: Subscriber, broker: Broker
) -> None:
    publish(post, FIRST)
    heard.take(5)

    assert publish(post, SECOND) == 1
    assert topics(heard, 3) == [f"{TOPIC}/40", TOPIC, f"{TOPIC}/00"]
    with Subscriber(broker.port, "kiosk/v1/#") as later:
        retained = {m.topic: m.body for m in later.take(4)}
        assert later.none_waiting()
    assert retained == {
        TOPIC: SECOND.raw,
        **{f"{TOPIC}/{first:02x}": body for first, body in SECOND.shards.items()},
    }


def test_the_same_list_is_not_sent_again_unless_all_is_wanted(
    post: Post, heard: Subscriber
) -> None:
    publish(post, FIRST)
    heard.take(5)

    assert publish(post, FIRST) is None
    assert publish(post, FIRST, everything=True) == 4
    assert len(topics(heard, 5)) == 5


def test_a_newer_list_on_the_broker_stays(post: Post) -> None:
    publish(post, SECOND)

    with pytest.raises(ProvisioningError, match="the broker has version 2, above 1"):
        publish(post, FIRST)


def test_what_is_no_manifest_is_replaced(post: Post, heard: Subscriber) -> None:
    post.put({TOPIC: b"somebody's mistake"})
    heard.take(1)

    assert publish(post, FIRST) == 4


def test_a_site_s_list_goes_to_its_site(post: Post, heard: Subscriber) -> None:
    barred = a_list(ListName.BARRED, held=entries(1))

    assert publish(post, barred) == 1
    assert topics(heard, 2) == ["kiosk/v1/hk-042/lists/barred/00", "kiosk/v1/hk-042/lists/barred"]


def test_a_drain_rate_goes_there_once_and_never_below(post: Post, heard: Subscriber) -> None:
    assert drain.publish(post, a_rate(2.5, version=2))
    assert not drain.publish(post, a_rate(2.5, version=2))
    with pytest.raises(ProvisioningError, match="drain: the broker has version 2, above 1"):
        drain.publish(post, a_rate(5, version=1))
    post.put({DRAIN_TOPIC: b"somebody's mistake"})
    assert drain.publish(post, a_rate(None, version=3))

    said = [(message.topic, message.body) for message in heard.take(3)]
    assert said[0] == (DRAIN_TOPIC, a_rate(2.5, version=2))
    assert said[2] == (DRAIN_TOPIC, a_rate(None, version=3))


def refused(made: Made, port: int) -> str:
    with pytest.raises(ProvisioningError) as error, Post(settings(port), QUIET_S) as post:
        publish(post, made)
    return str(error.value)


def test_a_broker_that_is_not_there_is_one_line() -> None:
    assert refused(FIRST, free_port()).startswith("no connection to 127.0.0.1:")


def test_a_broker_that_does_not_let_us_write_is_one_line(tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic read #\n")
    with Broker(tmp_path, f"acl_file {acl}") as broker:
        told = refused(FIRST, broker.port)
    # Mosquitto 2.0.11 also ends the connection, and its answer may be lost with it.
    assert told.startswith(("the broker refuses lists: ", "the broker ended the connection; "))


def test_a_broker_is_named_as_in_a_kiosk_s_settings(tmp_path: Path) -> None:
    path = tmp_path / "broker.toml"
    path.write_text('[uplink]\nkind = "mqtt"\nhost = "broker.example"\nusername = "op"\n')
    assert broker_in(path).host == "broker.example"
    path.write_text('host = "broker.example"\nport = 1883\ntls = false\n')
    assert (broker_in(path).port, broker_in(path).tls) == (1883, False)

    for text, told in (
        ("", "host: Field required"),
        ("host", "no TOML"),
        ("uplink = 1", "no TOML"),
    ):
        path.write_text(text)
        with pytest.raises(ProvisioningError, match=told):
            broker_in(path)
    with pytest.raises(ProvisioningError, match="cannot be read"):
        broker_in(tmp_path / "none")
