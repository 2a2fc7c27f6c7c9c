"""One code in one frame, as the door sees it."""

from dataclasses import dataclass

from kiosk.door.credential import Credential, Damaged, Foreign
from kiosk.door.standing import UNLISTED, Standing

Content = Credential | Foreign | Damaged


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code was in the frame: centre and size, in parts of the frame's width (0 to 1)."""

    x: float
    y: float
    size: float

    def moved_from(self, other: "Place") -> bool:
        """Tell whether a hand moved the code: by more than a tenth of its own size.

        >>> here = Place(0.5, 0.5, 0.2)
        >>> here.moved_from(Place(0.505, 0.5, 0.2)), here.moved_from(Place(0.56, 0.5, 0.2))
        (False, True)
        """
        step = max(abs(self.x - other.x), abs(self.y - other.y), abs(self.size - other.size))
        return step > 0.1 * max(other.size, 0.01)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A code that was read.

    `mark` stands for its content within this kiosk: keyed, random to anybody else, equal for the
    same card. `place` is None where the reader gives no position (zbarlight). `standing`: what the
    lists said when it was seen. `answered`: it had its answer before this door began.
    """

    mark: str
    content: Content
    place: Place | None = None
    standing: Standing = UNLISTED
    answered: bool = False
