"""A broker that is not trusted: it is asked for little, and what it says is held against a list."""

from pathlib import Path

import pytest

from kiosk.errors import ListError
from kiosk.lists.form import ListName, manifest_topic, place_of
from kiosk.lists.keeper import Keeper
from kiosk.lists.reception import AT_A_TIME, PATIENCE_S, Reception
from provisioning.lists.making import Made
from tests.parts.lists import SITE, a_list, entries, keeper_in

REVOKED = ListName.REVOKED
TOPIC = manifest_topic(REVOKED, None)
MANY = a_list(version=5, held=entries(100))


class Broker:
    """Holds one list, and hands out what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.keeper: Keeper = keeper_in(folder)
        self.reception = Reception(self.keeper, SITE)
        self.asked: list[str] = []
        self.now_s = 0.0

    def ask(self) -> list[str]:
        topics = self.reception.asks(self.now_s)
        self.asked += topics
        return topics

    def hand_out(self, found: Made, topics: list[str]) -> list[ListName]:
        for topic in topics:
            place = place_of(topic)
            assert place is not None
            self.reception.take(topic, found.shards[place[2] or 0])
        return self.reception.finish(self.now_s)

    def deliver(self, found: Made) -> list[ListName]:
        """Let a list come, whole."""
        self.reception.take(TOPIC, found.raw)
        return self.go_on(found)

    def go_on(self, found: Made) -> list[ListName]:
        """Hand out whatever is asked for."""
        taken = self.reception.finish(self.now_s)
        while topics := self.ask():
            taken += self.hand_out(found, topics)
        return taken

    @property
    def version(self) -> int | None:
        held = self.keeper.lists.get(REVOKED)
        return None if held is None else held.manifest.version


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path)


def test_only_shards_that_changed_are_asked_for(broker: Broker) -> None:
    assert broker.deliver(MANY) == [REVOKED]
    assert len(broker.asked) == len(MANY.shards) == 100
    broker.asked.clear()

    assert broker.deliver(a_list(version=6, held=[*entries(100), b"\0\0\0\0\0\0\0\5"])) == [REVOKED]
    assert broker.asked == ["kiosk/v1/lists/revoked/00"]


def test_few_shards_are_on_their_way_at_a_time(broker: Broker) -> None:
    broker.reception.take(TOPIC, MANY.raw)

    first = broker.ask()
    assert len(first) == AT_A_TIME
    assert broker.ask() == []
    broker.hand_out(MANY, first[:3])
    assert len(broker.ask()) == 3


def test_what_was_not_asked_for_is_not_kept(broker: Broker) -> None:
    unasked = max(MANY.shards)
    topic = f"{TOPIC}/{unasked:02x}"
    broker.reception.take(topic, MANY.shards[unasked])
    broker.reception.take(TOPIC, MANY.raw)
    broker.ask()
    broker.reception.take(topic, MANY.shards[unasked])
    assert broker.go_on(MANY) == []

    broker.now_s += PATIENCE_S[0]
    assert broker.go_on(MANY) == [REVOKED]
    assert broker.version == 5
    assert broker.asked.count(topic) == 1


def test_another_shard_is_refused_and_asked_for_again_ever_later(broker: Broker) -> None:
    one = a_list(version=1, held=entries(1))
    broker.reception.take(TOPIC, one.raw)
    (topic,) = broker.ask()
    waits = []
    for patience_s in (PATIENCE_S[0], 60.0, 120.0):
        with pytest.raises(ListError, match="shard 00: not the one that the manifest names"):
            broker.reception.take(topic, b"another")
        broker.now_s += patience_s - 1
        assert broker.ask() == []
        broker.now_s += 1
        waits.append(broker.ask())
    assert waits == [[topic]] * 3
    assert broker.keeper.troubles["revoked"].startswith("shard 00")

    assert broker.hand_out(one, [topic]) == [REVOKED]
    assert broker.keeper.troubles == {}


def test_a_newer_manifest_overtakes_and_keeps_what_still_fits(broker: Broker) -> None:
    broker.reception.take(TOPIC, MANY.raw)
    broker.hand_out(MANY, broker.ask())
    newer = a_list(version=6, held=[*entries(100), b"\xff" * 8])

    assert broker.deliver(newer) == [REVOKED]
    assert len(set(broker.asked)) == len(broker.asked) == len(newer.shards)
    assert broker.version == 6


def test_an_older_manifest_does_not_stop_a_newer_one_on_its_way(broker: Broker) -> None:
    broker.reception.take(TOPIC, MANY.raw)
    with pytest.raises(ListError, match="version 4 is not above 5, which is on its way"):
        broker.reception.take(TOPIC, a_list(version=4).raw)

    assert broker.deliver(MANY) == [REVOKED]


def test_a_new_connection_is_asked_anew(broker: Broker) -> None:
    broker.reception.take(TOPIC, MANY.raw)
    first = broker.ask()

    broker.reception.connected()
    assert broker.ask() == first


def test_a_topic_that_is_cleared_withdraws_nothing(broker: Broker) -> None:
    broker.deliver(MANY)

    broker.reception.take(TOPIC, b"")
    assert broker.version == 5
    assert broker.keeper.troubles == {}


@pytest.mark.parametrize(
    "topic",
    [
        "kiosk/v1/hk-043/lists/barred",
        "kiosk/v1/hk-042/lists/revoked",
        "kiosk/v1/lists/barred",
        "kiosk/v1/lists/revoked/100",
        "kiosk/v1/lists/banned",
        "kiosk/v1/lists/revoked/zz",
    ],
)
def test_what_stands_elsewhere_is_not_read(broker: Broker, topic: str) -> None:
    broker.reception.take(topic, b"\xff" * 100)

    assert broker.ask() == []
    assert broker.keeper.troubles == {}


def test_a_disk_that_takes_no_list_is_tried_again(tmp_path: Path) -> None:
    place = tmp_path / "no folder yet"
    broker = Broker(place)

    broker.reception.take(TOPIC, a_list(version=1).raw)
    place.write_bytes(b"")
    with pytest.raises(ListError, match="cannot be written"):
        broker.reception.finish(0.0)
    assert "cannot be written" in broker.keeper.troubles["revoked"]
    place.unlink()
    assert broker.reception.finish(PATIENCE_S[0] - 1) == []
    assert broker.reception.finish(PATIENCE_S[0]) == [REVOKED]
    assert broker.keeper.troubles == {}


def test_the_topics_of_a_kiosk_are_those_of_its_site(broker: Broker) -> None:
    assert broker.reception.topics() == [
        "kiosk/v1/lists/issuers",
        "kiosk/v1/lists/revoked",
        "kiosk/v1/hk-042/lists/declared",
        "kiosk/v1/hk-042/lists/barred",
        "kiosk/v1/config/drain",
    ]
