"""A card before the camera becomes an event at the ward, and nobody's name leaves the door."""

import json
import random
from contextlib import ExitStack
from pathlib import Path

from kiosk import __version__
from kiosk.app.status import Status
from kiosk.door.rules import Reason, Verdict
from kiosk.eye.people import person
from provisioning.broker import Broker
from tests.e2e.door import Door, mqtt
from tests.e2e.ward import Ward, is_ready
from tests.parts.subscriber import Subscriber

AN, BINH = (person(random.Random(seed)) for seed in (1, 2))
SOURCES = ("kiosk/v1/hk-042/door-1", "kiosk/v1/hk-042/door-2", "kiosk/v1/hk-043/door-1")


def test_a_card_becomes_an_event_with_its_handle_and_nothing_more(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    elsewhere = {"identity": {"site_key": "a5" * 32}, "kiosk": {"site": "hk-043"}}
    uplink = mqtt(broker.port)
    with ExitStack() as stack:
        doors = [
            stack.enter_context(Door(tmp_path / str(number), {**uplink, **sections}))
            for number, sections in enumerate(({}, {"kiosk": {"device": "door-2"}}, elsewhere))
        ]
        for door, source in zip(doors, SOURCES, strict=True):
            door.show(AN)
            status = ward.wait_for_status(is_ready, source)
            assert (status.online, status.faults, status.firmware) == (True, (), __version__)
        ids = [door.next("scan", signal="accepted")["event_id"] for door in doors]
        ids.append(doors[0].passes(BINH))
        ward.wait_for(set(ids))
        by_id = {event.id: event for event in ward.events()}
        an_1, an_2, an_elsewhere, binh = (by_id[event_id] for event_id in ids)
        assert tuple(e.source for e in (an_1, an_2, an_elsewhere)) == SOURCES
        assert an_1.data.handle == an_2.data.handle
        assert an_1.data.handle not in (an_elsewhere.data.handle, binh.data.handle, None)
        assert (an_1.data.verdict, an_1.data.reason) == (Verdict.ACCEPTED, Reason.OK)
        assert (an_1.data.kind, an_1.data.direction, an_1.data.sealed) == ("cccd", "in", None)
        logs = json.dumps([door.facts for door in doors], ensure_ascii=False)
    everything = logs + ward.bodies().decode()
    for text in (AN, BINH):
        fields = text.split("|")
        assert not [field for field in (fields[0], fields[2], fields[5]) if field in everything]


def test_the_status_is_retained_for_whoever_comes_later(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)):
        ward.wait_for_status(is_ready)
        with Subscriber(broker.port, f"{SOURCES[0]}/status") as later:
            message = later.next()
    assert message.retain
    assert is_ready(Status.model_validate_json(message.body))


def test_what_is_no_card_is_refused_and_recorded_with_its_reason(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    with Door(tmp_path / "door", mqtt(broker.port)) as door:
        door.show("https://thucdon.example.vn/ban-12")
        refused = door.next("scan", signal="not-a-card")
        ward.wait_for({refused["event_id"]})
        (event,) = ward.events()
    assert (event.data.verdict, event.data.reason) == (Verdict.REJECTED, Reason.URL)
    assert (event.data.handle, event.data.kind) == (None, None)


def test_a_full_outbox_is_out_of_order_and_recovers(
    broker: Broker, ward: Ward, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    sections = {"outbox": {"kind": "memory", "full_while": full, "path": None}}
    with Door(tmp_path / "door", mqtt(broker.port) | sections) as door:
        ward.wait_for_status(is_ready)
        full.touch()
        door.show(AN)
        door.next("not recorded")
        assert ward.wait_for_status(lambda s: s.faults == ("disk",)).phase == "out-of-order"
        assert door.says("scan", signal="accepted") == []
        full.unlink()
        ward.wait_for({door.next("scan", signal="accepted")["event_id"]})
