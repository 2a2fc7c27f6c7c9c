"""The eye parses pictures made by strangers: whatever it says, the door goes on.

Each message goes the way of a real one: as a line, through the kiosk's own decoder, to the daemon.
"""

import json
import random
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.presence import MOST_REMEMBERED
from kiosk.eye.link import EyeGone, Heard, KioskEnd, Report
from kiosk.eye.messages import MAX_LINE_BYTES, MAX_SEEN_HZ, decode, encode
from kiosk.eye.people import person
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from kiosk.payloads import MAX_PAYLOAD_BYTES
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import Doorway, encoded, seen

AN = person(random.Random(1))
PATIENCE_S = 20.0


@pytest.fixture
def memory() -> MemoryOutbox:
    return MemoryOutbox(MemorySettings(), SOURCE)


def line(**changes: Any) -> bytes:
    """Return a `seen` line with these fields instead of good ones."""
    code = {
        "payload": changes.pop("payload", encoded(AN)),
        "corners": changes.pop("corners", None),
        "decoder": "zxing",
    }
    good = {"type": "seen", "captured_ns": 0, "width_px": 640, "height_px": 480, "codes": [code]}
    return json.dumps({**good, **changes}).encode()


def still_works(doorway: Doorway) -> bool:
    """Tell whether the next person's card turns green."""
    doorway.wait(11)
    before = doorway.greens
    doorway.hold(person(random.Random("the next person")), for_s=0.5)
    return doorway.greens == before + 1


@pytest.mark.threat("hostile-eye")
def test_ten_thousand_different_codes_are_answered_or_forgotten(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    rng = random.Random(7)
    most = 0
    for number in range(0, 10_000, 8):
        texts = [rng.choice((person(rng), f"code {number + n}")) for n in range(8)]
        doorway.hear(decode(encode(seen(*texts)).rstrip()))
        most = max(most, len(doorway.kiosk.door.presentations))
        doorway.clock.advance(0.1)
    assert 8 <= most <= MOST_REMEMBERED
    assert still_works(doorway)


def test_a_thousand_different_cards_one_after_the_other(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    for number in range(1000):
        text = f"099090{number:06}||Nguyễn Văn An|01011990|Nam|Hà Nội|15042021"
        doorway.hear(decode(encode(seen(text)).rstrip()))
        doorway.clock.advance(0.01)
        assert len(doorway.kiosk.door.presentations) <= MOST_REMEMBERED
    assert doorway.greens == len(doorway.committed)
    assert still_works(doorway)


@pytest.mark.parametrize(
    "hostile",
    [
        line(payload=encoded(bytes(MAX_PAYLOAD_BYTES))),
        line(payload=encoded(b"\xff\xfe\x00" * 2000)),
        line(payload=""),
        line(payload=encoded("|" * 7000)),
        line(payload=encoded("{" * 7000)),
        line(payload=encoded("9" * 7000)),
        line(corners=[[-65536, -65536], [65536, -65536], [65536, 65536], [-65536, 65536]]),
        line(corners=[[5, 5]] * 4),
        line(width_px=1, corners=[[0, 0], [65536, 0], [65536, 65536], [0, 65536]]),
        line(captured_ns=2**63),
        line(captured_ns=10**300),
        line(captured_ns=10**400),
        line(captured_ns=10**4000),
    ],
    ids=range(13),
)
def test_an_odd_message_is_taken_and_does_no_harm(hostile: bytes, memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    try:
        doorway.hear(decode(hostile))
    except ValueError:
        # The decoder may refuse it: then it costs the connection, and the door never saw it.
        doorway.kiosk.take(EyeGone("the eye broke the protocol"))
    doorway.kiosk.turn()
    assert still_works(doorway)


def test_a_frame_of_the_future_or_of_long_ago_has_a_sane_age(memory: MemoryOutbox) -> None:
    doorway = Doorway(memory).open()
    doorway.wait(100)
    doorway.hear(seen(AN, captured_ns=10**15))
    doorway.wait(20)
    doorway.hear(seen(AN, captured_ns=0))
    now_s = doorway.clock.monotonic_s()
    ages_s = [now_s - show.captured_s for show in doorway.shows if show.captured_s is not None]
    assert ages_s == pytest.approx([20, 10])


@pytest.mark.parametrize(
    "hostile",
    [
        line(payload="MDk5MDkwMDAwMDE"),
        line(payload="@@@@"),
        line(payload="ä"),
        line(payload="A" * 4 * ((MAX_PAYLOAD_BYTES + 2) // 3 + 1)),
        line(corners=[[1, 1]] * 3),
        line(corners=[[65537, 1]] * 4),
        line(width_px=0),
        line(captured_ns=-1),
        line(captured_ns=1.5),
        line(codes=[]),
        line(more=1),
        b"",
        b"\xff",
        b"null",
        b"[" * 90_000,
        b'{"type":"hello"}',
        b'{"type":"exec"}',
        b" " * (MAX_LINE_BYTES + 1),
    ],
    ids=range(18),
)
def test_what_is_no_message_is_refused(hostile: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(hostile)


@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_refused(raw: bytes) -> None:
    try:
        message = decode(raw)
    except ValueError as error:
        assert type(error) is ValueError  # noqa: PT017 - a subclass would name another cause
    else:
        assert encode(message)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=8), st.integers(0, 2**63 - 1))
def test_no_payload_is_more_than_refused(payloads: list[bytes], captured_ns: int) -> None:
    doorway = Doorway(MemoryOutbox(MemorySettings(), SOURCE)).open()
    doorway.hear(seen(*payloads, captured_ns=captured_ns))
    doorway.wait(3)
    assert doorway.greens == 0


class Ear:
    """Keeps what the kiosk's end of the socket reports."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.reports: list[Report] = []

    def __call__(self, report: Report) -> None:
        with self._changed:
            self.reports.append(report)
            self._changed.notify_all()

    def wait_for_the_end(self, times: int = 1) -> list[str]:
        with self._changed:
            ended = self._changed.wait_for(lambda: len(self._ends()) >= times, PATIENCE_S)
            assert ended, self.reports
            return self._ends()

    def _ends(self) -> list[str]:
        return [report.why for report in self.reports if isinstance(report, EyeGone)]


@pytest.mark.threat("hostile-eye")
def test_a_flood_is_thinned_out_whatever_it_is_made_of(tmp_path: Path) -> None:
    ear = Ear()
    end = KioskEnd(tmp_path / "eye", ear, monotonic_s=lambda: 0.0)
    hello = b'{"type":"hello","camera":"replay","decoders":[]}\n'
    with socket.socket(socket.AF_UNIX) as eye:
        eye.connect(str(tmp_path / "eye"))
        for _ in range(100):
            eye.sendall(line() + b"\n" + hello)
    ear.wait_for_the_end()
    end.close()
    heard = [report.message.type for report in ear.reports if isinstance(report, Heard)]
    assert (heard.count("seen"), heard.count("hello")) == (MAX_SEEN_HZ, MAX_SEEN_HZ)


@pytest.mark.threat("hostile-eye")
def test_why_a_connection_ended_never_repeats_what_the_eye_said(tmp_path: Path) -> None:
    ear = Ear()
    end = KioskEnd(tmp_path / "eye", ear)
    number = AN[:12]
    said = [
        f'{{"type":"{number}"}}\n'.encode(),
        f'{{"type":"hello","{number}":1}}\n'.encode(),
        line(payload=number + "*") + b"\n",
        number.encode() * 10_000,
    ]
    for times, text in enumerate(said, start=1):
        with socket.socket(socket.AF_UNIX) as eye:
            eye.connect(str(tmp_path / "eye"))
            # The kiosk may drop us in the middle of it.
            try:
                eye.sendall(text)
                eye.shutdown(socket.SHUT_WR)
            except OSError:
                assert len(text) > MAX_LINE_BYTES
            ear.wait_for_the_end(times)
    end.close()
    whys = ear.wait_for_the_end(len(said))
    assert set(whys) == {"the eye broke the protocol"}
