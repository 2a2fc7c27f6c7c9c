"""A door ends in order, whatever else is broken; and where it cannot, the broker says so for it."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from kiosk.app.status import Status
from kiosk.eye.people import person
from provisioning.broker import Broker
from tests.e2e.door import Door, Sections, children, has_ended, mqtt
from tests.e2e.ward import Ward, is_ready
from tests.parts.subscriber import Subscriber

AN = person(random.Random(1))
TOPIC = "kiosk/v1/hk-042/door-1/status"
CONSOLE: Sections = {
    "indicators": {"use": ["led", "buzzer", "relay", "console"]},
    "indicators.console": {"color": False},
}
DARK = "( ) green ( ) red"


def retained(port: int) -> Status:
    """Return the status that whoever comes now is given."""
    with Subscriber(port, TOPIC) as later:
        message = later.next()
    assert message.retain
    return Status.model_validate_json(message.body)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_stopped_door_is_dark_says_goodbye_and_leaves_nothing_behind(
    number: signal.Signals, broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", mqtt(broker.port) | CONSOLE) as door:
        ward.wait_for_status(is_ready)
        # In the middle of a green, with the relay drawn.
        event_id = door.passes(AN)
        eye = door.eye_pid()
        assert len(door.sockets) == 1
        assert door.stop(number) == 0
        assert door.lamps[-1].strip() == DARK
        assert any("door open" in lamp for lamp in door.lamps)
        assert has_ended(eye)
        assert door.sockets == []
        assert [line["event"] for line in door.facts[-2:]] == ["stopped", "log ended"]
    ward.wait_for({event_id})
    ward.wait_for_status(lambda status: not status.online)
    assert retained(broker.port).online is False


def test_a_door_stops_while_the_broker_is_away(broker: Broker, ward: Ward, tmp_path: Path) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ward.wait_for_status(is_ready)
        broker.kill()
        door.passes(AN)
        door.next("uplink", connected=False)
        assert door.stop() == 0
        assert len(door.recorded()) == 1


def test_a_door_stops_while_the_broker_does_not_answer(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ward.wait_for_status(is_ready)
        broker.pause()
        try:
            door.passes(AN)
            assert door.stop() == 0
        finally:
            broker.resume()


def test_a_door_stops_while_a_decoder_hangs(broker: Broker, ward: Ward, tmp_path: Path) -> None:
    hang = tmp_path / "hang"
    eye: dict[str, Any] = {"decoders": ["scripted", "zxing"], "silent_s": 60}
    sections = {"eye": eye, "eye.scripted": {"hang_while": hang}}
    with Door(tmp_path / "door", mqtt(broker.port) | sections) as door:
        ward.wait_for_status(is_ready)
        pid = door.eye_pid()
        hang.touch()
        assert door.stop() == 0
        assert has_ended(pid)
        assert door.sockets == []


def test_a_door_stops_before_it_was_ready(tmp_path: Path) -> None:
    with Door(tmp_path / "door", {"uplink": {"kind": "stdout"}}) as door:
        door.next("starting")
        assert door.stop() == 0


def test_a_killed_door_is_said_to_be_offline_and_takes_its_eye_along(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ward.wait_for_status(is_ready)
        (eye,) = children(door.process.pid)
        door.send(signal.SIGKILL)
        assert door.wait() == -signal.SIGKILL
        assert has_ended(eye)
    ward.wait_for_status(lambda status: not status.online)
    assert retained(broker.port).online is False


def test_a_hung_eye_dies_with_a_killed_door(broker: Broker, ward: Ward, tmp_path: Path) -> None:
    hang = tmp_path / "hang"
    eye: dict[str, Any] = {"decoders": ["scripted", "zxing"], "silent_s": 60}
    sections = {"eye": eye, "eye.scripted": {"hang_while": hang}}
    with Door(tmp_path / "door", mqtt(broker.port) | sections) as door:
        ward.wait_for_status(is_ready)
        pid = door.eye_pid()
        hang.touch()
        door.send(signal.SIGKILL)
        door.wait()
        assert has_ended(pid)


def test_an_eye_alone_survives_ctrl_c_in_the_terminal(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        ward.wait_for_status(is_ready)
        os.kill(door.eye_pid(), signal.SIGINT)
        ward.wait_for({door.passes(AN)})
        assert door.says("eye restarted") == []
