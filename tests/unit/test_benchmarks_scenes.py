"""Door scenes repeat, hold what they say, get harder, and show no QR code where there is none."""

from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageStat

from benchmarks.corpus import Sample
from benchmarks.falsehood import false_reads
from benchmarks.scenes.conditions import SWEEPS, fitted, plain
from benchmarks.scenes.dice import dice
from benchmarks.scenes.negatives import nothing, worn
from benchmarks.scenes.payloads import KINDS, content
from benchmarks.scenes.render import render
from benchmarks.scenes.sequences import (
    CARD_FRAMES,
    IDLE_FRAMES,
    IN_FRAMES,
    LIMITS,
    ORDINARY,
    Visit,
    visits,
)
from benchmarks.scenes.shot import Prop, Shot
from benchmarks.scenes.stills import stills

QR = zxingcpp.barcode_formats_from_str("QRCodeModel2")
HELD = IN_FRAMES + 6
EASY = Shot(seed=5, content=b"https://diem-den.example.vn/c/7", module_px=3.5)


def read(picture: Image.Image) -> list[bytes]:
    return [code.bytes for code in zxingcpp.read_barcodes(picture, formats=QR)]


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def visit(condition: str, seed: int = 1) -> Visit:
    return next(each for each in visits(seed, 1, 1) if each.condition == condition)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prop", ["card", "sheet", "phone", "phone-dark"])
def test_every_payload_on_every_prop_is_read_back_to_the_byte(kind: str, prop: Prop) -> None:
    what = content(dice("test", kind), kind)
    shot = fitted(
        replace(EASY, content=what.payload, error=what.error, prop=prop, roll_deg=4, yaw_deg=8)
    )
    assert read(render(shot)) == [what.payload]


@pytest.mark.parametrize("condition", SWEEPS)
def test_at_its_harmless_end_every_condition_is_readable(condition: str) -> None:
    rng = dice("test", condition)
    shot = fitted(SWEEPS[condition](replace(EASY, module_px=3.0), 0.02, rng))
    assert read(render(shot)) == [EASY.content]


@pytest.mark.parametrize("condition", sorted(set(SWEEPS) - {"nominal"}))
def test_severity_changes_the_picture_more_and_more(condition: str) -> None:
    ends = [
        render(fitted(SWEEPS[condition](EASY, severity, dice("same"))))
        for severity in (0.05, 0.15, 0.9)
    ]
    assert difference(ends[0], ends[2]) > difference(ends[0], ends[1]) > 0


def test_equal_seeds_give_equal_frames_and_others_do_not() -> None:
    first, again, other = (list(stills(seed, steps=1, negatives=2)) for seed in (3, 3, 4))
    assert [s.name for s in first] == [s.name for s in again]
    for number in (0, 5, len(first) - 1):
        drawn = first[number].draw()
        assert drawn.tobytes() == again[number].draw().tobytes()
        assert drawn.tobytes() != other[number].draw().tobytes()


def test_every_condition_has_as_many_stills_as_asked_for() -> None:
    groups = [s.group for s in stills(1, steps=3, negatives=4) if s.has_code]
    assert groups == [name for name in SWEEPS for _ in range(3)]


def test_negatives_show_no_qr_code_and_are_of_all_kinds() -> None:
    negatives = [s for s in stills(9, steps=1, negatives=8) if not s.has_code]
    assert {s.group for s in negatives} == {"empty hall", "posters", "bar codes", "matrix codes"}
    assert [read(s.draw()) for s in negatives] == [[]] * 8


def test_other_codes_are_really_drawn() -> None:
    rng = dice("other codes")
    found = 0
    for number in range(16):
        group, shot = nothing(rng, number)
        if group in ("bar codes", "matrix codes"):
            easy = replace(EASY, content=shot.content, prop="sheet", module_px=2.5)
            found += bool(zxingcpp.read_barcodes(render(easy)))
    assert found >= 4


def test_the_noise_of_light_is_that_of_so_many_electrons() -> None:
    # Two exposures of the same place: what differs is noise, of root two times one's deviation.
    empty = replace(EASY, content=None, electrons=100.0, exposure=0.7)
    apart = ImageChops.difference(render(empty), render(replace(empty, grain=1)))
    light = ImageStat.Stat(render(empty)).mean[0]
    expected = (2 * (light * 255 / 100 + (2 * 2.55) ** 2)) ** 0.5
    assert ImageStat.Stat(apart).rms[0] == pytest.approx(expected, rel=0.1)


def test_worn_pictures_repeat_and_stay_within_a_megapixel() -> None:
    source = Image.linear_gradient("L").resize((900, 700))
    pairs = [[worn(source, dice("worn", number)) for _ in range(2)] for number in range(6)]
    for one, again in pairs:
        assert one.mode == "L"
        assert max(one.size) <= 1024
        assert one.tobytes() == again.tobytes()
    assert len({one.tobytes() for one, _ in pairs}) == 6


def test_a_visit_begins_and_ends_without_the_card_and_holds_it_still_between() -> None:
    ordinary = visit(ORDINARY)
    frames = [render(shot) for shot in (*ordinary.idle, *ordinary.card)]
    assert len(frames) == IDLE_FRAMES + CARD_FRAMES
    empty, held = frames[0], frames[IDLE_FRAMES + HELD]
    assert read(empty) == []
    assert read(held) == [ordinary.payload]
    coming = [difference(empty, frames[IDLE_FRAMES + number]) for number in (0, 2, IN_FRAMES)]
    assert coming == sorted(coming)
    assert difference(held, frames[IDLE_FRAMES + HELD + 1]) < difference(held, empty)


@pytest.mark.parametrize("condition", LIMITS)
def test_at_the_limit_a_visit_differs_from_frame_to_frame(condition: str) -> None:
    limit = visit(condition)
    assert limit.payload
    one, next_one = (render(limit.card[HELD + number]) for number in (0, 1))
    assert difference(one, next_one) > 0


def test_half_of_the_hands_are_calm_and_they_tilt_less() -> None:
    spread: dict[bool, list[float]] = {True: [], False: []}
    for each in visits(2, 6, 0):
        yaws = [shot.yaw_deg for shot in each.card]
        spread[each.calm].append(max(yaws) - min(yaws))
    assert len(spread[True]) == len(spread[False]) == 3
    assert max(spread[True]) < min(spread[False])


def test_the_kiosk_reports_nothing_in_pictures_without_a_code() -> None:
    lines: list[str] = []
    photographs = [s for s in islice(stills(9, 0, 4), 4) if not s.has_code]
    told = false_reads(7, 4, photographs, lines.append)
    assert (told["pictures"], told["false"], lines) == (4, 0, [])
    assert told["frames"] > 4 * 10


def test_a_code_that_is_there_after_all_is_told_with_its_seed() -> None:
    lines: list[str] = []
    large = partial(render, replace(EASY, module_px=9.0, prop="sheet"))
    told = false_reads(7, 12, [Sample("large", "f", "g", None, large)], lines.append)
    assert told["false"] > 0
    assert "seed 7" in lines[0]


def test_a_plain_shot_fits_the_frame_whatever_it_holds() -> None:
    rng = dice("fits")
    for number in range(8):
        shot = plain(rng, number)
        assert isinstance(shot.content, bytes)
        assert read(render(replace(shot, roll_deg=0))) == [shot.content]
