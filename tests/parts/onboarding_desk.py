"""An operator's desk where onboarding codes are made, and what a reader makes of its paper."""

from functools import cache
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from kiosk.enrolment.claim import claim_text
from kiosk.enrolment.keys import new_key, request_for, request_pem
from kiosk.enrolment.wire import Redeem
from kiosk.errors import EnrolmentRefused
from kiosk.onboarding.form import Setup, opened
from provisioning import key_file
from provisioning.cli import app
from tests.parts.fleets import PHRASE, Fleet
from tests.parts.onboarding_codes import bootstrap, onboarder, trusting_onboarders

KEY_PHRASE = "the onboarding key of these tests"
DOOR = "hk-042/door-1"
BROKER = "broker.example.org"
_QR = zxingcpp.barcode_formats_from_str("QRCodeModel2")


@cache
def key_pem() -> bytes:
    return key_file.encrypted(onboarder(), KEY_PHRASE)


class Desk:
    """A fleet, an onboarding key and a command line in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fleet = Fleet(folder / "fleet")
        self.fleet.add_sites("hk-042")
        for name, text in (("phrase", PHRASE), ("key-phrase", KEY_PHRASE), ("wifi", "12345678")):
            (folder / name).write_text(f"{text}\n")
        (folder / "onboarding.pem").write_bytes(key_pem())

    def path(self, name: str) -> Path:
        return self.folder / name

    def run(self, command: str, what: str, out: str, *more: str) -> tuple[int, str]:
        given = ["onboarding", command, what, "--out", str(self.path(out)), *more]
        if "--broker" not in more:
            given += ["--broker", BROKER]
        for option, name in (
            ("--folder", "fleet"),
            ("--key", "onboarding.pem"),
            ("--passphrase-file", "phrase"),
            ("--key-passphrase-file", "key-phrase"),
        ):
            given += [option, str(self.path(name))]
        done = CliRunner().invoke(app, given)
        return done.exit_code, done.output

    def wifi(self) -> tuple[str, ...]:
        return ("--ssid", "Phòng khám", "--wifi-password-file", str(self.path("wifi")))

    def redeems(self, setup: Setup) -> bool:
        request = request_pem(request_for(new_key()))
        asked = Redeem(
            claim=claim_text(setup.claim), request=request, site=setup.site, device=setup.device
        )
        try:
            self.fleet.opened().redeem(asked)
        except EnrolmentRefused:
            return False
        return True

    def claims(self) -> int:
        roll = self.fleet.folder.roll()
        try:
            return sum(device.claim_until_s is not None for device in roll.devices())
        finally:
            roll.close()


def taken(raw: bytes) -> Setup:
    """Return what a kiosk with the right bootstrap key takes."""
    return opened(raw, trusting_onboarders(), 0, bootstrap())


def shown_by(picture: Image.Image) -> list[bytes]:
    return [code.bytes for code in zxingcpp.read_barcodes(picture, formats=_QR)]


def pages_of(path: Path) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(path.read_bytes())
    return [document[number].render(scale=2).to_pil() for number in range(len(document))]


def words_of(path: Path, page: int = 0) -> str:
    document = pypdfium2.PdfDocument(path.read_bytes())
    return " ".join(document[page].get_textpage().get_text_range().split())
