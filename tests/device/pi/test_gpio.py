"""The real gpiozero and lgpio on a kernel's GPIO chip: what the pins do is what the kiosk promises.

The kernel tells every change of a pin with its time, so nothing that the guest's only processor is
late for is hidden. A measurement that misses is made again, at most twice, and the figures say how
often: this computer does other things too. What is measured is never let off.
"""

import json
import random
from pathlib import Path

import pytest

from kiosk.eye.people import person
from kiosk.indicators import led, relay
from tests.device.pi import board as boards
from tests.device.pi import score
from tests.device.pi.guest.settings import UNLOCK_S
from tests.device.pi.parts import VirtualPi, note, run_program
from tests.device.pi.waveform import Record, Run
from tests.parts.units import settings_of

ATTEMPTS = 3
OFF_S = 1.0
"""How soon everything is off after a kill."""
GREEN, RED, RELAY = led.Settings().green_pin, led.Settings().red_pin, relay.Settings().pin
every_board = pytest.mark.parametrize("board", boards.BOARDS)


def record_of(pi: VirtualPi) -> Record:
    return Record(pi.read("trace"), pi.read("pins"))


@every_board
def test_the_chip_is_a_pis_to_gpiozero_and_lgpio(scratch: Path, board: str) -> None:
    wanted = boards.BOARDS[board]
    pi = VirtualPi(scratch, board=wanted)
    run_program(pi, "chip")
    said = json.loads(pi.read("said.json"))
    assert said["python"] == [3, 13]
    assert (said["factory"], said["lgpio"]) == ("LGPIOFactory", "0.2.2.0")
    assert said["gpiozero"].startswith("2.")
    assert (said["model"], said["revision"]) == (wanted.model, wanted.revision)
    assert said["board"] == f"{board.removeprefix('pi-')}B"
    assert (said["label"], len(said["names"])) == (wanted.chip, wanted.lines)
    assert said["names"][GREEN] == f"GPIO{GREEN}"


@every_board
def test_every_signal_is_shown_as_its_table_says(scratch: Path, board: str) -> None:
    left, again, edge_ms, tone_hz = [*score.NAMES], 0, 0.0, 0.0
    for attempt in range(ATTEMPTS):
        again += len(left) if attempt else 0
        pi = VirtualPi(scratch / str(attempt), board=boards.BOARDS[board], timed=True)
        run_program(pi, "play", *left)
        record = record_of(pi)
        verdicts = {
            name: score.judge(record, name, at_s) for at_s, name in record.marks if name != "end"
        }
        assert [*verdicts] == left
        # The control: none of them passes for another.
        for at_s, name in record.marks:
            others = {*score.NAMES} - {name} if name != "end" else ()
            assert all(score.judge(record, other, at_s).wrong for other in others), name
        for verdict in verdicts.values():
            if not verdict.wrong:
                edge_ms, tone_hz = max(edge_ms, verdict.edge_ms), max(tone_hz, verdict.tone_hz)
        left = [name for name, verdict in verdicts.items() if verdict.wrong]
        if not left:
            break
    note(f"{board}: signals measured again", again, f"of {len(score.NAMES)}")
    note(f"{board}: an edge of a signal, off by at most", edge_ms, "ms")
    note(f"{board}: a tone, off by at most", tone_hz, "Hz")
    assert not left, {name: verdicts[name].wrong for name in left}


def held_up(scratch: Path, *texts: str) -> tuple[Record, list[float]]:
    """Hold these up to `kiosk run`; return what the pins did, and when each was held up and all."""
    pi = VirtualPi(scratch, timed=True)
    (pi.share / "texts.json").write_text(json.dumps(texts), "utf-8")
    run_program(pi, "door")
    record = record_of(pi)
    return record, [at_s for at_s, _ in record.marks]


def high(runs: list[Run]) -> list[tuple[float, float]]:
    return [(begin_s, end_s) for begin_s, end_s, level in runs if level]


def test_the_relay_is_closed_for_its_time_and_never_for_what_is_rejected(scratch: Path) -> None:
    card = person(random.Random(1))
    for attempt in range(ATTEMPTS):
        # A menu's code, and a resident's card of a form that this door does not take.
        record, (shown_s, menu_s, other_s, end_s) = held_up(
            scratch / str(attempt), card, "https://thucdon.example.vn/ban-12", "HV|no|card|at|all"
        )
        # Whatever the clock does: one pulse, for the card, and no other ever.
        assert high(record.runs(RELAY, menu_s, end_s)) == []
        assert high(record.runs(RELAY, 0, shown_s)) == []
        ((begin_s, until_s),) = high(record.runs(RELAY, shown_s, menu_s))
        assert [lit.brightness for lit in record.lights(GREEN, shown_s, menu_s)] == [1.0]
        # It was refused at the door for all to see, and not just not seen.
        assert max(lit.brightness for lit in record.lights(RED, menu_s, other_s)) == 1.0
        assert max(lit.brightness for lit in record.lights(RED, other_s, end_s)) == 1.0
        off_ms = abs(until_s - begin_s - UNLOCK_S) * 1000
        if off_ms <= score.EDGE_MS:
            break
    note("the relay: times measured again", attempt, f"of {ATTEMPTS}")
    note(f"the relay's {UNLOCK_S * 1000:.0f} ms, off by", off_ms, "ms")
    assert off_ms <= score.EDGE_MS


@every_board
def test_a_press_of_the_button_is_heard_once_and_a_bounce_never(scratch: Path, board: str) -> None:
    # A bounce that the guest is held up in is a press.
    pi = VirtualPi(scratch, board=boards.BOARDS[board], timed=True)
    # Each press is waited for; what is heard for a bounce, or twice, is left over.
    run_program(pi, "button", "5", "5")
    said = json.loads(pi.read("said.json"))
    note(f"{board}: presses made again", said["again"], "of 5")
    assert said["again"] < ATTEMPTS
    assert (said["was_lit"], said["is_lit"], said["more"]) == (0, True, 0)


def off_command() -> list[str]:
    """Return what systemd starts when the kiosk has ended, with the guest's Python and settings."""
    words = settings_of("kiosk.service")["ExecStopPost"]
    words = words[: words.index("--config") + 1]
    assert words[0].endswith("/venv/bin/python")
    return ["/opt/app/bin/python", *words[1:], "/run/work/kiosk.toml"]


@pytest.mark.parametrize("keeps", [False, True], ids=["released-is-off", "released-keeps"])
def test_everything_is_off_within_a_second_after_everything_was_killed(
    scratch: Path, *, keeps: bool
) -> None:
    command = off_command() if keeps else []
    for attempt in range(ATTEMPTS):
        pi = VirtualPi(scratch / str(attempt), timed=True)
        run_program(pi, "killed", *command)
        said = json.loads(pi.read("said.json"))
        assert said["on"][str(GREEN)] == said["on"][str(RELAY)] == 1
        # The chip is the one that was asked for: it let go of the pins, or kept them.
        assert said["left"][str(RELAY)] == said["left"][str(GREEN)] == int(keeps)
        assert (said["code"], set(said["at_last"].values())) == (0, {0})
        # None floats, with what hangs on it.
        assert not keeps or len(said["driven"]) == len(said["at_last"])
        if said["off_s"] <= OFF_S:
            break
    chip = "keeps its pins" if keeps else "lets go of its pins"
    note(f"a chip that {chip}: kills repeated", attempt, f"of {ATTEMPTS}")
    note(f"a chip that {chip}: off after a kill", said["off_s"] * 1000, "ms")
    assert said["off_s"] <= OFF_S
