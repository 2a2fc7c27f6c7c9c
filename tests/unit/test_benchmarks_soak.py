"""The proof of flat memory can fail: on a leak, on what was not read, on an end before people."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

pytest.importorskip("zbarlight", reason="it has no wheels: it is in the extra `zbar`")

from benchmarks import soak
from benchmarks.recycling import FRAME_S, GROUP_FRAMES, PAUSE_FRAMES, Life, live
from benchmarks.shown import SIZE_PX, empty_frames, frames
from benchmarks.soak import FLAT_MB, Lives, Soaked
from kiosk.eye.decoders import Symbol, Threshold, zbarlight, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.watch import RECYCLE_QUIET_S, WARM_FRAMES

CARD = Frame(bytes(SIZE_PX[0] * SIZE_PX[1]), *SIZE_PX, SIZE_PX[0], 1, 1)
SPARE_MB = 50.0
LEAK_MB = 0.001


@dataclass
class Reader:
    """A decoder, and a look, that reads every black frame and nothing else."""

    payload: bytes | None = b"A"
    name: str = "zbarlight"
    reads_inverted: bool = True
    asked: int = 0
    names: tuple[str, ...] = ("zbarlight",)

    def __post_init__(self) -> None:
        self.reads: Counter[str] = Counter()

    def decode(
        self, frame: Frame, threshold: Threshold = Threshold.LOCAL, *, brief: bool = False
    ) -> list[Symbol]:
        assert threshold in Threshold
        assert not brief
        self.asked += 1
        unread = frame.luma[0] or self.payload is None
        return [] if unread else [Symbol(self.payload, None, self.name)]

    def read(self, frame: Frame) -> list[Symbol]:
        return self.decode(frame)


def silent(line: str) -> None:
    assert line


def soaked(memory_mb: Sequence[float], payload: bytes | None = b"A") -> Soaked:
    return soak.soak(Reader(payload), [CARD], 1000, silent, iter(memory_mb).__next__)


def life(reads: int, growth_mb: float, payload: bytes | None = b"A") -> Life:
    """Let an eye live whose decoder leaks `LEAK_MB` a read."""
    decoder = Reader(payload)

    def leaking_mb() -> float:
        return SPARE_MB + LEAK_MB * decoder.asked

    return live(Reader(), decoder, [CARD], reads, growth_mb, leaking_mb)


def scripted(*each: Life) -> Callable[[int, int, float], Life]:
    rest = iter(each)
    return lambda _seed, _reads, _growth_mb: next(rest)


def test_what_every_library_takes_once_is_no_growth_and_a_leak_is() -> None:
    once = soaked([20.0, *[50.0] * soak.STEPS])
    assert len(once.resident_mb) == soak.STEPS + 1
    assert (once.spread_mb, once.kept) == (0.0, True)
    leak = soaked([50.0, *(50.0 + 0.06 * step for step in range(soak.STEPS))])
    assert leak.spread_mb == pytest.approx(5.94)
    assert not leak.kept


def test_memory_that_comes_and_goes_is_not_flat() -> None:
    hump = soaked([50.0] * 40 + [50.0 + FLAT_MB + 1] * 20 + [50.0] * 41)
    assert not hump.kept


def test_a_soak_that_reads_nothing_fails() -> None:
    blind = soaked([50.0] * (soak.STEPS + 1), payload=None)
    assert (blind.missed, blind.kept) == (1000, False)


def test_an_eye_that_has_grown_waits_until_the_last_card_is_gone() -> None:
    end = life(10**6, 0.5)
    # Warm after two groups, grown within the fourth; a fifth one passes.
    assert (end.planned, end.reads, end.missed) == (True, 5 * GROUP_FRAMES, 0)
    last_card_s = 5 * (PAUSE_FRAMES + GROUP_FRAMES) * FRAME_S
    assert end.grown_at_s is not None
    assert end.grown_at_s < last_card_s < end.ended_at_s
    assert end.quiet_s == pytest.approx(end.ended_at_s - last_card_s)
    assert end.quiet_s >= RECYCLE_QUIET_S
    # Warm at the first heartbeat after so many frames: at most a second's reads later.
    warm_reads = WARM_FRAMES * GROUP_FRAMES // (PAUSE_FRAMES + GROUP_FRAMES)
    assert end.growth_mb == pytest.approx(LEAK_MB * (end.reads - warm_reads), abs=10 * LEAK_MB)
    assert end.most_mb == end.end_mb
    assert end.kept


def test_people_come_again_where_memory_was_given_back() -> None:
    look, decoder = Reader(), Reader()
    looked = kept = 0

    def hoarding_mb() -> float:
        """Keep something of each read; asked twice at one frame, all was given back meanwhile."""
        nonlocal looked, kept
        if look.asked == looked:
            kept = decoder.asked
        looked = look.asked
        return SPARE_MB + LEAK_MB * (decoder.asked - kept)

    end = live(look, decoder, [CARD], 6000, 0.5, hoarding_mb)
    assert (end.planned, end.reads, end.kept) == (False, 6000, True)
    assert end.given_back > 0
    assert f"given back {end.given_back} times" in end.line()


def test_an_eye_that_has_not_grown_ends_when_its_reads_are_done() -> None:
    end = life(150, 100.0)
    assert (end.planned, end.reads, end.grown_at_s, end.kept) == (False, 150, None, True)


def test_an_end_before_people_or_a_frame_not_read_fails() -> None:
    good = life(10**6, 0.5)
    assert not replace(good, quiet_s=RECYCLE_QUIET_S - 1).kept
    assert not Lives(0.5, (replace(good, quiet_s=3.0), good)).kept
    assert not life(10, 100.0, payload=None).kept


def test_lives_follow_each_other_until_all_was_read() -> None:
    lines: list[str] = []
    eyes = soak.lives(
        1, 2500, 0.5, lambda _, reads, growth_mb: life(reads, growth_mb), lines.append
    )
    assert [one.planned for one in eyes.each] == [True, False]
    assert sum(one.reads for one in eyes.each) == 2500
    assert len(lines) == 2
    assert eyes.bytes_a_read == pytest.approx(LEAK_MB * 1e6, rel=0.02)
    assert eyes.above_mb == pytest.approx(1.2, abs=10 * LEAK_MB)
    assert eyes.kept
    assert "begun anew 1 times" in eyes.line()


def test_an_eye_that_grows_too_far_or_never_begins_anew_fails() -> None:
    good = life(10**6, 0.5)
    above = replace(good, most_mb=good.warm_mb + FLAT_MB + 0.1)
    assert Lives(0.5, (good, good)).kept
    assert not Lives(0.5, (good, above)).kept
    # Warm each, but every life warmer than the last.
    warmer = replace(good, warm_mb=good.warm_mb + FLAT_MB, most_mb=good.most_mb + FLAT_MB)
    assert not Lives(0.5, (good, warmer)).kept
    assert not Lives(0.5, (replace(good, planned=False), good)).kept
    assert not soak.lives(1, 1, 16.0, scripted(above), silent).kept


def test_the_frames_of_a_soak_hold_a_code_or_none() -> None:
    for decoder in (zxing.build(zxing.Settings()), zbarlight.build(zbarlight.Settings())):
        assert all(decoder.decode(frame)[0].payload for frame in frames(1))
        assert [decoder.decode(frame) for frame in empty_frames(2)] == [[], []]
    one, other = empty_frames(2)
    assert one.luma != other.luma


def test_a_short_soak_in_real_processes_is_flat(tmp_path: Path) -> None:
    told = tmp_path / "soak.json"
    given = ["--zxing", "500", "--zbarlight", "150", "--json", str(told)]
    assert soak.main(given) == 0
    figures = json.loads(told.read_text(encoding="utf-8"))
    [run], [eye] = figures["runs"], figures["eyes"]
    assert (run["decoder"], run["reads"], run["missed"]) == ("zxing", 500, 0)
    assert len(run["resident_mb"]) == soak.STEPS + 1
    assert (eye["reads"], eye["begun_anew"], len(eye["lives"])) == (150, 0, 1)
    assert 0 < eye["lives"][0]["warm_mb"] <= eye["lives"][0]["most_mb"]


def test_a_soak_of_nothing_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        soak.main([])
    assert refused.value.code == 2
