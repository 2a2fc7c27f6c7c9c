"""The wiring: header numbers that are right, and a drawing that says what the table says."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from gpiozero.pins.mock import MockFactory

from kiosk.app.settings import Settings, load_settings
from kiosk.app.wiring_drawing import as_svg
from kiosk.app.wiring_plan import (
    EEPROM_PINS,
    GROUND_PINS,
    HEADER_OF_BCM,
    POWER_PINS,
    as_table,
    nearest_ground,
    rows_of,
)

TEXT = f"""\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{"ab" * 32}"
[camera]
kind = "synthetic"
[eye]
decoders = ["zxing"]
[gpio]
pins = "mock"
[indicators]
use = ["led", "buzzer", "relay", "console"]
[indicators.led]
green_pin = 21
[outbox]
kind = "memory"
[uplink]
kind = "stdout"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(TEXT, encoding="utf-8")
    return load_settings(path, {}).settings


def test_the_header_is_the_one_that_gpiozero_knows() -> None:
    """Two independent sources: ours, and the board data of the library that drives the pins."""
    theirs = {
        number: pin.name for number, pin in MockFactory().board_info.headers["J8"].pins.items()
    }
    ours = {pin: f"GPIO{bcm}" for bcm, pin in HEADER_OF_BCM.items()}
    ours |= dict.fromkeys(GROUND_PINS, "GND") | POWER_PINS
    ours |= {27: "GPIO0", 28: "GPIO1"}
    assert ours == theirs
    assert set(EEPROM_PINS) == {27, 28}
    assert set(HEADER_OF_BCM) == set(range(2, 28))


@pytest.mark.parametrize(("pin", "ground"), [(3, 6), (8, 6), (11, 9), (12, 14), (37, 39), (40, 39)])
def test_the_ground_beside_a_pin_is_proposed(pin: int, ground: int) -> None:
    assert nearest_ground(pin) == ground


def test_rows_follow_the_header_and_carry_role_key_and_note(settings: Settings) -> None:
    rows = rows_of(settings)
    assert [(row.bcm, row.header_pin, row.role) for row in rows] == [
        (18, 12, "buzzer"),
        (27, 13, "red LED"),
        (22, 15, "door relay"),
        (21, 40, "green LED"),
    ]
    notes = {row.role: row.note for row in rows}
    assert "330 ohm" in notes["green LED"]
    assert "330 ohm" in notes["red LED"]
    assert "transistor" in notes["buzzer"]
    assert "opto-isolation" in notes["door relay"]
    assert rows[-1].key == "indicators.led.green_pin"


def test_the_table_has_one_line_for_each_wire(settings: Settings) -> None:
    lines = as_table(rows_of(settings)).splitlines()
    assert len(lines) == 5
    assert lines[0].split()[:3] == ["BCM", "Pin", "Ground"]


def test_the_drawing_names_each_role_vietnamese_first(settings: Settings) -> None:
    words = {
        (text.text or "") for text in ET.fromstring(as_svg(rows_of(settings))).iter() if text.text
    }
    assert {
        "Còi · buzzer · GPIO18",
        "Đèn đỏ · red LED · GPIO27",
        "Rơ-le cửa · door relay · GPIO22",
        "Đèn xanh · green LED · GPIO21",
    } <= words
    assert {str(number) for number in range(1, 41)} <= words


def test_the_drawing_is_the_same_for_the_same_rows(settings: Settings) -> None:
    rows = rows_of(settings)
    assert as_svg(rows) == as_svg(reversed(rows))


def test_used_pins_are_coloured_and_free_ones_are_not(settings: Settings) -> None:
    row = rows_of(settings)[0]
    assert row.colour in as_svg([row])
    assert row.colour not in as_svg([])
