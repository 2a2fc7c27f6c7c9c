"""A machine that lacks the library of a decoder reads with the others, and says so."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.errors import EXIT_SETTINGS
from kiosk.eye.people import person
from kiosk.eye.scenes import Scene, SceneCode, draw
from tests.e2e.door import PATIENCE_S, Door, environ

CARD = person(random.Random(21))
# What Python does where a module is not installed, without uninstalling it for everybody else.
PROGRAM = """\
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
from kiosk.app.cli import main
main()
"""


def kiosk_without(libraries: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, libraries, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environ(),
    )


@pytest.fixture
def config(tmp_path: Path) -> str:
    eye = {"decoders": ["zxing", "zbarlight"]}
    return str(Door(tmp_path / "door", {"uplink": {"kind": "stdout"}, "eye": eye}).config)


@pytest.mark.parametrize(
    ("missing", "named"), [("zxingcpp", "without zxing"), ("zbarlight", "without zbarlight")]
)
def test_one_decoder_is_enough_and_the_other_is_named(
    missing: str, named: str, config: str, tmp_path: Path
) -> None:
    checked = kiosk_without(missing, "config", "check", "--config", config)
    assert (checked.returncode, checked.stdout.count("ok")) == (0, 1)
    assert named in checked.stderr
    picture = tmp_path / "card.png"
    draw(Scene(codes=(SceneCode(text=CARD, size=0.6),)), (640, 480), 1).save(picture)
    decoded = kiosk_without(missing, "decode", str(picture))
    assert decoded.returncode == 0
    assert named in decoded.stderr
    assert ": cccd: 099" in decoded.stdout


def test_no_decoder_at_all_is_a_matter_of_settings(config: str) -> None:
    checked = kiosk_without("zxingcpp,zbarlight", "config", "check", "--config", config)
    assert checked.returncode == EXIT_SETTINGS
    assert len(checked.stderr.splitlines()) == 2
    assert all("eye.decoders" in line for line in checked.stderr.splitlines())
