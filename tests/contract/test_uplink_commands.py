"""Commands over a real broker: told whole, told if they were to be retained, and answered once."""

from collections.abc import Iterator

import pytest

from kiosk.commands.form import MAX_COMMAND_BYTES, command_topic, reply_topic
from kiosk.uplink import Commanded, Connected, Puback, Wanted, Word, WordRefused
from kiosk.uplink.delivery.ear import COMMANDS_HZ
from kiosk.uplink.mqtt import MqttUplink
from tests.parts.broker import Broker
from tests.parts.check_ins import SOURCE, events
from tests.parts.mqtt_uplinks import connected
from tests.parts.reports import Reports
from tests.parts.scripted_broker import ScriptedBroker
from tests.parts.subscriber import Subscriber

WANTED = Wanted(command_topic(SOURCE, "+"), MAX_COMMAND_BYTES, commands=True)
IDENTIFY = command_topic(SOURCE, "identify")
RESTART = command_topic(SOURCE, "restart")
HELLO = command_topic(SOURCE, "hello")


@pytest.fixture
def operator(broker: Broker) -> Iterator[Subscriber]:
    with Subscriber(broker.port, "#") as subscriber:
        yield subscriber


def listen(operator: Subscriber, uplink: MqttUplink, reports: Reports) -> None:
    """Hear commands; returns when the subscription holds, because what lies there was told."""
    operator.say(HELLO, b"hello", retain=True)
    assert operator.next().topic == HELLO
    uplink.listen([WANTED])
    assert reports.next(Commanded).name == "hello"


def named(name: str, body: bytes, *, retained: bool = False) -> Commanded:
    return Commanded(name, body, len(body), retained)


def test_a_command_comes_with_its_name_and_other_topics_do_not(
    broker: Broker, operator: Subscriber
) -> None:
    with connected(broker.port) as (uplink, reports):
        listen(operator, uplink, reports)
        operator.say(f"{IDENTIFY}/reply", b"not one")
        operator.say(command_topic(f"{SOURCE}x", "identify"), b"another kiosk's")
        operator.say(RESTART, b"two")
        assert reports.next(Commanded) == named("restart", b"two")


def test_what_was_to_be_retained_is_told_as_such_when_it_comes_and_when_it_lies_there(
    broker: Broker, operator: Subscriber
) -> None:
    operator.say(RESTART, b"lies there", retain=True)
    assert operator.next().topic == RESTART
    with connected(broker.port) as (uplink, reports):
        uplink.listen([WANTED])
        assert reports.next(Commanded) == named("restart", b"lies there", retained=True)
        operator.say(RESTART, b"comes now", retain=True)
        assert reports.next(Commanded) == named("restart", b"comes now", retained=True)


def test_what_is_too_large_is_cut_and_its_size_is_told(
    broker: Broker, operator: Subscriber
) -> None:
    with connected(broker.port) as (uplink, reports):
        listen(operator, uplink, reports)
        operator.say(RESTART, bytes(20_000))
        large = reports.next(Commanded)
    assert (len(large.body), large.size) == (MAX_COMMAND_BYTES + 1, 20_000)


@pytest.mark.threat("flood-kiosk")
def test_in_a_flood_events_go_on_and_each_command_is_told_or_counted(
    broker: Broker, operator: Subscriber
) -> None:
    many = round(COMMANDS_HZ) * 10
    with connected(broker.port) as (uplink, reports):
        listen(operator, uplink, reports)
        for _ in range(many):
            operator.say(IDENTIFY, b"more")
        operator.take(many)
        uplink.send(events(1)[0])
        found, answered = list[Commanded](), False
        while not answered:
            report = reports.next(object)
            answered = isinstance(report, Puback)
            found += [report] if isinstance(report, Commanded) else []
        # What was dropped last is told with the next one that is not.
        sent = many
        while sent != len(found) + sum(report.dropped for report in found):
            operator.say(RESTART, b"after")
            operator.next()
            sent += 1
            found += [report for report in reports.rest() if isinstance(report, Commanded)]
    assert found


def test_an_answer_is_heard_once_and_not_retained(broker: Broker, operator: Subscriber) -> None:
    with connected(broker.port) as (uplink, reports):
        uplink.answer("identify", b'{"done":true}')
        heard = operator.next()
        assert (heard.topic, heard.body) == (reply_topic(SOURCE, "identify"), b'{"done":true}')
        assert (heard.qos, heard.retain) == (0, False)
        assert reports.rest() == []


def test_an_answer_leaves_before_the_last_words(broker: Broker, operator: Subscriber) -> None:
    for _ in range(5):
        with connected(broker.port) as (uplink, _):
            uplink.answer("restart", b"it ends")
            uplink.disconnect(b'{"online":false}')
        assert [m.body for m in operator.take(2)] == [b"it ends", b'{"online":false}']


def test_nothing_is_heard_of_commands_before_they_are_wanted_again(
    broker: Broker, operator: Subscriber
) -> None:
    with connected(broker.port) as (uplink, reports):
        listen(operator, uplink, reports)
        again = Reports()
        uplink.connect(again)
        again.next(Connected)
        operator.say(IDENTIFY, b"two")
        operator.next()
        uplink.send(events(1)[0])
        assert again.next(Puback).code == 0
        assert again.rest() == []


def test_a_broker_that_keeps_commands_from_us_is_told() -> None:
    with ScriptedBroker() as stub, connected(stub.port) as (uplink, reports):
        stub.wait_for(lambda b: bool(b.subscribed))
        stub.granted = 0x87
        uplink.listen([WANTED])
        assert reports.next(WordRefused).word is Word.COMMAND
