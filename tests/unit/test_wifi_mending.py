"""A phone's Wi-Fi code mends the network, while the button is down and at no other time."""

import base64
import queue
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kiosk.app.logs import captured
from kiosk.app.wifi_mending import Mending
from kiosk.door.cues import Guide
from kiosk.door.signal import Failure, OnboardingSignal
from kiosk.errors import NetworkError
from kiosk.eye.link import EyeGone, Heard, Report
from kiosk.eye.messages import Code, Heartbeat, Seen
from kiosk.network.wifi import Wifi

PATIENCE_S = 20.0
WIFI = b"WIFI:T:WPA;S:ward;P:a long secret;H:true;;"
TAKEN, JOINED = Guide(OnboardingSignal.CODE_TAKEN), Guide(OnboardingSignal.JOINED)
CARD = b"012345678901||Nguyen Van An"


class Router:
    """A network that notes who joined it, or refuses everybody."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.joined: list[Wifi] = []
        self._refuses = refuses

    def join(self, wifi: Wifi) -> None:
        if self._refuses:
            raise NetworkError("the network does not answer")
        self.joined.append(wifi)


class Place:
    """A mending with a button, lights and somebody who hears what is left over."""

    def __init__(self, router: Router) -> None:
        self.is_down = True
        self.router = router
        self.shown: queue.Queue[Guide] = queue.Queue()
        self.passed: list[Report] = []
        self.mending = Mending(router, lambda: self.is_down, self.shown.put, self.passed.append)
        self.at_s = 0.0

    def sees(self, *raws: bytes | None, after_s: float = 3.0) -> None:
        self.at_s += after_s
        codes = tuple(
            Code(
                payload=None if raw is None else base64.b64encode(raw).decode(),
                corners=None,
                decoder="zxing",
            )
            for raw in raws
        )
        seen = Seen(captured_ns=0, width_px=640, height_px=480, codes=codes)
        self.mending.heard(Heard(seen, self.at_s))

    def next(self) -> Guide:
        return self.shown.get(timeout=PATIENCE_S)

    @property
    def passed_codes(self) -> list[int]:
        """How many codes each message still held that was passed on."""
        return [
            len(report.message.codes)
            for report in self.passed
            if isinstance(report, Heard) and isinstance(report.message, Seen)
        ]


@contextmanager
def placed(*, refuses: bool = False) -> Iterator[Place]:
    place = Place(Router(refuses=refuses))
    place.mending.start()
    try:
        yield place
    finally:
        place.mending.close()


def test_a_code_is_joined_once_and_the_door_never_sees_it() -> None:
    with placed() as place, captured() as lines:
        for _ in range(20):
            place.sees(WIFI, after_s=0.1)
        assert [place.next(), place.next()] == [TAKEN, JOINED]
        assert place.router.joined == [Wifi("ward", "a long secret", hidden=True)]
        assert place.passed == []
    # Nothing of it is in the log.
    assert lines
    assert "ward" not in str(lines)
    assert "secret" not in str(lines)


@pytest.mark.threat("move-wi-fi-by-a-code")
def test_without_the_button_it_is_a_code_like_any_other() -> None:
    with placed() as place:
        place.is_down = False
        place.sees(WIFI)
        assert place.passed_codes == [1]
        assert place.shown.empty()
    assert place.router.joined == []


def test_whatever_else_is_seen_is_passed_on() -> None:
    beat = Heartbeat(
        camera_ok=True,
        frames=1,
        frames_read=0,
        codes_read=0,
        sensor_ns=1,
        sharpness=1,
        brightness=1,
    )
    with placed() as place:
        place.sees(CARD, WIFI, None)
        place.sees(CARD)
        for report in (Heard(beat, 9.0), EyeGone("it ended")):
            place.mending.heard(report)
        assert place.passed_codes == [2, 1]
        assert place.passed[2:] == [Heard(beat, 9.0), EyeGone("it ended")]


def test_a_network_that_is_not_joined_is_shown_as_that() -> None:
    with placed(refuses=True) as place:
        place.sees(WIFI)
        assert [place.next(), place.next()] == [
            TAKEN,
            Guide(OnboardingSignal.FAILED, Failure.NETWORK),
        ]
        # Shown again after it was taken away, it is tried again.
        place.sees(WIFI)
        assert place.next() == TAKEN


@pytest.mark.parametrize("raw", [b"WIFI:T:WEP;S:old;P:12345;;", b"WIFI:T:WPA;S:x;P:short;;"])
def test_a_bad_code_is_shown_as_unreadable_once_and_never_passed_on(raw: bytes) -> None:
    with placed() as place:
        for _ in range(10):
            place.sees(raw, after_s=0.1)
        assert place.next() == Guide(OnboardingSignal.FAILED, Failure.UNREADABLE)
        assert place.shown.empty()
        assert place.passed == []
