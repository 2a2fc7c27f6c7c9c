"""The proofs prove something: each can fail, and says so by its exit code."""

import json
import random
from pathlib import Path

import pytest

pytest.importorskip("zbarlight", reason="it has no wheels: it is in the extra `zbar`")

from benchmarks import hostile, payloads
from benchmarks.beside import Punctual, lateness, scheduled, together
from benchmarks.sheets import HD_PX, SHEETS, card_before
from benchmarks.sieged import Siege
from kiosk.door.signal import Signal
from kiosk.eye.decoders import zxing
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.people import person
from kiosk.indicators import OFF


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
