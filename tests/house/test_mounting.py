"""The guides to mounting and wiring say what is computed, set and driven."""

import re

import pytest

from docs import delivery_page, generate, mount_page, wire_page
from docs.optics import (
    CAMERAS,
    CITIZEN,
    CODES,
    DEFAULT,
    LEAST_PX,
    POCKET,
    SHEET,
    SMEARED_MODULES,
    WANTED_PX,
    farthest_mm,
    nearest_mm,
    seen_mm,
    view,
)
from kiosk.app.sections import Door
from kiosk.app.wiring_boards import BOARDS
from kiosk.app.wiring_plan import LED_OHM, PIN_MA
from kiosk.eye.cameras.picamera2 import Settings
from provisioning.paper.distance import ANY_CARD, LARGE_CODE, Distance
from tests.parts.markdown import ROOT

GUIDES = {name: (ROOT / name).read_text(encoding="utf-8") for name in mount_page.PAGES}
ENGLISH, VIETNAMESE = GUIDES[mount_page.ENGLISH], GUIDES[mount_page.VIETNAMESE]
WIRING = (ROOT / wire_page.PAGE).read_text(encoding="utf-8")


def rows(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_tables_are_even_and_name_every_camera_and_every_code() -> None:
    for table in (mount_page.distances(), mount_page.khoang_cach(), mount_page.hands()):
        assert len({len(row) for row in rows(table)}) == 1
    named = {row[0] for row in rows(mount_page.distances())[2:]}
    assert named == {camera.name for camera in CAMERAS}
    assert {code.english for code in CODES} <= set(rows(mount_page.distances())[0])


def test_a_distance_is_rounded_so_that_it_holds() -> None:
    """Neither nearer than the near end, nor farther than the far one."""
    spans = re.findall(r"\b(\d+) to (\d+) \((\d+)\)", mount_page.distances())
    assert len(spans) >= len(CAMERAS) * len(CODES) // 2
    assert all(int(near) < int(far) <= int(end) for near, far, end in spans)


def test_both_guides_say_the_same_distance_for_the_same_card() -> None:
    vietnamese = {row[0]: row[1:] for row in rows(mount_page.khoang_cach())[2:]}
    english = {
        row[0]: row[5:]
        for row in rows(mount_page.distances())[2:]
        if row[1:3] == ["1280 x 720", ""]
    }
    assert len(vietnamese) == sum(camera.nearest_mm is not None for camera in CAMERAS)
    for name, cells in vietnamese.items():
        said = english[name][: len(cells)]
        assert [re.sub(r" \(.*", "", cell) for cell in said] == [
            cell.removesuffix(" cm").replace("đến", "to") for cell in cells
        ]


def test_the_venue_is_told_the_distance_of_a_citizen_card_with_the_usual_camera() -> None:
    usual = next(row for row in rows(mount_page.khoang_cach()) if row[0] == "Camera Module 3")
    assert f"**đưa thẻ căn cước cách máy {usual[1]}**" in " ".join(VIETNAMESE.split())


def test_paper_tells_distances_at_which_the_usual_camera_reads() -> None:
    usual = next(camera for camera in CAMERAS if camera.name == "Camera Module 3")
    seen = view(usual, DEFAULT)
    for told, code in ((ANY_CARD, CITIZEN), (ANY_CARD, POCKET), (LARGE_CODE, SHEET)):
        assert told.near_cm * 10 >= nearest_mm(seen, code, usual)
        assert told.far_cm * 10 <= farthest_mm(seen, code, LEAST_PX)
    # A card is told nothing that the poster beside the kiosk does not say as well.
    assert ANY_CARD.near_cm <= LARGE_CODE.near_cm < LARGE_CODE.far_cm <= ANY_CARD.far_cm
    for code in CODES:
        assert nearest_mm(seen, code, usual) + 50 <= ANY_CARD.far_cm * 10


@pytest.mark.parametrize("told", [ANY_CARD, LARGE_CODE])
def test_the_guides_quote_the_paper(told: Distance) -> None:
    assert told.english in " ".join(ENGLISH.split())
    assert f'"{told.vietnamese}"' in " ".join(VIETNAMESE.split())


def test_residents_read_the_same_distance_in_the_readme() -> None:
    assert ANY_CARD.vietnamese in (ROOT / "README.vi.md").read_text(encoding="utf-8")


def test_both_guides_say_the_same_heights() -> None:
    heights = re.findall(r"^\| (\d\.\d\d) m \|", ENGLISH, re.MULTILINE)
    assert len(heights) == 3
    assert [each.replace(".", ",") for each in heights] == re.findall(
        r"^\| (\d,\d\d) m \|", VIETNAMESE, re.MULTILINE
    )


def test_the_figures_in_the_text_are_those_of_the_code() -> None:
    text = " ".join(ENGLISH.split())
    assert f"still codes at {LEAST_PX} pixels a module" in text
    assert f"Plan with {WANTED_PX}." in text
    assert f"plan with {SMEARED_MODULES}." in text
    assert f"1411 x 0.224 / {WANTED_PX:g} = 158 mm" in text
    usual = next(camera for camera in CAMERAS if camera.name == "Camera Module 3")
    _, height_mm = seen_mm(view(usual, DEFAULT), 2000)
    assert f"Camera Module 3 sees {height_mm / 10:.0f} cm of what is 2 m away" in text
    assert f"from {1.1 - height_mm / 2000:.1f} to {1.1 + height_mm / 2000:.1f} m above" in text
    first = rows(mount_page.hands())[2][0]
    assert first == f"{Settings().max_exposure_us} µs"


@pytest.mark.parametrize("name", mount_page.PAGES)
def test_a_guide_without_its_markers_is_refused(name: str) -> None:
    with pytest.raises(SystemExit, match="put the two lines there"):
        mount_page.pages({**GUIDES, name: "# A page\n"})


def test_a_wiring_page_without_its_markers_is_refused() -> None:
    with pytest.raises(SystemExit, match="put the two lines there"):
        wire_page.text("# A page\n", ())


def test_the_pins_of_the_guide_are_those_of_the_example_with_a_relay() -> None:
    begin, end = (WIRING.index(mark) for mark in delivery_page.markers(wire_page.PINS))
    drawn = {tuple(row[:4]) for row in rows(WIRING[begin:end])[2:]}
    assert drawn == {
        ("green LED", "17", "11", "9"),
        ("red LED", "27", "13", "14"),
        ("buzzer", "18", "12", "14"),
        ("door relay", "22", "15", "14"),
    }
    assert "IN to pin 15" in WIRING
    assert f"`door.unlock_s` ({Door().unlock_s:g} s)" in WIRING


def test_no_led_at_a_pin_takes_more_than_is_planned() -> None:
    for led in wire_page.SORTS:
        assert wire_page.pin_ma(led.least_v) <= PIN_MA
        through_ma = 1000 * (5 - 0.2 - led.least_v) / wire_page.bright_ohm(led)
        assert 5 < through_ma <= 10
    assert f"{LED_OHM} ohm let 3.3 to 4.5 mA through" in WIRING
    assert f"**{PIN_MA} mA a pin, 50 mA all together.**" in WIRING


def test_every_board_has_its_line() -> None:
    told = {row[0]: row for row in rows(wire_page.models())[2:]}
    assert set(told) == {board.title for board in BOARDS.values()}
    for board in BOARDS.values():
        assert f"{board.camera_pins} pins" in told[board.title][3]
        assert f"{board.supply_a:g} A, {board.plug}" == told[board.title][4]


def test_both_guides_are_generated() -> None:
    assert {*mount_page.PAGES, wire_page.PAGE} <= set(generate.pages())
