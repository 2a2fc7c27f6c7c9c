"""From the eye's message to what the door decides on, and from a decision to the event.

Here payload bytes end: past this file there is a credential without a name, and past the event
there is a handle.
"""

from functools import cache

from kiosk.app.adapters import CAMERAS, DECODERS, names
from kiosk.app.keys import Keys
from kiosk.door.credential import Credential, Damaged
from kiosk.door.cues import Looked, Record
from kiosk.door.event import CheckIn, ClockReading
from kiosk.door.sighting import Content, Place, Sighting
from kiosk.door.standing import UNLISTED, Standing
from kiosk.eye.messages import Code, Hello, Seen
from kiosk.identity import handle_of, mark_of
from kiosk.lists import Lists
from kiosk.onboarding.shown import ShownBefore
from kiosk.payloads import formats, read

_OLDEST_FRAME_S = 10.0


def looked(
    seen: Seen, at_s: float, keys: Keys, lists: Lists, shown: ShownBefore | None = None
) -> Looked:
    """Return what the eye saw as a cue; `at_s` is when the kiosk heard of it (monotonic s).

    `shown`: which code was answered before this start.
    """
    sightings = []
    for code in seen.codes:
        raw = code.payload_bytes
        if raw is not None:
            content = read(raw, formats(), lists.context)
            mark = mark_of(content, raw, keys.device)
            place = _place(code, seen.width_px)
            standing = _standing(content, keys, lists)
            answered = shown is not None and shown.has(raw, at_s)
            sightings.append(Sighting(mark, content, place, standing, answered))
    # The eye is not trusted with time either: a frame is neither of the future nor of long ago.
    # Compared as whole numbers: a hostile one may be too large to become a float.
    captured_ns = min(seen.captured_ns, round(at_s * 1e9))
    captured_s = max(at_s - _OLDEST_FRAME_S, captured_ns / 1e9)
    unreadable = len(sightings) < len(seen.codes)
    return Looked(at_s, captured_s, tuple(sightings), unreadable)


def names_in(hello: Hello) -> tuple[str, ...]:
    """Return camera and decoders as far as there are such files: an eye could put any text there.

    >>> names_in(Hello(camera="replay", decoders=("zxing", "Nguyễn Văn An")))
    ('replay', 'zxing')
    """
    known = _adapters()
    return tuple(name for name in (hello.camera, *hello.decoders) if name in known)


def check_in(record: Record, keys: Keys, clock: ClockReading) -> CheckIn:
    """Return the event's data for a decision."""
    content = record.content
    known = content if isinstance(content, Credential) else None
    return CheckIn(
        verdict=record.decision.verdict,
        reason=record.decision.reason,
        flags=record.decision.flags,
        direction=record.direction,
        kind=content.kind if isinstance(content, Credential | Damaged) else None,
        assurance=known.assurance if known else None,
        handle=handle_of(known, keys.site) if known else None,
        period=keys.period if known else None,
        sealed=keys.sealer.seal(known, clock) if known and keys.sealer else None,
        clock=clock,
    )


def _standing(content: Content, keys: Keys, lists: Lists) -> Standing:
    """Return what the lists say of what was read; a code that is no credential stands in none."""
    if not isinstance(content, Credential):
        return UNLISTED
    return lists.standing(content, handle_of(content, keys.site))


@cache
def _adapters() -> frozenset[str]:
    return frozenset((*names(CAMERAS), *names(DECODERS)))


def _place(code: Code, width_px: int) -> Place | None:
    if code.corners is None:
        return None
    xs = [x for x, _ in code.corners]
    ys = [y for _, y in code.corners]
    size = max(max(xs) - min(xs), max(ys) - min(ys))
    return Place(sum(xs) / 4 / width_px, sum(ys) / 4 / width_px, size / width_px)
