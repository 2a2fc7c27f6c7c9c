"""Scenes are drawn alike every time, look like cards before a camera, and hold what they say."""

import json
import random
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageStat
from pydantic import ValidationError

from kiosk.door.credential import Credential, Foreign, ForeignKind
from kiosk.eye.people import person, visits
from kiosk.eye.scenes import EMPTY, Scene, SceneCode, draw, main
from kiosk.payloads import cccd, foreign

SIZE_PX = (640, 480)
CARD = person(random.Random(7), fields=11)
QR = zxingcpp.barcode_formats_from_str("QRCodeModel2")
LOOKS = ("paper", "phone", "phone-dark")


def read(picture: Image.Image) -> list[bytes]:
    found = zxingcpp.read_barcodes(picture, formats=QR)
    return [code.bytes for code in found]


def scene_with(code: dict[str, Any] | None = None, **scene: Any) -> Scene:
    return Scene(codes=(SceneCode(**{"text": CARD} | (code or {})),), **scene)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    ("code", "scene"),
    [
        ({}, {}),
        ({"turn_deg": 90}, {}),
        ({"turn_deg": -33, "tilt_deg": 25}, {"noise": 4}),
        ({"tilt_deg": -35, "size": 0.6}, {"tremor_px": 2.5}),
        ({"size": 0.35, "x": 0.3, "y": 0.35}, {}),
        ({}, {"noise": 20}),
        ({}, {"blur_px": 1.0}),
        ({}, {"light": 0.2, "noise": 3}),
        ({}, {"shadow": 0.8}),
        ({"damage": 0.02}, {}),
    ],
    ids=lambda given: ",".join(given) or "plain",
)
def test_what_is_held_up_is_read_back_to_the_byte(
    look: str, code: dict[str, Any], scene: dict[str, Any]
) -> None:
    picture = draw(scene_with(code | {"look": look}, **scene), SIZE_PX, rng_seed=3, frame_number=5)
    assert read(picture) == [CARD.encode()]


@pytest.mark.parametrize("look", LOOKS)
def test_a_damaged_symbol_is_found_and_cannot_be_read(look: str) -> None:
    picture = draw(scene_with({"look": look, "damage": 0.9}), SIZE_PX, rng_seed=1)
    assert read(picture) == []
    found = zxingcpp.read_barcodes(picture, formats=QR, return_errors=True)
    assert found
    assert not any(code.valid for code in found)


def test_two_people_at_once() -> None:
    left = SceneCode(text="một", x=0.27, size=0.3)
    right = SceneCode(text="hai", x=0.73, size=0.3, look="phone")
    picture = draw(Scene(codes=(left, right)), SIZE_PX, rng_seed=1)
    assert sorted(read(picture)) == [b"hai", "một".encode()]


def test_the_longest_text_fits_and_a_longer_one_is_refused() -> None:
    code = SceneCode(text="x" * 2331, size=0.95)
    assert read(draw(Scene(codes=(code,)), (1280, 960), rng_seed=1)) == [b"x" * 2331]
    with pytest.raises(ValidationError, match="2332 bytes"):
        SceneCode(text="x" * 2332)


def test_the_same_seed_and_frame_give_the_same_picture() -> None:
    scene = scene_with(noise=5, tremor_px=2)
    again = scene_with(noise=5, tremor_px=2)
    assert draw(scene, SIZE_PX, 1, 9).tobytes() == draw(again, SIZE_PX, 1, 9).tobytes()


@pytest.mark.parametrize("what", [{"noise": 5}, {"tremor_px": 2}])
def test_frames_and_seeds_differ(what: dict[str, Any]) -> None:
    scene = scene_with(**what)
    pictures = {draw(scene, SIZE_PX, seed, frame).tobytes() for seed in (1, 2) for frame in (1, 2)}
    assert len(pictures) == 4


def test_a_still_scene_without_noise_stands_still() -> None:
    assert draw(EMPTY, SIZE_PX, 1, 1).tobytes() == draw(EMPTY, SIZE_PX, 1, 2).tobytes()


def test_an_empty_door_is_not_flat_and_shows_no_code() -> None:
    picture = draw(EMPTY, SIZE_PX, rng_seed=1)
    assert (picture.mode, picture.size) == ("L", SIZE_PX)
    assert ImageStat.Stat(picture).stddev[0] > 10
    assert read(picture) == []


def test_noise_has_the_sigma_that_was_asked_for() -> None:
    clean, noisy = (draw(Scene(noise=sigma), SIZE_PX, rng_seed=1) for sigma in (0, 8))
    difference = ImageStat.Stat(ImageChops.subtract(noisy, clean, offset=128))
    assert difference.stddev[0] == pytest.approx(8, rel=0.05)
    assert difference.mean[0] == pytest.approx(128, abs=0.6)


def test_less_light_darkens_the_door_and_the_paper_but_not_a_phone() -> None:
    def brightest(look: str, light: float) -> int:
        picture = draw(scene_with({"look": look}, light=light), SIZE_PX, rng_seed=1)
        return ImageStat.Stat(picture).extrema[0][1]

    assert brightest("paper", 0.3) < brightest("paper", 1) - 60
    assert brightest("phone", 0.3) == brightest("phone", 1)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 1)])
@pytest.mark.parametrize(("size", "tilt_deg"), [(1.5, 70), (0.02, -70), (0.4, 0)])
def test_a_code_beyond_the_edge_of_the_frame_is_cut_off_there(
    x: float, y: float, size: float, tilt_deg: float
) -> None:
    code = {"x": x, "y": y, "size": size, "tilt_deg": tilt_deg}
    picture = draw(scene_with(code), SIZE_PX, rng_seed=1)
    assert picture.size == SIZE_PX
    assert read(picture) == []


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Scene.model_validate_json('{"codes": [], "colour": 1}')


def test_main_draws_a_scene_file(tmp_path: Path) -> None:
    source, target = tmp_path / "scene.json", tmp_path / "out.png"
    source.write_text(scene_with(noise=2).model_dump_json(), encoding="utf-8")
    assert main([str(source), str(target)]) == 0
    with Image.open(target) as picture:
        assert read(picture) == [CARD.encode()]


@pytest.mark.parametrize(
    "content",
    ["{", "[]", json.dumps({"codes": [{"text": "bí mật", "size": 9}]}), '{"blur_px": "wide"}'],
)
def test_main_refuses_a_bad_scene_in_one_line_that_repeats_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    source = tmp_path / "scene.json"
    source.write_text(content, encoding="utf-8")
    assert main([str(source), str(tmp_path / "out.png")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "scene.json" in said
    assert "bí mật" not in said


@pytest.mark.parametrize("target", ["out.nonsense", "missing/out.png"])
def test_main_says_why_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    source = tmp_path / "scene.json"
    source.write_text("{}", encoding="utf-8")
    assert main([str(source), str(tmp_path / target)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_main_without_arguments_says_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "SCENE.json OUT.png" in capsys.readouterr().err


@pytest.mark.parametrize("fields", [7, 11])
def test_people_are_valid_and_nobody(fields: int) -> None:
    rng = random.Random(fields)
    for _ in range(300):
        text = person(rng, fields)
        assert text.count("|") == fields - 1
        credential = cccd.parse(text.encode())
        assert isinstance(credential, Credential)
        # No province has this number, so no citizen has.
        assert text.startswith("099")


def test_people_have_seven_or_eleven_fields() -> None:
    with pytest.raises(ValueError, match="7 or 11"):
        person(random.Random(1), fields=8)


def test_the_same_seed_brings_the_same_visits() -> None:
    first, again, other = (list(islice(visits(seed), 40)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_people_come_with_pauses_return_and_make_mistakes() -> None:
    coming = list(islice(visits(1), 200))
    assert all(visit.scene == EMPTY for visit in coming[::2])
    texts = [visit.scene.codes[0].text for visit in coming[1::2]]
    assert len(set(texts)) < len(texts), "nobody came twice"
    assert {visit.scene.codes[0].look for visit in coming[1::2]} == set(LOOKS)
    kinds = {foreign.recognise(text.encode()) for text in texts if "|" not in text}
    assert kinds == {Foreign(ForeignKind.PAYMENT), Foreign(ForeignKind.URL)}


def test_whoever_comes_can_be_read() -> None:
    coming = [visit.scene for visit in islice(visits(5), 60) if visit.scene.codes]
    legible = [scene for scene in coming if scene.codes[0].damage == 0]
    missed = 0
    for number, scene in enumerate(legible):
        code = scene.codes[0]
        # A person stands there for seconds: some frame of a few is read.
        frames = (draw(scene, SIZE_PX, 5, 10 * number + frame) for frame in range(3))
        missed += not any(code.text.encode() in read(frame) for frame in frames)
    assert missed == 0
