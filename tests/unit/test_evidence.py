"""What several frames, or one symbol laid flat, show: geometry, apart from any decoder."""

from PIL import Image, ImageChops, ImageStat

from kiosk.eye.decoders import Corners
from kiosk.eye.rectify import rectified
from kiosk.eye.scenes import Scene, SceneCode, draw
from kiosk.eye.stack import Stack

SIZE = (640, 480)


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def test_frames_that_a_hand_moved_are_laid_over_each_other() -> None:
    still = draw(Scene(codes=(SceneCode(text="tremor", size=0.5),)), SIZE, 1)
    box = (200, 120, 440, 360)
    stack, middle = Stack(), (60, 60, 180, 180)
    shown = [still, *(ImageChops.offset(still, dx, dy) for dx, dy in ((5, -3), (-4, 6), (9, 2)))]
    looks = [variant for picture in shown for variant in stack.add(picture, box)]
    last = next(v for v in reversed(looks) if v.scale == 1)
    region = still.crop((last.left_px, last.top_px, *SIZE)).crop((0, 0, *last.picture.size))
    assert difference(last.picture.crop(middle), region.crop(middle)) < 1
    blurred = Image.blend(still, shown[3], 0.5)
    assert difference(blurred, still) > 5


def test_a_symbol_is_laid_flat_where_it_is() -> None:
    # Quarters of four greys, so that a wrong turn or shift shows.
    flat = Image.new("L", (2, 2))
    flat.putdata([0, 80, 160, 240])
    picture = Image.new("L", SIZE, 255)
    picture.paste(flat.resize((200, 200), Image.Resampling.NEAREST), (300, 150))
    corners: Corners = ((300, 150), (500, 150), (500, 350), (300, 350))
    turned: Corners = (*corners[1:], corners[0])
    for quad, greys in ((corners, [0, 80, 160, 240]), (turned, [80, 240, 0, 160])):
        square = rectified(picture, quad)
        assert square is not None
        quiet = (square.width - 200) // 2
        seen = [square.getpixel((quiet + x, quiet + y)) for y in (8, 192) for x in (8, 192)]
        assert seen == greys
        assert square.getpixel((2, 2)) == 255


def test_a_line_is_no_symbol() -> None:
    assert rectified(Image.new("L", SIZE), ((10, 10), (50, 10), (90, 10), (130, 10))) is None
