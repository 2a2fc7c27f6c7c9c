"""The proofs prove something: each can fail, and says so by its exit code."""

import json
import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

pytest.importorskip("zbarlight", reason="it has no wheels: it is in the extra `zbar`")

from benchmarks import hostile, payloads, soak
from benchmarks.beside import Punctual, lateness, scheduled, together
from benchmarks.recycling import FRAME_S, GROUP_FRAMES, recycled
from benchmarks.sheets import HD_PX, SHEETS, card_before
from benchmarks.sieged import Siege
from kiosk.door.signal import Signal
from kiosk.eye.decoders import Symbol, Threshold, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.people import person
from kiosk.eye.watch import RECYCLE_QUIET_S
from kiosk.indicators import OFF


@dataclass
class Reader:
    """A decoder that reads every frame but the grey one, and costs no memory."""

    payload: bytes | None = b"A"
    name: str = "zbarlight"
    reads_inverted: bool = True

    def decode(self, frame: Frame, threshold: Threshold = Threshold.LOCAL) -> list[Symbol]:
        assert threshold in Threshold
        empty = frame.luma[:100] == b"\x80" * 100
        return [] if empty or self.payload is None else [Symbol(self.payload, None, self.name)]


def silent(line: str) -> None:
    assert line


def soaked(*grown_mb: float, reads: int = 1000, name: str = "zbarlight") -> soak.Soaked:
    """Soak a decoder that reads, before a memory that grows so much at each of 100 steps."""
    memory = iter([50.0, *(50.0 + grown_mb[0] * step for step in range(100))])
    return soak.soak(Reader(name=name), soak.frames(1), reads, silent, lambda: next(memory))


def test_a_soak_tells_growth_since_it_was_warm() -> None:
    run = soaked(0.01)
    assert len(run.resident_mb) == soak.STEPS + 1
    assert run.growth_mb == pytest.approx(0.99)
    assert run.bytes_a_read == pytest.approx(1000)
    assert soak.kept(run)
    assert "zbarlight" in soak.table([run])


def test_a_soak_fails_on_a_leak_and_on_a_frame_not_read() -> None:
    assert not soak.kept(soaked(0.1))
    assert not soak.kept(soaked(0.1, name="zxing"))
    assert soak.kept(soaked(0.05, name="zxing"))
    memory = [50.0] * (soak.STEPS + 1)
    blind = soak.soak(Reader(None), soak.frames(1), 200, silent, iter(memory).__next__)
    assert (blind.missed, soak.kept(blind)) == (200, False)


def test_the_frames_of_a_soak_are_read_and_a_short_one_ends_well(tmp_path: Path) -> None:
    told = tmp_path / "soak.json"
    assert soak.main(["--zxing", "200", "--json", str(told)]) == 0
    [run] = json.loads(told.read_text())["runs"]
    assert (run["decoder"], run["reads"], run["missed"]) == ("zxing", 200, 0)


def test_the_eye_ends_by_plan_only_while_nothing_is_in_view() -> None:
    end = recycled(Reader(), soak.frames(1), -1e6)
    assert end.kept
    assert end.quiet_s >= RECYCLE_QUIET_S
    # Grown from the first frame on, and it waited until the last card was gone.
    assert (end.grown_at_s, end.reads) == (FRAME_S, GROUP_FRAMES)
    assert "planned end: True" in end.line()
    assert not replace(end, quiet_s=RECYCLE_QUIET_S - 1).kept
    assert not replace(end, planned=False).kept


def test_changed_payloads_fail_the_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "payloads.json"
    arguments = ["--count", "20", "--seed", "3", "--json", str(told)]
    assert payloads.main(arguments) == 0
    assert sum(k["exact"] for k in json.loads(told.read_text())["readers"]["look"].values()) == 20
    for reported in ([b"other"], []):
        monkeypatch.setattr(payloads, "readers", lambda said=reported: {"look": lambda _: said})
        assert payloads.main(arguments) == 1


@pytest.mark.parametrize("name", SHEETS)
def test_a_card_before_a_sheet_is_read_by_the_look(name: str) -> None:
    text = person(random.Random(2), 11)
    sheet = SHEETS[name](HD_PX)
    look = Look([zxing.build(zxing.Settings())])
    read: set[bytes | None] = set()
    for number, picture in enumerate([sheet] * 5 + [card_before(sheet, text)] * 10):
        at_ns = number * 33_333_333
        frame = Frame(picture.tobytes(), *HD_PX, HD_PX[0], at_ns, at_ns)
        read |= {s.payload for s in look.read(frame)} - {None}
    assert read == {text.encode()}


def test_late_and_missing_lights_are_told() -> None:
    due = scheduled(Signal.REJECTED, 10.0, OFF)
    assert [round(at_s - 10, 3) for at_s, _ in due] == [0, 0.7, 0.9]
    on_time = [(at_s + 0.004, output) for at_s, output in due]
    late, missed = lateness(due, on_time)
    assert late == pytest.approx([4, 4, 4], abs=0.01)
    assert missed == 0
    assert lateness(due, on_time[:1])[1] == 2
    assert lateness(due, []) == ([], 3)


def judged(beat_ms: float = 0, light_ms: float = 1, missed: int = 0, accepted: int = 9) -> bool:
    one = Punctual("sheet", (0.0, beat_ms), (1.0, light_ms), missed)
    siege = Siege("sheet", 9, accepted, 0, 1.0, 1.0, (40.0,))
    assert "sheet" in hostile.table([one], siege)
    return hostile.kept([one], siege)


def test_a_broken_promise_before_a_hostile_sheet_fails() -> None:
    assert judged()
    assert not judged(beat_ms=hostile.BEAT_LATE_MS + 1)
    assert not judged(light_ms=hostile.LIGHT_LATE_MS + 1)
    assert not judged(missed=1)
    assert not judged(accepted=8)
    assert together([Punctual("a", (1.0,), (2.0,), 1)] * 2) == Punctual(
        "all", (1.0, 1.0), (2.0, 2.0), 2
    )
