"""Looking: a cascade over time, so that a hard card meets every reader and an empty door costs none.

On each frame: is anything there (gate); the cheap reader; on a miss one further strategy, in turn;
where a symbol was located, that symbol laid flat; and while something unread stays in view, the
aligned stack. A code that was read is followed in its own region. What each added is counted.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field
from PIL import Image

from kiosk.eye.decoders import Corners, Decoder, Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.gate import Box, Change, Gate
from kiosk.eye.luma import as_image
from kiosk.eye.rectify import rectified
from kiosk.eye.stack import Stack
from kiosk.eye.strategies import STRATEGIES, Variant, invert

FOLLOW_MARGIN = 0.35
"""Part of a code's size that a hand moves it between two frames, at most."""
FULL_EVERY = 4
"""While a code is followed, so often the whole frame is read: another card may have come."""
BUSY_FRAMES = 15
"""So long after something was seen, the background is not learnt and no frame is skipped."""
RETRY_MOST = 2
"""Located symbols that are looked at again in one frame."""
STACK_MOST_PART = 0.7
"""A change of more than this part of the frame is a light switched on, or a lorry: no card."""

Read = list[Symbol]


class LookSettings(BaseModel):
    """How the eye looks; the order and the budget of its strategies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: bool = Field(
        default=True, description="Skip frames in which nothing changed: an empty door is cheap."
    )
    idle_every: int = Field(
        default=10,
        ge=1,
        le=300,
        description="Frames; so often a door where nothing changes is looked at all the same.",
    )
    strategies: tuple[str, ...] = Field(
        default=tuple(STRATEGIES),
        description="Other ways to look at a frame that was not read, one a frame, in this order.",
    )
    stack: bool = Field(
        default=True,
        description="Lay frames of an unread code over each other: reads cards too dim for one.",
    )
    slow_s: float = Field(
        default=0.6,
        ge=0.05,
        le=10,
        description="CPU seconds; a second opinion that takes longer twice is left out for a time.",
    )
    slow_pause_s: float = Field(
        default=600.0, ge=1, le=86400, description="Seconds for which it is left out."
    )


class Look:
    """Reads frames; owned by the eye's one thread, and made anew with it."""

    def __init__(
        self,
        decoders: Sequence[Decoder],
        settings: LookSettings | None = None,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self.decoders = tuple(decoders)
        self.settings = settings or LookSettings()
        self.reads: Counter[str] = Counter()
        self._first = self.decoders[0]
        self._opinions = [
            SecondOpinion(decoder, self.settings, monotonic_s, cpu_s)
            for decoder in self.decoders[1:]
        ]
        self._strategies = [(name, STRATEGIES[name]) for name in self.settings.strategies]
        if not self._first.reads_inverted:
            self._strategies.insert(0, ("invert", invert))
        self.turns = max(1, len(self._strategies) + len(self._opinions))
        self.reset()

    def reset(self) -> None:
        """Forget what was seen, as at the start."""
        self._gate, self._stack = Gate(), Stack()
        self._number, self._turn, self._busy = 0, 0, 0
        self._followed: Symbol | None = None

    def read(self, frame: Frame) -> Read:
        """Return the symbols in `frame`: each payload once, or else those located but not read."""
        self._number += 1
        self._busy = max(0, self._busy - 1)
        picture = as_image(frame)
        change = None
        if self.settings.gate:
            change = self._gate.changed(picture, learn=self._busy == 0)
        if self._followed is not None and self._number % FULL_EVERY:
            followed = self._look_at(frame, [_around(picture, self._followed)], "follow")
            if followed:
                return self._seen(followed)
        idle = self.settings.gate and change is None and self._busy == 0
        if idle and self._number % self.settings.idle_every:
            return []
        return self._look(frame, picture, change)

    def _look(self, frame: Frame, picture: Image.Image, change: Change | None) -> Read:
        symbols = self._first.decode(frame)
        located = [s for s in symbols if s.payload is None]
        read = _distinct(symbols)
        if read:
            self.reads["plain"] += 1
            return self._seen(read)
        if self._followed is not None:
            # A full frame may miss what its region shows.
            read = self._look_at(frame, [_around(picture, self._followed)], "follow")
        read = (
            read
            or self._look_at(frame, _flat(picture, located), "rectified")
            or self._next_strategy(frame, picture)
            or self._look_stacked(frame, picture, change, located)
        )
        if read:
            return self._seen(read)
        self._followed = None
        if located:
            self._busy = BUSY_FRAMES
        return located

    def _seen(self, read: Read) -> Read:
        self._busy = BUSY_FRAMES
        self._stack.reset()
        alone = read[0] if len(read) == 1 and read[0].corners is not None else None
        self._followed = alone
        return read

    def _next_strategy(self, frame: Frame, picture: Image.Image) -> Read:
        turn = self._turn % self.turns
        self._turn += 1
        if turn < len(self._strategies):
            name, strategy = self._strategies[turn]
            return self._look_at(frame, [strategy(picture)], name)
        if not self._opinions:
            return []
        opinion = self._opinions[turn - len(self._strategies)]
        read = _distinct(opinion.decode(frame))
        self.reads[opinion.name] += bool(read)
        return read

    def _look_stacked(
        self, frame: Frame, picture: Image.Image, change: Change | None, located: Read
    ) -> Read:
        if not self.settings.stack:
            return []
        box = _box_of(located) or (change.box if change else None)
        if box is None or _area(box) > STACK_MOST_PART * picture.width * picture.height:
            self._stack.reset()
            return []
        return self._look_at(frame, self._stack.add(picture, box), "stack")

    def _look_at(self, frame: Frame, variants: Iterable[Variant], name: str) -> Read:
        """Return what the first of `variants` that can be read holds, at its place in `frame`."""
        for variant in variants:
            luma = variant.picture
            seen = Frame(
                luma.tobytes(), *luma.size, luma.width, frame.captured_ns, frame.sensor_ns
            )
            symbols = self._first.decode(seen, variant.threshold)
            if read := _distinct(variant.in_frame(s) for s in symbols):
                self.reads[name] += 1
                return read
        return []


class SecondOpinion:
    """A decoder that may be slow: what makes it slow costs its own turn, not the door."""

    def __init__(
        self,
        decoder: Decoder,
        settings: LookSettings,
        monotonic_s: Callable[[], float],
        cpu_s: Callable[[], float],
    ) -> None:
        self.name = decoder.name
        self._decoder = decoder
        self._settings = settings
        self._monotonic_s = monotonic_s
        self._cpu_s = cpu_s
        self._overruns = 0
        self._back_at_s = float("-inf")

    def decode(self, frame: Frame) -> Read:
        """Return what it reads; nothing while it is left out."""
        if self._monotonic_s() < self._back_at_s:
            return []
        begun_s = self._cpu_s()
        read = self._decoder.decode(frame)
        if self._cpu_s() - begun_s > self._settings.slow_s:
            self._overruns += 1
        if self._overruns == 2:
            self._overruns = 0
            self._back_at_s = self._monotonic_s() + self._settings.slow_pause_s
        return read


def _distinct(symbols: Iterable[Symbol]) -> Read:
    return list({s.payload: s for s in symbols if s.payload is not None}.values())


def _flat(picture: Image.Image, located: Read) -> Iterable[Variant]:
    for symbol in located[:RETRY_MOST]:
        if symbol.corners is None:
            continue
        flat = rectified(picture, symbol.corners)
        if flat is not None:
            yield _Flat(flat, symbol.corners)
        box = _box_of([symbol])
        if box is not None:
            cut = _cut(picture, box, FOLLOW_MARGIN)
            yield Variant(
                cut.picture.resize((cut.picture.width * 2, cut.picture.height * 2)),
                2.0,
                cut.left_px,
                cut.top_px,
            )


class _Flat(Variant):
    """A rectified symbol: whatever is read in it stands where the symbol was located."""

    __slots__ = ("_corners",)

    def __init__(self, picture: Image.Image, corners: Corners) -> None:
        super().__init__(picture)
        object.__setattr__(self, "_corners", corners)

    def in_frame(self, symbol: Symbol) -> Symbol:
        return Symbol(symbol.payload, self._corners, symbol.decoder)


def _around(picture: Image.Image, followed: Symbol) -> Variant:
    box = _box_of([followed]) or (0, 0, picture.width, picture.height)
    return _cut(picture, box, FOLLOW_MARGIN)


def _cut(picture: Image.Image, box: Box, margin: float) -> Variant:
    left, top, right, bottom = box
    reach = round(margin * max(right - left, bottom - top))
    left, top = max(0, left - reach), max(0, top - reach)
    right, bottom = min(picture.width, right + reach), min(picture.height, bottom + reach)
    if right - left < 2 or bottom - top < 2:
        return Variant(picture)
    return Variant(picture.crop((left, top, right, bottom)), 1.0, left, top)


def _box_of(symbols: Read) -> Box | None:
    points = [point for s in symbols if s.corners is not None for point in s.corners]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (min(xs), min(ys), max(xs), max(ys))


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
