"""A held card is one presentation: from its first sighting until it is unseen for `hold_off_s`.

Kept apart from what is decided about it. A presentation remembers how it was answered, for as long
as showing the same card again would be answered "already recorded".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kiosk.door.sighting import Content, Place, Sighting
from kiosk.door.standing import UNLISTED, Standing

FORGET_BACKGROUND_S = 600.0
"""A poster hidden by a queue of people for up to this long is still the same poster."""
MOST_REMEMBERED = 256
"""Bound on what a hostile eye can make the door remember."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """One code held up; times in monotonic seconds.

    `settled`: it has had its answer. `accepted`: that answer was green. `repeated`: it is the same
    card again, recorded not long ago. `captured_s`: when the frame was exposed that began it.
    `still_since_s`: since when no hand has moved it. `standing`: what the lists said as it began.
    """

    mark: str
    content: Content
    captured_s: float
    first_s: float
    last_s: float
    still_since_s: float
    place: Place | None = None
    settled: bool = False
    accepted: bool = False
    repeated: bool = False
    background: bool = False
    standing: Standing = UNLISTED


Presentations = Mapping[str, Presentation]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things last at this door, in seconds."""

    hold_off_s: float = 2.5
    repeat_s: float = 10.0
    background_s: float = 60.0


def observe(
    known: Presentations,
    sightings: tuple[Sighting, ...],
    *,
    at_s: float,
    captured_s: float,
    patience: Patience,
) -> dict[str, Presentation]:
    """Return the presentations after a frame: begun, continued, begun again, or background."""
    seen = dict(known)
    for sighting in sightings:
        before = seen.get(sighting.mark)
        seen[sighting.mark] = (
            _begin(sighting, at_s, captured_s)
            if before is None
            else _again(before, sighting, at_s, captured_s, patience)
        )
    return seen


def _begin(sighting: Sighting, at_s: float, captured_s: float) -> Presentation:
    return Presentation(
        sighting.mark,
        sighting.content,
        captured_s,
        at_s,
        at_s,
        at_s,
        sighting.place,
        settled=sighting.answered,
        standing=sighting.standing,
    )


def _again(
    before: Presentation, sighting: Sighting, at_s: float, captured_s: float, patience: Patience
) -> Presentation:
    moved = bool(before.place and sighting.place and sighting.place.moved_from(before.place))
    gone_s = at_s - before.last_s
    if before.background and not moved and (before.place or gone_s < patience.hold_off_s):
        return replace(before, last_s=at_s)
    still_since_s = at_s if moved else before.still_since_s
    # The first place stands until a hand moves the code, so that drift adds up to a move.
    place = sighting.place if moved or before.place is None else before.place
    background = at_s - still_since_s >= patience.background_s
    if gone_s < patience.hold_off_s:
        return replace(
            before,
            last_s=at_s,
            still_since_s=still_since_s,
            place=place,
            background=background,
        )
    again = replace(
        _begin(sighting, at_s, captured_s),
        repeated=(before.accepted or before.repeated) and gone_s < patience.repeat_s,
    )
    if moved or not (before.place and sighting.place):
        return again
    # A poster that is read only now and then has not moved either.
    return replace(again, still_since_s=still_since_s, place=place, background=background)


def forget(known: Presentations, *, at_s: float, patience: Patience) -> dict[str, Presentation]:
    """Return what is worth remembering, newest sightings first where there are too many."""

    def keeps(presentation: Presentation) -> bool:
        unseen_s = at_s - presentation.last_s
        if presentation.background:
            return unseen_s < FORGET_BACKGROUND_S
        return unseen_s < max(patience.repeat_s, patience.hold_off_s)

    kept = [p for p in known.values() if keeps(p)]
    kept.sort(key=lambda p: p.last_s)
    return {p.mark: p for p in kept[-MOST_REMEMBERED:]}
