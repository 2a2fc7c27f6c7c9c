"""The eye's loop: what it tells the kiosk of the frames that it looks at."""

from collections import Counter
from collections.abc import Sequence

import pytest

from kiosk.errors import CameraLost
from kiosk.eye.decoders import Corners, Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.messages import (
    MAX_CODES,
    MAX_SEEN_HZ,
    Bye,
    Heartbeat,
    Hello,
    Message,
    Seen,
)
from kiosk.eye.watch import (
    CAMERA_PATIENCE_S,
    HEARTBEAT_S,
    RECYCLE_GROWTH_MB,
    RECYCLE_QUIET_S,
    WARM_FRAMES,
    Watch,
)
from kiosk.payloads import MAX_PAYLOAD_BYTES

CORNERS: Corners = ((1, 1), (9, 1), (9, 9), (1, 9))
Scene = list[Symbol]


def symbol(payload: bytes | None, decoder: str = "scripted") -> Symbol:
    return Symbol(payload, CORNERS, decoder)


A, B, UNREAD = symbol(b"A"), symbol(b"B"), symbol(None)


class Scripted:
    """A look that reads one scene a frame."""

    names = ("scripted",)

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.reads: Counter[str] = Counter()
        self._scenes = iter(scenes)

    def read(self, frame: Frame) -> list[Symbol]:
        assert frame.width_px
        scene = list(next(self._scenes))
        self.reads["plain"] += any(s.payload is not None for s in scene)
        return scene


class Eye:
    """A watch over scenes, `pace_s` apart; the camera is lost when they end."""

    skipped = 3
    remark = None

    def __init__(
        self,
        scenes: Sequence[Scene],
        pace_s: float = 0.1,
        *,
        has_sensor: bool = False,
        frozen_clock: bool = False,
        grows_mb_a_look: float = 0.0,
    ) -> None:
        self.has_sensor = has_sensor
        self._frozen_clock = frozen_clock
        self.now_s = 100.0
        self.told: list[tuple[float, Message]] = []
        self._left = len(scenes)
        self._pace_s = pace_s
        self.watch = Watch(
            self,
            Scripted(scenes),
            self._send,
            camera_kind="replay",
            monotonic_s=lambda: self.now_s,
            resident_mb=lambda: 50 + grows_mb_a_look * (self.now_s - 100),
        )

    def _send(self, message: Message) -> None:
        self.told.append((round(self.now_s - 100, 3), message))

    def capture(self, timeout_s: float) -> Frame:
        assert timeout_s == CAMERA_PATIENCE_S
        if not self._left:
            raise CameraLost("unplugged")
        self._left -= 1
        self.now_s += self._pace_s
        captured_ns = round(self.now_s * 1e9)
        sensor_ns = 7 if self._frozen_clock else captured_ns - 5
        return Frame(b"\x80" * 16 * 8, 16, 8, 16, captured_ns, sensor_ns)

    def close(self) -> None:
        """Release nothing."""

    def run(self) -> "Eye":
        with pytest.raises(CameraLost):
            self.watch.run(lambda: False)
        return self

    def seen(self) -> list[tuple[float, list[bytes | None]]]:
        return [
            (at_s, [c.payload_bytes for c in m.codes])
            for at_s, m in self.told
            if isinstance(m, Seen)
        ]

    def beats(self) -> list[tuple[float, Heartbeat]]:
        return [(at_s, m) for at_s, m in self.told if isinstance(m, Heartbeat)]


def test_it_says_first_what_it_is() -> None:
    assert Eye([]).run().told[0][1] == Hello(camera="replay", decoders=("scripted",))


def test_an_empty_door_is_silent_but_for_heartbeats() -> None:
    eye = Eye([[]] * 20, pace_s=0.25).run()
    assert eye.seen() == []
    assert [at_s for at_s, _ in eye.beats()] == [0.25, 1.25, 2.25, 3.25, 4.25, 5.0]


def test_it_tells_where_and_when_a_code_was() -> None:
    [(_, seen)] = [(at, m) for at, m in Eye([[A]]).run().told if isinstance(m, Seen)]
    assert seen.captured_ns == 100_100_000_000
    assert (seen.width_px, seen.height_px) == (16, 8)
    assert (seen.codes[0].corners, seen.codes[0].decoder) == (CORNERS, "scripted")


def test_a_held_code_is_told_ten_times_a_second_at_most() -> None:
    eye = Eye([[A]] * 60, pace_s=1 / 30).run()
    assert 15 <= len(eye.seen()) <= 2 * MAX_SEEN_HZ + 1


def test_a_new_code_does_not_wait() -> None:
    eye = Eye([[A], [A], [A, B], [A, B]], pace_s=0.02).run()
    assert [codes for _, codes in eye.seen()] == [[b"A"], [b"A", b"B"]]


def test_a_code_that_comes_back_within_the_pause_was_told_already() -> None:
    eye = Eye([[A], [], [A]], pace_s=0.02).run()
    assert len(eye.seen()) == 1


@pytest.mark.parametrize("other", [[B], [UNREAD]], ids=["two cards", "read now and then"])
def test_codes_that_flicker_are_not_told_faster_either(other: Scene) -> None:
    eye = Eye([[A], other] * 60, pace_s=1 / 60).run()
    for start_s in (0.0, 1.0):
        told = [at_s for at_s, _ in eye.seen() if start_s <= at_s < start_s + 1]
        # The first of each may come at once.
        assert len(told) <= MAX_SEEN_HZ + 2


def test_a_code_that_cannot_be_read_is_told_without_a_payload() -> None:
    assert Eye([[UNREAD]]).run().seen() == [(0.1, [None])]


def test_more_codes_than_a_line_may_hold_are_cut() -> None:
    [(_, codes)] = Eye([[symbol(b"%d" % n) for n in range(20)]]).run().seen()
    assert len(codes) == MAX_CODES


def test_a_payload_larger_than_any_symbol_is_left_out() -> None:
    big = symbol(b"x" * (MAX_PAYLOAD_BYTES + 1))
    assert Eye([[A, big]]).run().seen() == [(0.1, [b"A"])]


def test_nothing_but_a_payload_larger_than_any_symbol_does_not_end_the_eye() -> None:
    big = symbol(b"x" * (MAX_PAYLOAD_BYTES + 1))
    assert Eye([[big], [A]]).run().seen() == [(0.2, [b"A"])]


def test_heartbeats_count_what_was_looked_at_and_read() -> None:
    eye = Eye([[A], [], [UNREAD], [A, B], [A, UNREAD]], pace_s=1.0).run()
    beat = eye.beats()[-2][1]
    assert (beat.frames, beat.frames_read, beat.codes_read) == (5, 3, 4)
    assert beat.pictures_skipped == 3
    assert beat.sensor_ns == 105_000_000_000 - 5
    assert (beat.sharpness, beat.brightness) == (0, 128)


def test_a_lost_camera_is_told_before_the_eye_ends() -> None:
    eye = Eye([[A]]).run()
    _, last = eye.told[-1]
    assert isinstance(last, Heartbeat)
    assert not last.camera_ok
    assert last.frames == 1


def test_it_stops_when_told_to() -> None:
    eye = Eye([[A]] * 10)
    eye.watch.run(lambda: len(eye.seen()) >= 3)
    assert len(eye.seen()) == 3


def test_a_kiosk_that_is_gone_ends_the_eye() -> None:
    def gone(message: Message) -> None:
        raise BrokenPipeError(f"nobody reads {message.type}")

    eye = Eye([[A]])
    watch = Watch(eye, Scripted([[A]]), gone, camera_kind="replay")
    with pytest.raises(BrokenPipeError):
        watch.run(lambda: False)


def test_a_camera_that_repeats_itself_is_told_as_lost() -> None:
    # Same pixels from something with a sensor, sensor time standing still: both are frozen.
    for sensor, frozen_clock in ((True, False), (False, True)):
        eye = Eye([[]] * 100, pace_s=0.1, has_sensor=sensor, frozen_clock=frozen_clock).run()
        at_s, last = eye.told[-1]
        assert isinstance(last, Heartbeat)
        assert not last.camera_ok
        assert at_s < 10


def test_a_still_picture_of_a_camera_without_a_sensor_is_alive() -> None:
    assert Eye([[]] * 100, pace_s=0.1).run().told[-1][0] == 10.0


def test_it_begins_anew_when_grown_and_only_while_nothing_is_in_view() -> None:
    frames = WARM_FRAMES + 400
    busy = Eye([[A]] * frames, pace_s=0.1, grows_mb_a_look=1.0)
    with pytest.raises(CameraLost):
        busy.watch.run(lambda: False)
    quiet = Eye([[A]] * 300 + [[]] * frames, pace_s=0.1, grows_mb_a_look=1.0)
    assert quiet.watch.run(lambda: False)
    at_s, last = quiet.told[-1]
    assert isinstance(last, Bye)
    assert at_s >= 30 + RECYCLE_QUIET_S


def test_a_heartbeat_tells_what_a_technician_aims_by() -> None:
    eye = Eye([[A]] * 3, pace_s=1.0).run()
    beat = eye.beats()[0][1]
    assert (beat.symbol_px, beat.reads) == (8, {"plain": 1})


def test_memory_that_only_the_allocator_kept_is_no_reason_to_begin_anew() -> None:
    eye = Eye([[]] * (2 * WARM_FRAMES), pace_s=0.1)
    asked_s: list[float] = []

    def resident_mb() -> float:
        again = eye.now_s in asked_s
        asked_s.append(eye.now_s)
        warm = len(asked_s) * HEARTBEAT_S > WARM_FRAMES * 0.1 + 10
        return 50 + (RECYCLE_GROWTH_MB if warm and not again else 0)

    watch = Watch(
        eye,
        Scripted([[]] * (2 * WARM_FRAMES)),
        lambda _: None,
        camera_kind="replay",
        monotonic_s=lambda: eye.now_s,
        resident_mb=resident_mb,
    )
    with pytest.raises(CameraLost):
        watch.run(lambda: False)
    assert len(asked_s) > len(set(asked_s))
