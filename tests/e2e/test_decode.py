"""`kiosk decode` on pictures of every kind, and the uplink that prints: a first look at a kiosk."""

import base64
import json
import random
import signal
from pathlib import Path

import pytest
from PIL import Image

from kiosk.door.event import CheckInEvent
from kiosk.eye.people import person
from kiosk.eye.scenes import Scene, SceneCode, draw
from tests.e2e.commands import kiosk
from tests.e2e.door import Door

AN, BINH = (person(random.Random(seed)) for seed in (1, 2))
NUMBER, NAME = AN.split("|")[0], AN.split("|")[2]
ROTATED_90 = 6
ORIENTATION = 0x0112


def picture_of(*texts: str) -> Image.Image:
    places = {0: (), 1: (0.5,), 2: (0.27, 0.73)}[len(texts)]
    codes = [SceneCode(text=t, x=x, size=0.5) for t, x in zip(texts, places, strict=True)]
    return draw(Scene(codes=tuple(codes)), (640, 480), rng_seed=1)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "thẻ căn cước.png"
    picture_of(AN).save(path)
    return path


def test_a_card_is_named_and_masked_for_a_person(card: Path) -> None:
    done = kiosk("decode", card)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{card}: zxing: cccd: ")
    assert NUMBER not in line
    assert NAME not in line
    assert f"{len(AN.encode())} bytes" in line


def test_the_bytes_are_shown_only_when_revealing_is_asked_for(card: Path) -> None:
    hidden, shown = (kiosk("decode", "--json", *more, card) for more in ((), ("--reveal",)))
    assert hidden.returncode == shown.returncode == 0
    assert NUMBER not in hidden.stdout
    assert base64.b64encode(AN.encode()).decode() not in hidden.stdout
    (found,) = json.loads(shown.stdout)
    (code,) = found["codes"]
    assert base64.b64decode(code["payload"]).decode() == AN
    assert (found["file"], found["error"]) == (str(card), None)
    assert (code["kind"], code["decoder"], len(code["corners"])) == ("cccd", "zxing", 4)


def test_a_picture_turned_by_its_exif_is_read_upright(tmp_path: Path) -> None:
    # A phone held upright stores the sensor's picture and how to turn it.
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[ORIENTATION] = ROTATED_90
    picture_of(AN, BINH).transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    done = kiosk("decode", "--json", "--reveal", path)
    assert done.returncode == 0
    (found,) = json.loads(done.stdout)
    read = {base64.b64decode(c["payload"]).decode(): c["corners"] for c in found["codes"]}
    assert read.keys() == {AN, BINH}
    # Upright again: the first card is on the left, and both are at one height.
    assert max(x for x, _ in read[AN]) < min(x for x, _ in read[BINH])
    assert all(y < 480 for corners in read.values() for _, y in corners)


def test_what_is_no_picture_is_one_line_each_and_exit_1(card: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("this is no picture", "utf-8")
    cut = tmp_path / "cut.png"
    cut.write_bytes(card.read_bytes()[:700])
    absent = tmp_path / "absent.png"
    done = kiosk("decode", text, card, cut, absent, tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    for line, path in zip(lines, (text, card, cut, absent, tmp_path), strict=True):
        assert line.startswith(f"{path}: ")
    assert "zxing: cccd" in lines[1]
    assert "picture format" in lines[0]


def test_the_reason_is_in_the_json_too(tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("this is no picture", "utf-8")
    done = kiosk("decode", "--json", text)
    assert done.returncode == 1
    (found,) = json.loads(done.stdout)
    assert found["codes"] == []
    assert "picture format" in found["error"]


def test_a_picture_without_a_code_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    picture_of().save(path)
    done = kiosk("decode", path)
    assert done.returncode == 0
    assert done.stdout == f"{path}: no code found\n"


def test_the_decoders_of_a_settings_file_are_used(card: Path, tmp_path: Path) -> None:
    door = Door(
        tmp_path / "door", {"uplink": {"kind": "stdout"}, "eye": {"decoders": ["scripted"]}}
    )
    done = kiosk("decode", "--config", door.config, card)
    assert done.stdout == f"{card}: no code found\n"


def test_the_uplink_that_prints_writes_one_event_a_line(tmp_path: Path) -> None:
    with Door(tmp_path / "door", {"uplink": {"kind": "stdout"}}) as door:
        ids = [door.passes(AN), door.passes(BINH)]
        assert door.stop(signal.SIGINT) == 0
        lines = door.stdout.read_text("utf-8").splitlines()
        events = [CheckInEvent.model_validate_json(line) for line in lines]
    assert [event.id for event in events] == ids
    assert not [secret for secret in (NUMBER, NAME) if secret in "".join(lines)]
