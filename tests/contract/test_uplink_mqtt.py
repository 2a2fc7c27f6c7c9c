"""The MQTT uplink against a real mosquitto: what goes over the wire, and what is said no to."""

import json
import subprocess
import threading
from pathlib import Path

import pytest

from kiosk.errors import BrokerUnreachable
from kiosk.uplink import STATUS_ROW, Connected, Disconnected, Puback
from tests.parts.broker import Broker, free_port
from tests.parts.check_ins import SOURCE, events
from tests.parts.mqtt_uplinks import attempted, connected
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
        reports.take(Puback, 3)

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
        reports.take(Puback, 2)
        status = retained_status(broker.port)

    assert (status.body, status.retain, status.qos) == (b'{"n":2}', True, 1)


def test_a_status_is_answered_and_never_taken_for_an_event(broker: Broker) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.send_status(b"{}")
        uplink.send(events(1)[0])

        assert [reports.next(Puback).row for _ in range(2)] == [STATUS_ROW, 1]
        assert reports.rest() == []


def test_last_words_stay_and_the_will_stays_unsaid(broker: Broker) -> None:
    with connected(broker.port, will_delay_s=0) as (uplink, _):
        uplink.disconnect(b'{"last":"words"}')

    assert retained_status(broker.port).body == b'{"last":"words"}'


def test_nobody_subscribed_is_reported(broker: Broker) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.send(events(1)[0])

        assert reports.next(Puback) == Puback(1, NO_SUBSCRIBERS)


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

        assert reports.next(Puback) == Puback(1, NOT_AUTHORIZED)


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


def test_nobody_listening_is_reported_once() -> None:
    with attempted(port := free_port()) as (_, reports):
        assert f"127.0.0.1:{port}" in reports.next(Disconnected).why
        assert reports.rest() == []


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "bad..name"])
def test_a_host_that_cannot_be_is_reported(host: str) -> None:
    with attempted(1883, host=host) as (_, reports):
        assert host in reports.next(Disconnected).why


def test_a_killed_broker_is_noticed_and_paho_resends_nothing(broker: Broker) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.send(events(1)[0])
        reports.next(Puback)
        broker.kill()
        assert reports.next(Disconnected).why
        with pytest.raises(BrokerUnreachable):
            uplink.send(events(2)[1])
        uplink.connect(reports)
        assert reports.next(Disconnected).why

        broker.start()
        with Subscriber(broker.port) as ledger:
            uplink.connect(reports)
            reports.next(Connected)
            uplink.send(events(3)[2])
            assert reports.next(Puback) == Puback(3, 0)
            ledger.say("done", b"")
            heard = ledger.take(2)

    assert [message.body for message in heard] == [events(3)[2].body, b""]


def test_a_new_connection_posts_to_the_new_reports(broker: Broker) -> None:
    with connected(broker.port) as (uplink, _):
        again = Reports()
        uplink.connect(again)
        again.next(Connected)
        uplink.send(events(1)[0])

        assert again.next(Puback).row == 1
        assert threading.current_thread().name not in again.threads


def test_answers_that_overtake_the_sender_are_all_reported(broker: Broker) -> None:
    """A broker answers before `publish` has told which id it was; neither side may wait or lose."""
    total = 5000
    with Subscriber(broker.port) as ledger, connected(broker.port) as (uplink, reports):
        for event in events(total):
            uplink.send(event)
        answers = reports.take(Puback, total)
        heard = ledger.take(total)

    assert sorted(answer.row for answer in answers) == list(range(1, total + 1))
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

        assert first.next(Puback) == second.next(Puback)
        assert first.rest() == second.rest() == []
