"""The MQTT uplink against a real mosquitto: what goes over the wire, and what is said no to."""

import json
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from kiosk.errors import BrokerUnreachable
from kiosk.uplink import Acknowledged, Connected, Disconnected
from kiosk.uplink.mqtt import MqttUplink
from tests.parts.broker import Broker, free_port
from tests.parts.check_ins import SOURCE, events
from tests.parts.mqtt_uplinks import WILL, attempted, connected, uplink_to
from tests.parts.reports import Reports
from tests.parts.subscriber import Message, Subscriber

NO_SUBSCRIBERS = 0x10
NOT_AUTHORIZED = 0x87


def retained_status(port: int, source: str = SOURCE) -> Message:
    with Subscriber(port, f"{source}/status") as late:
        return late.next()


def test_an_event_arrives_byte_for_byte_and_described(broker: Broker) -> None:
    sent = events(3)
    with Subscriber(broker.port) as ledger, connected(broker.port) as (uplink, reports):
        for event in sent:
            uplink.send(event)
        heard = ledger.take(3)
        reports.take(Acknowledged, 3)

    assert heard == [
        Message(
            f"{SOURCE}/event/checkin",
            event.body,
            qos=1,
            retain=False,
            content_type="application/cloudevents+json; charset=utf-8",
            format_indicator=1,
        )
        for event in sent
    ]
    assert json.loads(heard[0].body)["source"] == SOURCE


def test_a_status_is_retained_and_replaced(broker: Broker) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.send_status(b'{"n":1}')
        uplink.send_status(b'{"n":2}')
        # Answers come in order, so this one says that both statuses are there.
        uplink.send(events(1)[0])
        assert reports.next(Acknowledged) == Acknowledged(1, NO_SUBSCRIBERS)
        status = retained_status(broker.port)

    assert (status.body, status.retain, status.qos) == (b'{"n":2}', True, 1)


def test_a_status_is_never_reported_as_an_event(broker: Broker) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.send_status(b"{}")
        uplink.send(events(1)[0])
        reports.next(Acknowledged)

        assert reports.rest() == []


def test_last_words_stay_and_the_will_stays_unsaid(broker: Broker) -> None:
    with connected(broker.port, will_delay_s=0) as (uplink, _):
        uplink.disconnect(b'{"last":"words"}')

    assert retained_status(broker.port).body == b'{"last":"words"}'


def test_a_kiosk_that_dies_leaves_its_will(broker: Broker) -> None:
    """Its sockets close and nothing is said, as after SIGKILL."""
    with (
        Subscriber(broker.port, f"{SOURCE}/status") as watcher,
        connected(broker.port, will_delay_s=0) as (uplink, _),
    ):
        uplink.send_status(b'{"online":true}')
        assert watcher.next().body == b'{"online":true}'
        _cut(uplink)

        assert watcher.next().body == WILL
    status = retained_status(broker.port)
    assert (status.body, status.retain) == (WILL, True)


def test_nobody_subscribed_is_reported(broker: Broker) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.send(events(1)[0])

        assert reports.next(Acknowledged) == Acknowledged(1, NO_SUBSCRIBERS)


def test_a_denied_event_is_reported(tmp_path: Path) -> None:
    """What follows is the broker's affair: mosquitto 2.0.11 also ends the connection."""
    acl = tmp_path / "acl"
    acl.write_text(f"topic read #\ntopic write {SOURCE}/status\n")
    acl.chmod(0o600)
    with (
        Broker(tmp_path, f"acl_file {acl}") as strict,
        connected(strict.port) as (uplink, reports),
    ):
        uplink.send(events(1)[0])

        assert reports.next(Acknowledged) == Acknowledged(1, NOT_AUTHORIZED)


@pytest.mark.parametrize(("password", "welcome"), [("right", True), ("wrong", False)])
def test_a_refused_connection_is_reported_once_with_the_reason(
    tmp_path: Path,
    password: str,
    welcome: bool,  # noqa: FBT001 - a case, not an option
) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch()
    subprocess.run(
        ["mosquitto_passwd", "-b", str(passwords), "kiosk", "right"], check=True, timeout=20
    )
    with (
        Broker(tmp_path, f"password_file {passwords}", "allow_anonymous false") as strict,
        attempted(strict.port, username="kiosk", password=password) as (uplink, reports),
    ):
        if welcome:
            reports.next(Connected)
            return
        assert "authorized" in reports.next(Disconnected).why.lower()
        with pytest.raises(BrokerUnreachable):
            uplink.send(events(1)[0])
        uplink.disconnect()
        # paho ends a refused connection as well, without the reason: that must not follow.
        assert reports.rest() == []


def test_nobody_listening_is_unreachable_at_once() -> None:
    reports = Reports()
    with pytest.raises(BrokerUnreachable):
        uplink_to(free_port()).connect(reports)

    assert reports.rest() == []


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "bad..name"])
def test_a_host_that_cannot_be_is_unreachable(host: str) -> None:
    with pytest.raises(BrokerUnreachable):
        uplink_to(1883, host=host).connect(Reports())


def test_a_killed_broker_is_noticed_and_paho_resends_nothing(broker: Broker) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.send(events(1)[0])
        reports.next(Acknowledged)
        broker.kill()
        assert reports.next(Disconnected).why
        with pytest.raises(BrokerUnreachable):
            uplink.send(events(2)[1])
        with pytest.raises(BrokerUnreachable):
            uplink.connect(reports)

        broker.start()
        with Subscriber(broker.port) as ledger:
            uplink.connect(reports)
            reports.next(Connected)
            uplink.send(events(3)[2])
            assert reports.next(Acknowledged) == Acknowledged(3, 0)
            ledger.say("done", b"")
            heard = ledger.take(2)

    assert [message.body for message in heard] == [events(3)[2].body, b""]


def test_a_new_connection_posts_to_the_new_reports(broker: Broker) -> None:
    with connected(broker.port) as (uplink, _):
        again = Reports()
        uplink.connect(again)
        again.next(Connected)
        uplink.send(events(1)[0])

        assert again.next(Acknowledged).seq == 1
        assert threading.current_thread().name not in again.threads


def test_answers_that_overtake_the_sender_are_all_reported(broker: Broker) -> None:
    """A broker answers before `publish` has told which id it was; neither side may wait or lose."""
    total = 5000
    with Subscriber(broker.port) as ledger, connected(broker.port) as (uplink, reports):
        for event in events(total):
            uplink.send(event)
        answers = reports.take(Acknowledged, total)
        heard = ledger.take(total)

    assert sorted(answer.seq for answer in answers) == list(range(1, total + 1))
    assert {answer.code for answer in answers} == {0}
    assert len({message.body for message in heard}) == total
    assert reports.rest() == []


def test_two_kiosks_never_take_each_others_connection(broker: Broker) -> None:
    """Sites and devices may hold hyphens: `hk` + `042-door` is not `hk-042` + `door`."""
    with (
        connected(broker.port, "kiosk/v1/hk/042-door") as (one, first),
        connected(broker.port, "kiosk/v1/hk-042/door") as (two, second),
    ):
        one.send(events(1)[0])
        two.send(events(1)[0])

        assert first.next(Acknowledged) == second.next(Acknowledged)
        assert first.rest() == second.rest() == []


def _cut(uplink: MqttUplink) -> None:
    """Close the socket under the connection, as the kernel does for a killed process."""
    client = uplink._client  # noqa: SLF001 - nobody else holds it
    assert client is not None
    wire = client.socket()
    assert isinstance(wire, socket.socket)
    wire.shutdown(socket.SHUT_RDWR)
