"""What an empty door costs: who is asked about which frame, and that the gate is what saves."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from benchmarks import empty, report
from benchmarks.empty import LEARN_FRAMES, Hall, hall_shots, told, watch
from benchmarks.readers import Kiosk, Picture, Reading
from benchmarks.scenes.shot import Shot
from kiosk.eye.decoders import Symbol, Threshold
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.look_settings import LookSettings

COMPARED = 20
TINY_PX = (160, 120)


class Noting:
    """Takes the place of both who are compared: notes the frames that they were shown."""

    name, version = "zbarlight", "1"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.shown: list[bytes] = []

    def read(self, picture: Picture) -> Reading:
        self.asked.append("base")
        self.shown.append(picture.luma)
        return Reading([])

    def see(self, picture: Picture, number: int) -> list[bytes]:
        self.asked.append("kiosk")
        if number >= LEARN_FRAMES:
            self.shown.append(picture.luma)
        return [b"out of thin air"] if number == LEARN_FRAMES + 1 else []


def shots(frames: int) -> Iterator[Shot]:
    return (replace(shot, size_px=TINY_PX) for shot in hall_shots(3, 1, frames))


def test_once_learnt_both_see_the_same_frames_and_take_turns_in_being_first() -> None:
    both = Noting()
    hall = watch(shots(LEARN_FRAMES + 4), both, both)  # type: ignore[arg-type] # a kiosk's one verb
    assert both.asked[:LEARN_FRAMES] == ["kiosk"] * LEARN_FRAMES
    assert both.asked[LEARN_FRAMES:] == ["kiosk", "base", "base", "kiosk"] * 2
    assert both.shown[0::2] == both.shown[1::2]
    assert len(set(both.shown)) == 4
    assert (hall.frames, hall.false) == (4, 1)


def test_every_hall_is_another_and_its_light_drifts() -> None:
    one, again, other = (list(hall_shots(3, number, 300)) for number in (0, 0, 1))
    assert one == again
    assert one[0].seed != other[0].seed
    assert all(shot.content is None for shot in one + other)
    light = [shot.exposure / one[0].exposure for shot in one]
    assert 0.03 < max(light) - min(light) < 0.25
    assert max(abs(b - a) for a, b in pairwise(light)) < 0.03


class Counted:
    """A decoder that finds nothing and counts how often it is asked."""

    name, reads_inverted = "zxing", True
    asked = 0

    def decode(
        self, frame: Frame, threshold: Threshold = Threshold.LOCAL, *, brief: bool = False
    ) -> list[Symbol]:
        del brief  # empty is empty, however it is looked at
        assert frame.luma
        assert threshold in Threshold
        self.asked += 1
        return []


def test_the_gate_skips_nearly_all_frames_of_an_empty_hall() -> None:
    asked: dict[bool, int] = {}
    for gate in (True, False):
        kiosk, decoder = Kiosk(), Counted()
        kiosk.look = Look([decoder], LookSettings(gate=gate))
        hall = watch(shots(LEARN_FRAMES + COMPARED), Noting(), kiosk)
        assert (hall.frames, hall.false) == (COMPARED, 0)
        asked[gate] = decoder.asked
    assert asked[False] >= LEARN_FRAMES + COMPARED
    # A tenth of the frames, each in two or three ways, and those before the hall was known.
    assert asked[True] < asked[False] / 3


def test_the_ratio_is_that_of_the_sums_and_the_page_shows_it() -> None:
    door = told([Hall(10, 30, 1000, 0), Hall(10, 90, 1000, 1)])
    assert door == {"cpu_ratio_empty": 0.06, "frames": 20, "false": 1, "halls": [0.03, 0.09]}
    figures = {"sets": {}, "empty_door": door}
    assert "| 2 | 20 | 1 | 0.060 | 0.030 | 0.090 |" in report.tables(figures)


def test_as_many_halls_are_watched_as_asked_for() -> None:
    lines: list[str] = []
    door = empty.empty_door(1, Noting(), 2, 2, lines.append)
    assert (len(door["halls"]), door["frames"], len(lines)) == (2, 4, 2)
