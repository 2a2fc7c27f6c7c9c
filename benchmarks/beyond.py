"""Cards that no single frame yields: to no reader, by none of its strategies; and those we read.

A card that only the frames of a whole visit together can give away is what the aligned stack is
for. So each held frame is first put before everybody, alone: every peer, and the kiosk's look with
its stack switched off, until all of its strategies have had their turn at that one frame.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.readers import KIOSK, Kiosk, Picture, Reader, one_frame_kiosk
from benchmarks.scenes.sequences import CARD_FRAMES, IN_FRAMES, OUT_FRAMES, Visit
from benchmarks.stream import Drawn
from kiosk.eye.look_settings import LookSettings

# The dearest last: a card that a cheap reader yields need not be shown to the others.
_ORDER = ("zxing", "quirc", "zbarlight", "pyzbar", "opencv", "opencv-aruco", "wechat")


def beyond(
    visits: Sequence[Visit], readers: Sequence[Reader], say: Callable[[str], None]
) -> dict[str, Any]:
    """Return how many cards no single frame yields, and how many of those the kiosk reads."""
    peers = sorted(
        (reader for reader in readers if reader.name != KIOSK),
        key=lambda reader: _ORDER.index(reader.name),
    )
    never: Counter[str] = Counter()
    stacked: Counter[str] = Counter()
    for number, visit in enumerate(visits, 1):
        drawn = Drawn(visit)
        if not _one_frame_is_enough(drawn, peers):
            never[visit.condition] += 1
            stacked[visit.condition] += _read_over_time(drawn)
        if number % 5 == 0 or number == len(visits):
            say(f"  {number} of {len(visits)} visits, {never.total()} beyond a single frame")
    return {
        "cards": len(visits),
        "no_single_frame": never.total(),
        "kiosk_reads": stacked.total(),
        "by_condition": {name: [stacked[name], count] for name, count in sorted(never.items())},
        "asked": [KIOSK, *(reader.name for reader in peers)],
    }


def _one_frame_is_enough(drawn: Drawn, peers: Sequence[Reader]) -> bool:
    payload = drawn.visit.payload
    for peer in peers:
        if any(payload in peer.read(picture).payloads for picture in _held(drawn)):
            return True
    alone = one_frame_kiosk()
    return any(payload in alone.read(picture).payloads for picture in _held(drawn))


def _held(drawn: Drawn) -> Iterator[Picture]:
    first = len(drawn) - CARD_FRAMES
    for number in range(first + IN_FRAMES, first + CARD_FRAMES - OUT_FRAMES):
        yield drawn[number]


def _read_over_time(drawn: Drawn) -> bool:
    """Return whether the product reads the card from all frames of the visit, none dropped."""
    kiosk = Kiosk(LookSettings())
    return any(
        drawn.visit.payload in kiosk.see(drawn[number], number) for number in range(len(drawn))
    )
