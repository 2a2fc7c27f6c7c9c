"""How a frame looks to a technician who aims the camera: sharp enough, bright enough."""

from PIL import ImageChops, ImageStat

from kiosk.eye.frame import Frame
from kiosk.eye.luma import as_image

_SAMPLE_PX = 160


def measure(frame: Frame) -> tuple[int, int]:
    """Return sharpness (mean neighbour difference, tenths of a grey level) and brightness (0-255).

    Looks at the middle `_SAMPLE_PX` square at full resolution, where a card is held: blur shows
    there, and the cost does not grow with the frame.
    """
    image = as_image(frame)
    side = min(_SAMPLE_PX, *image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    middle = image.crop((left, top, left + side, top + side))
    shifted = ImageChops.offset(middle, 1, 0)
    sharpness = ImageStat.Stat(ImageChops.difference(middle, shifted)).mean[0]
    return round(sharpness * 10), round(ImageStat.Stat(middle).mean[0])
