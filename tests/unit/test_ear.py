"""Commands come no faster to the door than it can look at them, whatever the broker sends."""

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from kiosk.commands.form import MAX_COMMAND_BYTES, command_topic
from kiosk.uplink import Commanded, Report, Wanted
from kiosk.uplink.delivery.ear import COMMANDS_HZ, Ear
from tests.parts.check_ins import SOURCE


def said(topic: str, body: bytes) -> paho.MQTTMessage:
    found = paho.MQTTMessage(topic=topic.encode())
    found.payload = body
    return found


class Heard:
    """An ear that hears commands, at a clock that is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.reports: list[Report] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.ear = Ear(SOURCE, self.reports.append, lambda: self.now_s)
        self.ear.want([Wanted(command_topic(SOURCE, "+"), MAX_COMMAND_BYTES, commands=True)])
        self.ear.ask(self.client)

    def send(self, count: int) -> list[Commanded]:
        self.reports.clear()
        for _ in range(count):
            self.ear.take(self.client, said(command_topic(SOURCE, "identify"), b"now"))
        return [report for report in self.reports if isinstance(report, Commanded)]


def test_commands_in_a_row_are_told_until_they_come_too_fast() -> None:
    heard = Heard()
    told = heard.send(1000)
    assert 5 <= len(told) <= COMMANDS_HZ
    assert {each.dropped for each in told} == {0}

    heard.now_s += 1 / COMMANDS_HZ
    (late,) = heard.send(1)
    assert late.dropped == 1000 - len(told)


def test_commands_at_the_pace_of_the_door_are_all_told() -> None:
    heard = Heard()
    for _ in range(500):
        heard.now_s += 1.001 / COMMANDS_HZ
        assert [each.dropped for each in heard.send(1)] == [0]
