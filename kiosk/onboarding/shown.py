"""How an onboarding code begins, and whether one is still held up from before this start.

A door loads this at every start, so it loads nothing that judges codes.
"""

START = "DKSETUP:1:"
AWAY_S = 10.0
"""A code unseen for so long was put away; as long as a door answers "already recorded"."""


def is_code(raw: bytes) -> bool:
    """Tell whether these bytes claim to be an onboarding code; nothing in them is looked at.

    >>> is_code(b"DKSETUP:1:ABC"), is_code(b"DKENROL:1:ABC")
    (True, False)
    """
    return raw.startswith(START.encode())


class ShownBefore:
    """Knows the onboarding code that was before the camera when the door started; one thread.

    Who has just onboarded a kiosk still holds the phone up. That code had its answer: it is no
    card that is refused. One that comes later is a code like any other.
    """

    def __init__(self) -> None:
        self._seen_s: float | None = None

    def look(self, at_s: float) -> None:
        """Note that the eye has a picture (monotonic s): from now on what is there can be seen."""
        if self._seen_s is None:
            self._seen_s = at_s

    def has(self, raw: bytes, at_s: float) -> bool:
        """Tell whether a code that is seen now was before the camera all the time."""
        if not is_code(raw):
            return False
        self.look(at_s)
        if self._seen_s is None or at_s - self._seen_s >= AWAY_S:
            return False
        self._seen_s = at_s
        return True
