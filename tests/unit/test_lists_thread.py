"""The thread of the lists: the door gets finished wholes, and never waits for them."""

import queue
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kiosk.app.inbox import ListsChanged
from kiosk.app.lists_thread import ListsThread
from kiosk.lists.form import (
    DRAIN_TOPIC,
    MAX_MANIFEST_BYTES,
    MAX_SHARD_BYTES,
    ListName,
    manifest_topic,
)
from kiosk.lists.keeper import NO_SIGNERS
from kiosk.lists.reception import Reception
from kiosk.payloads.parts.trust import NOBODY, Context
from kiosk.uplink import Connected, Retained, Wanted
from provisioning.lists.making import Made
from tests.parts.issuers import ward
from tests.parts.lists import SITE, a_list, a_rate, entries, issuers, keeper_in, operator

PATIENCE_S = 20.0
REVOKED = ListName.REVOKED
TOPIC = manifest_topic(REVOKED, None)


@dataclass
class Desk:
    """What the thread says to the courier and to the main thread."""

    wanted: "queue.Queue[Sequence[Wanted]]" = field(default_factory=queue.Queue)
    changed: "queue.Queue[ListsChanged]" = field(default_factory=queue.Queue)
    governed: "queue.Queue[float | None]" = field(default_factory=queue.Queue)

    def thread(self, folder: Path, signers: Context | None = None) -> ListsThread:
        keeper = keeper_in(folder, signers)
        reception = Reception(keeper, SITE)
        return ListsThread(
            keeper, reception, self.wanted.put, self.governed.put, self.changed.put, lambda: 0.0
        )

    def serve(self, thread: ListsThread, found: Made) -> ListsChanged:
        """Retain one list, and return what the main thread is told of it."""
        thread.hear(Connected(20))
        assert [w.once for w in self.wanted.get(timeout=PATIENCE_S)] == [False] * 5
        thread.hear(Retained(manifest_topic(found.manifest.name, None), found.raw))
        left = len(found.shards)
        while left:
            for each in self.wanted.get(timeout=PATIENCE_S):
                assert (each.once, each.max_bytes) == (True, MAX_SHARD_BYTES)
                first = int(each.topic.rpartition("/")[2], 16)
                thread.hear(Retained(each.topic, found.shards[first]))
                left -= 1
        return self.changed.get(timeout=PATIENCE_S)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_list_that_comes_is_one_change(desk: Desk, tmp_path: Path) -> None:
    thread = desk.thread(tmp_path)
    assert thread.start().versions == {}
    try:
        told = desk.serve(thread, a_list(version=3, held=entries(20)))
    finally:
        thread.close(PATIENCE_S)

    assert told.lists.versions["revoked"].entries == 20
    assert desk.changed.empty()


def test_what_is_on_the_disk_is_there_before_the_door_opens(desk: Desk, tmp_path: Path) -> None:
    before = desk.thread(tmp_path)
    before.start()
    try:
        desk.serve(before, issuers(ward().key(), version=4))
    finally:
        before.close(PATIENCE_S)

    thread = desk.thread(tmp_path)
    book = thread.start()
    thread.close(PATIENCE_S)
    assert book.versions["issuers"].version == 4
    assert book.context.signers("card", ward().kid)


def test_a_refusal_is_told_and_what_is_in_use_stays(desk: Desk, tmp_path: Path) -> None:
    thread = desk.thread(tmp_path)
    thread.start()
    try:
        desk.serve(thread, a_list(version=3, held=entries(2)))
        thread.hear(Retained(TOPIC, a_list(version=2).raw))
        told = desk.changed.get(timeout=PATIENCE_S)
    finally:
        thread.close(PATIENCE_S)

    assert told.lists.versions["revoked"].version == 3
    assert told.lists.troubles == {"revoked": "version 2 is below 3, which is in use"}


def test_what_another_process_installed_is_noticed(desk: Desk, tmp_path: Path) -> None:
    thread, other = desk.thread(tmp_path), keeper_in(tmp_path)
    found = a_list(version=3)
    manifest = other.examine(REVOKED, found.raw)
    assert manifest is not None
    other.install(manifest, found.raw, found.shards)

    thread.turn(None)
    assert desk.changed.get_nowait().lists.versions["revoked"].version == 3
    thread.turn(None)
    assert desk.changed.empty()


def test_without_an_operator_s_key_nobody_is_listened_to(desk: Desk, tmp_path: Path) -> None:
    thread = desk.thread(tmp_path, NOBODY)
    thread.turn(Connected(20))

    assert desk.wanted.empty()
    assert set(desk.changed.get_nowait().lists.troubles.values()) == {NO_SIGNERS}


def test_every_connection_is_asked_for_the_manifests(desk: Desk, tmp_path: Path) -> None:
    thread = desk.thread(tmp_path)
    for _ in range(2):
        thread.turn(Connected(20))
        wanted = desk.wanted.get_nowait()
        assert [w.topic for w in wanted] == Reception(keeper_in(tmp_path), SITE).topics()
        assert {(w.once, w.max_bytes) for w in wanted} == {(False, MAX_MANIFEST_BYTES)}


def test_a_flood_is_dropped_and_nobody_waits(desk: Desk, tmp_path: Path) -> None:
    thread = desk.thread(tmp_path)
    for number in range(1000):
        thread.hear(Retained(TOPIC, b"%d" % number))

    thread.start()
    told = desk.changed.get(timeout=PATIENCE_S)
    thread.close(PATIENCE_S)
    assert told.lists.troubles == {"revoked": "manifest: structure: without its tag"}


def test_the_courier_is_told_the_signed_rate_and_no_other(desk: Desk, tmp_path: Path) -> None:
    thread = desk.thread(tmp_path)
    thread.turn(Retained(DRAIN_TOPIC, a_rate(2.5, version=3)))
    assert desk.governed.get_nowait() == 2.5
    assert desk.changed.get_nowait().lists.versions["drain"].version == 3

    thread.turn(Retained(DRAIN_TOPIC, a_rate(0.1, version=4, key=operator(8))))
    thread.turn(Retained(DRAIN_TOPIC, b""))
    assert desk.governed.empty()
    troubles = desk.changed.get_nowait().lists.troubles
    assert troubles == {"drain": "drain rate: signed with a key that lists.signers does not name"}

    thread.turn(Retained(DRAIN_TOPIC, a_rate(None, version=4)))
    assert desk.governed.get_nowait() is None
    told = desk.changed.get_nowait().lists
    assert (told.versions["drain"].entries, told.troubles) == (0, {})


def test_the_rate_is_told_at_the_start_and_with_each_connection(desk: Desk, tmp_path: Path) -> None:
    keeper_in(tmp_path).take_rate(a_rate(2.5))

    thread = desk.thread(tmp_path)
    thread.start()
    thread.close(PATIENCE_S)
    assert desk.governed.get_nowait() == 2.5
    thread.turn(Connected(20))
    thread.turn(None)
    assert desk.governed.get_nowait() == 2.5
    assert desk.governed.empty()


def test_without_an_operator_s_key_the_settings_hold(desk: Desk, tmp_path: Path) -> None:
    keeper_in(tmp_path).take_rate(a_rate(2.5))

    thread = desk.thread(tmp_path, NOBODY)
    assert thread.start().troubles["drain"] == NO_SIGNERS
    thread.close(PATIENCE_S)
    thread.turn(Retained(DRAIN_TOPIC, a_rate(2.5, version=2)))
    assert desk.governed.get_nowait() is None
    assert desk.governed.empty()
