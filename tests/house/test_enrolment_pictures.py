"""The pictures of enrolling show what the commands say now, and labels that are read."""

from pathlib import Path

from PIL import Image

from docs import enrolment_pictures
from kiosk.app.decode import decoders
from kiosk.enrolment.claim import read_code
from kiosk.eye.frame import Frame
from tests.parts.markdown import ROOT

PICTURES = ROOT / "docs/pictures"
NAMES = {"enrol-terminal.png", "enrol-labels.png"}


def read(picture: Image.Image) -> set[str]:
    """Return the codes in a picture."""
    grey = picture.convert("L")
    frame = Frame(grey.tobytes(), *grey.size, grey.width, 1, 1)
    (reader, *_) = decoders(None, {})
    return {symbol.payload.decode() for symbol in reader.decode(frame) if symbol.payload}


def test_the_terminal_shows_what_the_commands_say_now(tmp_path: Path) -> None:
    lines, labels = enrolment_pictures.session(tmp_path)
    assert enrolment_pictures.said_in(PICTURES / "enrol-terminal.png") == lines
    assert labels.startswith(b"%PDF")


def test_the_labels_in_the_picture_hold_a_claim_each() -> None:
    with Image.open(PICTURES / "enrol-labels.png") as opened:
        codes = {read_code(text) for text in read(opened)}
    assert {code.server for code in codes} == {"https://enrol.example:8443"}
    assert len({code.claim for code in codes}) == 3
    assert len({code.pin for code in codes}) == 1


def test_the_pictures_are_small_and_on_the_page() -> None:
    page = (ROOT / "docs/howto/enrol-kiosks.md").read_text("utf-8")
    for name in NAMES:
        assert (PICTURES / name).stat().st_size < 64_000
        assert f"(../pictures/{name})" in page
