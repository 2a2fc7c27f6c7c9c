"""How far away a code is held, as all paper says it: poster, cards, and the guides that quote them.

`docs/optics.py` computes it, and a test holds these to what it computes for Camera Module 3.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distance:
    """From `near_cm` to `far_cm` before the kiosk."""

    near_cm: int
    far_cm: int

    @property
    def vietnamese(self) -> str:
        """As residents read it."""
        return f"{self.near_cm} đến {self.far_cm} cm"

    @property
    def english(self) -> str:
        """The same in English."""
        return f"{self.near_cm} to {self.far_cm} cm"


ANY_CARD = Distance(10, 20)
"""Every card is read somewhere in this, and those of a citizen card's size in all of it."""
LARGE_CODE = Distance(15, 20)
"""A ward's sheet, whose code does not fit into the picture nearer than this."""
