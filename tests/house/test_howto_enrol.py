"""The how-to about enrolling does what it says: a fleet, its broker, kiosks, a stolen one."""

from pathlib import Path

import pytest

from kiosk.enrolment.claim import read_code
from tests.parts.broker import free_port, program
from tests.parts.markdown import ROOT, blocks
from tests.parts.page_reader import reading

PAGE = ROOT / "docs/howto/enrol-kiosks.md"
NOT_FOLLOWED = ("setup.sh",)
"""An installation."""


@pytest.mark.skipif(program() is None, reason="mosquitto is not installed")
def test_the_page_about_enrolling_does_what_it_says(tmp_path: Path) -> None:
    ports = {"8443": str(free_port()), "8883": str(free_port())}
    here = {"broker write broker --host localhost": "broker write broker --host localhost --port "}
    here = {key: value + ports["8883"] for key, value in here.items()}
    with reading(tmp_path, {**here, **ports, "fleet \n": "fleet\n"}) as reader:
        for block in blocks(PAGE):
            if any(word in block.text for word in NOT_FOLLOWED):
                continue
            if block.language == "toml" and "save" not in block.marks:
                continue  # What goes into a kiosk's settings.
            text = block.text.replace("serve --folder", f"serve --port {ports['8443']} --folder")
            reader.follow(type(block)(block.language, text, block.line, block.marks))
    code = next(line for line in (tmp_path / "said").read_text().splitlines() if "DKENROL" in line)
    assert read_code(code.removeprefix("code: ")).server.startswith("https://localhost:")
    assert (tmp_path / "labels.pdf").read_bytes().startswith(b"%PDF")
