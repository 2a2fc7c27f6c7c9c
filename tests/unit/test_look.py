"""The cascade over time: which way of looking is tried when, and what each costs the others."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from PIL import Image, ImageFilter

from kiosk.eye.decoders import Corners, Decoder, Symbol, Threshold, zbarlight, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.look import FULL_EVERY, Look
from kiosk.eye.look_settings import LookSettings
from kiosk.eye.people import person
from kiosk.eye.scenes import EMPTY, Scene, SceneCode, draw
from kiosk.eye.strategies import STRATEGIES, Variant, double, half

SIZE = (640, 480)
PERIOD_NS = 33_333_333
UNGATED = LookSettings(gate=False, extra_share=100)


@dataclass
class Scripted:
    """A decoder that answers by the picture's size, and counts what it was shown."""

    answer: Callable[[Frame], list[Symbol]]
    name: str = "scripted"
    reads_inverted: bool = True
    shown: list[tuple[int, int]] = field(default_factory=list)
    briefly: list[bool] = field(default_factory=list)

    def decode(
        self, frame: Frame, threshold: Threshold = Threshold.LOCAL, *, brief: bool = False
    ) -> list[Symbol]:
        assert threshold in Threshold
        self.shown.append((frame.width_px, frame.height_px))
        self.briefly.append(brief)
        return self.answer(frame)


def frame_of(picture: Image.Image, number: int) -> Frame:
    captured_ns = number * PERIOD_NS
    return Frame(picture.tobytes(), *picture.size, picture.width, captured_ns, captured_ns)


def plain(shade: int = 128) -> Image.Image:
    return Image.new("L", SIZE, shade)


def nothing(_frame: Frame) -> list[Symbol]:
    return []


def card(seed: int = 1, **how: float) -> tuple[bytes, Scene]:
    text = person(random.Random(seed))
    return text.encode(), Scene(codes=(SceneCode(text=text, **how),))


def reading(look: Look, pictures: Sequence[Image.Image]) -> list[list[bytes | None]]:
    return [
        [s.payload for s in look.read(frame_of(picture, number))]
        for number, picture in enumerate(pictures)
    ]


def test_every_way_of_looking_has_its_turn() -> None:
    first = Scripted(nothing)
    second = Scripted(nothing, "second")
    look = Look([first, second], UNGATED, cpu_s=lambda: 0.0)
    reading(look, [plain()] * look.turns)
    assert len(second.shown) == 1
    assert len(first.shown) == look.turns + len(STRATEGIES)
    assert {(1280, 960), (320, 240)} <= set(first.shown)


def test_light_on_dark_is_looked_for_on_every_second_frame() -> None:
    first = Scripted(nothing)
    look = Look([first], LookSettings(gate=False, strategies=()), cpu_s=lambda: 0.0)
    reading(look, [plain()] * 2 * FULL_EVERY)
    assert first.briefly == [True, False] * FULL_EVERY


def test_each_way_of_looking_looks_for_light_on_dark_in_every_second_turn() -> None:
    first = Scripted(nothing)
    settings = LookSettings(gate=False, extra_share=100, strategies=("half", "double", "smooth"))
    look = Look([first], settings, cpu_s=lambda: 0.0)
    reading(look, [plain()] * 4 * look.turns)
    shown = zip(first.shown, first.briefly, strict=True)
    assert [brief for size, brief in shown if size == (320, 240)] == [True, False] * 2


@pytest.mark.parametrize("gate", [True, False], ids=["gated", "ungated"])
def test_a_phone_in_dark_mode_is_read_beside_a_poster(*, gate: bool) -> None:
    poster, phone = "a poster", person(random.Random(2))
    alone = Scene(codes=(SceneCode(text=poster, x=0.25, size=0.4),))
    dark = SceneCode(text=phone, x=0.72, size=0.5, look="phone-dark")
    both = alone.model_copy(update={"codes": (*alone.codes, dark)})
    look = Look([zxing.build(zxing.Settings())], LookSettings(gate=gate))
    shown = [draw(s, SIZE, 1, 0) for s in [EMPTY] + [alone] * 5 + [both] * FULL_EVERY]
    read = reading(look, shown)[-FULL_EVERY:]
    assert any(phone.encode() in payloads for payloads in read)


def test_a_located_symbol_is_laid_flat_and_shown_larger_in_turn() -> None:
    corners: Corners = ((100, 100), (200, 100), (200, 200), (100, 200))
    first = Scripted(lambda f: [Symbol(None, corners, "x")] if (f.width_px == SIZE[0]) else [])
    settings = LookSettings(gate=False, strategies=(), stack=False)
    look = Look([first], settings, cpu_s=lambda: 0.0)
    reading(look, [plain()] * 4)
    again = [size for size in first.shown if size != SIZE]
    assert again == [(212, 212), (340, 340), (340, 340), (212, 212)]


def test_a_second_opinion_counts_and_is_named() -> None:
    found = Symbol(b"A", None, "second")
    readers: list[Decoder] = [Scripted(nothing), Scripted(lambda _: [found], "second")]
    look = Look(readers, UNGATED, cpu_s=lambda: 0.0)
    read = reading(look, [plain()] * look.turns)
    assert [b"A"] in read
    assert look.reads == {"second": 1}
    assert look.names == ("scripted", "second")


@pytest.mark.parametrize(
    ("took", "calls"), [(0.9, 5), (1.5, 2), (2.5, 1)], ids=["quick", "slow twice", "very slow once"]
)
def test_a_slow_second_opinion_is_left_out_for_ten_minutes(took: float, calls: int) -> None:
    now_s, cpu_s = 0.0, 0.0

    def slow(_frame: Frame) -> list[Symbol]:
        nonlocal cpu_s
        cpu_s += took * settings.slow_s
        return []

    second = Scripted(slow, "second")
    settings = LookSettings(gate=False, strategies=(), extra_share=100)
    look = Look(
        [Scripted(nothing), second], settings, monotonic_s=lambda: now_s, cpu_s=lambda: cpu_s
    )
    for number in range(5):
        look.reset()  # a budget of CPU is another matter
        look.read(frame_of(plain(), number))
    assert len(second.shown) == calls
    now_s = settings.slow_pause_s + 1
    look.reset()
    look.read(frame_of(plain(), 9))
    assert len(second.shown) == calls + 1


def test_a_way_of_looking_that_is_slow_is_left_out_and_the_others_are_not() -> None:
    now_s, cpu_s = 0.0, 0.0

    def slow_when_large(frame: Frame) -> list[Symbol]:
        nonlocal cpu_s
        cpu_s += 1.0 if frame.width_px > SIZE[0] else 0.001
        return []

    first = Scripted(slow_when_large)
    settings = LookSettings(gate=False, stack=False, strategies=("double", "half"), patience_ms=0)
    look = Look([first], settings, monotonic_s=lambda: now_s, cpu_s=lambda: cpu_s)
    shown = []
    for minutes in (0, 11):
        now_s = 60.0 * minutes
        first.shown.clear()
        for number in range(10):
            look.reset()  # its turns begin anew, its leashes do not
            look.read(frame_of(plain(), number))
            look.read(frame_of(plain(), number))
        shown.append([first.shown.count((2 * SIZE[0], 2 * SIZE[1])), len(first.shown)])
    assert shown[0][0] == shown[1][0] == 1


def test_further_looks_stay_within_their_share_while_nobody_is_there() -> None:
    cpu_s = 0.0

    def dear(frame: Frame) -> list[Symbol]:
        nonlocal cpu_s
        cpu_s += frame.width_px * frame.height_px / (SIZE[0] * SIZE[1])
        return []

    look = Look([Scripted(dear)], LookSettings(gate=False, extra_share=1.0), cpu_s=lambda: cpu_s)
    frames = 400
    reading(look, [plain()] * frames)
    assert frames < cpu_s <= 2.1 * frames


def test_an_empty_door_is_looked_at_now_and_then_only() -> None:
    first = Scripted(nothing)
    look = Look([first], LookSettings(idle_every=10))
    empty = [draw(EMPTY.model_copy(update={"noise": 4}), SIZE, 1, n) for n in range(60)]
    reading(look, empty)
    # The first frame is news; after that every tenth is looked at, each with one further look.
    assert 6 <= len(first.shown) <= 16


def test_a_card_that_comes_is_read_where_it_came_and_followed() -> None:
    payload, scene = card(size=0.3)
    look = Look([zxing.build(zxing.Settings())])
    empty = [draw(EMPTY, SIZE, 1, n) for n in range(5)]
    held = [draw(scene, SIZE, 1, n) for n in range(12)]
    assert reading(look, empty + held)[5:] == [[payload]] * 12
    assert look.reads["follow"] >= 12 - 1 - 12 // FULL_EVERY - 1


def test_a_second_card_is_seen_beside_a_followed_one() -> None:
    one, two = person(random.Random(1)), person(random.Random(2))
    alone = Scene(codes=(SceneCode(text=one, x=0.25, size=0.5),))
    both = Scene(codes=(*alone.codes, SceneCode(text=two, x=0.75, size=0.5)))
    look = Look([zxing.build(zxing.Settings())])
    read = reading(look, [draw(s, SIZE, 1, 0) for s in [EMPTY] + [alone] * 8 + [both] * FULL_EVERY])
    assert set(read[-1]) == {one.encode(), two.encode()}


def test_corners_are_where_the_card_is_however_it_was_read() -> None:
    _, scene = card(size=0.4, x=0.3)
    picture = draw(scene, SIZE, 1)
    reader = zxing.build(zxing.Settings())
    [straight] = reader.decode(frame_of(picture, 0))
    for strategy in (double, half):
        variant = strategy(picture)
        [found] = reader.decode(frame_of(variant.picture, 0))
        back = variant.in_frame(found).corners
        assert back is not None
        assert straight.corners is not None
        assert all(
            abs(a - b) <= 8
            for p, q in zip(back, straight.corners, strict=True)
            for a, b in zip(p, q, strict=True)
        )


def test_a_variant_of_a_part_maps_back() -> None:
    corners: Corners = ((0, 0), (10, 0), (10, 10), (0, 10))
    variant = Variant(plain(), 2.0, 100, 50)
    assert variant.in_frame(Symbol(b"", corners, "x")).corners == (
        (100, 50),
        (105, 50),
        (105, 55),
        (100, 55),
    )


def test_a_symbol_that_is_located_and_unreadable_is_told_as_such() -> None:
    _, scene = card(size=0.6, damage=0.9)
    look = Look([zxing.build(zxing.Settings())])
    symbols = look.read(frame_of(draw(scene, SIZE, 1), 0))
    assert symbols
    assert {s.payload for s in symbols} == {None}
    assert symbols[0].corners is not None


def test_frames_too_noisy_to_read_one_by_one_are_read_together() -> None:
    dark = {"light": 0.2, "noise": 34.0, "tremor_px": 1.0}
    reader = zxing.build(zxing.Settings())
    alone = together = 0
    for seed in range(4):
        _, scene = card(seed, size=0.42)
        empty = [draw(EMPTY.model_copy(update=dark), SIZE, seed, n) for n in range(4)]
        held = [draw(scene.model_copy(update=dark), SIZE, seed, 9 + n) for n in range(30)]
        alone += sum(any(s.payload for s in reader.decode(frame_of(f, 0))) for f in held)
        look = Look([reader], LookSettings(strategies=(), patience_ms=0))
        together += any(reading(look, empty + held))
        assert not look.reads["plain"]
    assert alone == 0
    assert together >= 1


def test_zbarlight_alone_reads_dark_mode_by_inverting() -> None:
    payload, scene = card(size=0.6)
    dark = Scene(codes=(scene.codes[0].model_copy(update={"look": "phone-dark"}),))
    alone: list[Decoder] = [zbarlight.build(zbarlight.Settings())]
    look = Look(alone, UNGATED)
    assert [payload] in reading(look, [draw(dark, SIZE, 1)] * look.turns)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (41, 41), (1999, 77)])
def test_odd_sizes_are_looked_at_like_any_other(size: tuple[int, int]) -> None:
    look = Look([zxing.build(zxing.Settings()), zbarlight.build(zbarlight.Settings())])
    noise = Image.effect_noise(size, 80).filter(ImageFilter.BLUR) if min(size) > 5 else None
    pictures = [Image.new("L", size, 200), noise or Image.new("L", size, 10)] * 8
    assert reading(look, pictures) == [[]] * 16


def test_a_frame_that_ends_with_its_last_pixel_is_looked_at_in_every_way() -> None:
    payload, scene = card(size=0.6)
    picture = draw(scene, SIZE, 1)
    padding = b"\x7b" * 24
    rows = [picture.crop((0, y, SIZE[0], y + 1)).tobytes() for y in range(SIZE[1])]
    for decoder in (zxing.build(zxing.Settings()), zbarlight.build(zbarlight.Settings())):
        look = Look([Scripted(nothing), decoder], UNGATED, cpu_s=lambda: 0.0)
        read: set[bytes | None] = set()
        for number in range(look.turns):
            at_ns = number * PERIOD_NS
            frame = Frame(padding.join(rows), *SIZE, SIZE[0] + len(padding), at_ns, at_ns)
            read |= {s.payload for s in look.read(frame)}
        assert read == {payload}
