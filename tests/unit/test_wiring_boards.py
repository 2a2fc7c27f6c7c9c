"""What differs from board to board, against the data of the library that drives the pins."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from gpiozero.pins.pi import PiBoardInfo
from typer.testing import CliRunner

from kiosk.app.config_cli import config_app, wiring
from kiosk.app.wiring_boards import BOARDS, Model, as_caption, as_notes
from kiosk.app.wiring_drawing import as_svg
from kiosk.app.wiring_plan import EEPROM_PINS, GROUND_PINS, HEADER_OF_BCM, POWER_PINS

REVISIONS = {
    Model.ZERO_2_W: (0x902120,),
    Model.PI_3: (0xA02082, 0xA020D3, 0x9020E0),
    Model.PI_4: (0xB03111,),
    Model.PI_5: (0xC04170,),
}
"""Of a 3 there are three: Model B, B+ and A+."""
TEXT = """\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{key}"
[camera]
kind = "synthetic"
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[indicators]
use = ["led"]
[outbox]
kind = "memory"
[uplink]
kind = "stdout"
"""

app = typer.Typer()
app.add_typer(config_app, name="config")
app.command("wiring")(wiring)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT.format(key="ab" * 32), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("model", "revision"),
    [(model, revision) for model, revisions in REVISIONS.items() for revision in revisions],
)
def test_the_header_is_the_same_and_the_rest_as_gpiozero_knows_it(
    model: Model, revision: int
) -> None:
    known, board = PiBoardInfo.from_revision(revision), BOARDS[model]
    ours = {pin: f"GPIO{bcm}" for bcm, pin in HEADER_OF_BCM.items()}
    ours |= dict.fromkeys(GROUND_PINS, "GND") | POWER_PINS
    theirs = {number: pin.name for number, pin in known.headers["J8"].pins.items()}
    assert {pin: theirs[pin] for pin in theirs.keys() - EEPROM_PINS.keys()} == ours
    assert board.cameras == known.csi
    assert known.ethernet or model is Model.ZERO_2_W or revision == 0x9020E0
    assert board.poe.startswith("no") == (model is Model.ZERO_2_W)


def test_every_model_has_its_board() -> None:
    assert set(BOARDS) == set(Model) == set(REVISIONS)


@pytest.mark.parametrize("model", Model)
def test_the_notes_name_cable_and_supply(model: Model) -> None:
    board, lines = BOARDS[model], as_notes(BOARDS[model]).splitlines()
    assert lines[0] == board.title
    told = {line[:8].strip(): line[8:] for line in lines[1:]}
    assert told["camera"].startswith(f"{board.camera_pins} pins")
    assert ("15 pins to the board's 22" in told["camera"]) == (board.camera_pins == 22)
    assert f"{board.supply_a:g} A" in told["supply"]
    assert ("NOT noticed" in told["supply"]) == (model is Model.ZERO_2_W)
    assert ("battery" in told["clock"]) == (model is Model.PI_5)
    assert ("soldered" in told["header"]) == (model is Model.ZERO_2_W)


def test_the_drawing_of_a_board_says_which_and_is_else_the_same() -> None:
    for board in BOARDS.values():
        plain, drawn = (as_svg([], each).splitlines() for each in (None, board))
        added = [line for line in drawn if line not in plain]
        assert [line for line in drawn if line in plain] == plain
        assert [ET.fromstring(line).text for line in added] == [as_caption(board)]


@pytest.mark.parametrize("model", Model)
def test_the_command_tells_of_the_board_that_was_named(config: Path, model: Model) -> None:
    drawing = config.with_name("wiring.svg")
    command = ["wiring", "--config", str(config), "--model", model.value, "--svg", str(drawing)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0
    table, _, notes = done.stdout.partition("\n\n")
    assert len(table.splitlines()) == 3
    assert notes == as_notes(BOARDS[model])
    assert BOARDS[model].title in drawing.read_text(encoding="utf-8")


def test_an_unknown_board_is_refused(config: Path) -> None:
    done = CliRunner().invoke(app, ["wiring", "--config", str(config), "--model", "6"])
    assert done.exit_code == 2
    assert "zero-2-w" in done.stderr
