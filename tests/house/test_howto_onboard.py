"""The how-to about onboarding does what it says; its picture holds a code that is read."""

import re
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from PIL import Image
from typer.testing import CliRunner

from docs import onboarding_pictures
from kiosk.app.cli import app
from kiosk.app.decode import decoders
from kiosk.app.onboarding_section import NotOnboarded
from kiosk.app.settings import load_settings
from kiosk.door.signal import FAILURE_BLINKS
from kiosk.door.signal_names import FAILURES
from kiosk.eye.frame import Frame
from kiosk.network.wifi import Wifi
from kiosk.onboarding.form import Refusal, opened, payload_of
from provisioning.fleet.folder import FleetFolder
from tests.parts.fleets import PHRASE, Fleet
from tests.parts.markdown import ROOT, blocks
from tests.parts.onboarding_codes import SETUP, trusting_onboarders
from tests.parts.page_reader import reading

PAGE = ROOT / "docs/howto/onboard-a-kiosk.md"
FORM_PAGE = ROOT / "docs/explanation/onboarding-codes.md"
HERE = {
    "KIOSK_CAMERA__KIND": "synthetic",
    "KIOSK_GPIO__PINS": "mock",
    "KIOSK_EYE__DECODERS": "zxing",
}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Give the folder of somebody who has read the page about enrolling."""
    Fleet(tmp_path / "fleet", server="https://enrol.example.org:8443")
    (tmp_path / "passphrase").write_text(PHRASE)
    return tmp_path


def test_the_page_about_onboarding_does_what_it_says(desk: Path) -> None:
    followed = 0
    here = {"/var/lib/kiosk": str(desk), "/etc/kiosk": str(desk), '"/run/kiosk': f'"{desk}'}
    section = f'[onboarding]\nbootstrap_key_file = "{desk}/bootstrap.key"\nfile = "{desk}/o.toml"'
    with reading(desk, {**here, "[onboarding]": section}) as reader:
        for block in blocks(PAGE):
            if "setup.sh" in block.text or "not run" in "".join(block.marks):
                continue
            reader.follow(block)
            followed += 1
    assert followed >= 10
    # The settings on the page are those of a kiosk that only waits for its code: an installer
    # finds nothing wrong with them.
    with pytest.raises(NotOnboarded):
        load_settings(desk / "config.toml", HERE)
    command = ["config", "check", "--config", str(desk / "config.toml")]
    checked = CliRunner(env=HERE).invoke(app, command)
    assert (checked.exit_code, "waits for an onboarding code" in checked.stdout) == (0, True)
    checked = CliRunner(env={**HERE, "KIOSK_KIOSK__DIRECTION": "up"}).invoke(app, command)
    assert checked.exit_code == 78
    (reader_of_codes, *_) = decoders(None, {})
    (code,) = reader_of_codes.decode(frame(desk / "door-1.png"))
    assert code.payload is not None
    assert code.payload.startswith(b"DKSETUP:1:")
    roll = FleetFolder(desk / "fleet").roll()
    assert {device.name for device in roll.devices()} == {
        "hk-001/door-1",
        "hk-001/door-2",
        "hk-042/door-1",
    }
    roll.close()


def test_every_failure_is_in_the_table_with_what_to_do() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    told = [tuple(cell.strip() for cell in row.strip("|").split("|"))[:2] for row in rows[1:]]
    assert told == [(str(FAILURE_BLINKS[each]), FAILURES[each][1]) for each in FAILURE_BLINKS]


def test_the_form_on_the_page_is_that_of_the_codes() -> None:
    whole = replace(SETUP, port=1, wifi=Wifi("s", "12345678", hidden=True))
    fields = cbor2.loads(payload_of(whole))
    rows = re.findall(r"^\| (\S+) \| ", FORM_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    keys = [row.strip('`"') for row in rows if row.strip('`"') in {"form", "name"} or row.isdigit()]
    assert keys == [str(key) for key in (*fields, *fields[9])]


def test_the_refusals_on_the_page_are_all_there_are() -> None:
    page = FORM_PAGE.read_text(encoding="utf-8")
    assert [each for each in Refusal if f"`{each}`" not in page] == []


def test_the_code_in_the_picture_is_read_and_is_the_script_s() -> None:
    path = ROOT / "docs/pictures" / onboarding_pictures.NAME
    (reader, *_) = decoders(None, {})
    (symbol,) = reader.decode(frame(path))
    made = onboarding_pictures.code()
    assert symbol.payload == made.text.encode()
    setup = opened(made.text.encode(), trusting_onboarders(onboarding_pictures.KEY), 0, None)
    assert setup.wifi == made.wifi
    assert len(path.read_bytes()) < 64_000


def frame(path: Path) -> Frame:
    with Image.open(path) as found:
        picture = found.convert("L")
    return Frame(picture.tobytes(), *picture.size, picture.width, 1, 1)
