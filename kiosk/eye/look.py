"""Looking: a cascade over time; a hard card meets every reader, an empty door costs next to none.

On each frame: did anything change (gate); the cheap reader, on what changed; on a miss, a located
symbol laid flat, then one further strategy in turn; and while something unread stays in view, the
aligned stack. A code that was read is followed in its own region. What each added is counted.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from PIL import Image

from kiosk.eye.decoders import Decoder, Symbol, whole_rows
from kiosk.eye.frame import Frame
from kiosk.eye.gate import Box, Change, Gate
from kiosk.eye.look_settings import LookSettings
from kiosk.eye.luma import as_image
from kiosk.eye.opinion import Budget, Leash, SecondOpinion, Slow
from kiosk.eye.regions import around, box_of, cut, flat, nearer, part_of
from kiosk.eye.stack import MARGIN_PX, Stack
from kiosk.eye.strategies import STRATEGIES, Strategy, Variant, invert

FULL_EVERY = 4
"""So often the whole frame is read, whatever is known: another card may have come."""
BUSY_FRAMES = 15
"""So long after something was seen, the background is not learnt and no frame is skipped."""
RETRY_MOST = 2
"""Located symbols that are looked at again in one frame."""
REGION_PART = 0.5
"""A change of more than this part of the frame is read as a whole frame."""
STACK_PART = 0.7
"""A change of more than this part of the frame is a light switched on, or a lorry: no card."""

Read = list[Symbol]


class Look:
    """Reads frames; used by the thread that looks, and made anew with the eye."""

    def __init__(
        self,
        decoders: Sequence[Decoder],
        settings: LookSettings | None = None,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self.names = tuple(decoder.name for decoder in decoders)
        self.settings = settings or LookSettings()
        self.reads: Counter[str] = Counter()
        self._cpu_s = cpu_s
        self._first = decoders[0]
        slow = Slow(self.settings.slow_s, self.settings.slow_pause_s, monotonic_s, cpu_s)
        self._opinions = [SecondOpinion(decoder, slow) for decoder in decoders[1:]]
        self._strategies: list[tuple[str, Strategy]] = [
            (name, STRATEGIES[name]) for name in self.settings.strategies
        ]
        if not self._first.reads_inverted:
            self._strategies.insert(0, ("invert", invert))
        self._leashes = [Leash(slow) for _ in self._strategies]
        self.turns = max(1, len(self._strategies) + len(self._opinions))
        self.reset()

    def reset(self) -> None:
        """Forget what was seen, as at the start."""
        self._gate, self._stack = Gate(), Stack()
        self._budget = Budget(self.settings.extra_share)
        self._number, self._turn, self._busy = 0, 0, 0
        self._followed: Symbol | None = None
        self._since_ns: int | None = None

    def read(self, frame: Frame) -> Read:
        """Return the symbols in `frame`: each payload once, or else those located but not read."""
        frame = whole_rows(frame)
        self._number += 1
        self._busy = max(0, self._busy - 1)
        picture = as_image(frame)
        change = self._changed(frame, picture)
        whole = self._number % FULL_EVERY == 0
        self._brief = self._number % 2 == 1
        if self._followed is not None and not whole:
            followed = self._look_at(frame, [around(picture, [self._followed])], "follow")
            if followed:
                return self._seen(followed)
        idle = self.settings.gate and change is None and self._busy == 0
        if idle and self._number % self.settings.idle_every:
            return []
        begun_s = self._cpu_s()
        symbols = self._plain(frame, picture, None if whole else change)
        self._budget.earn(self._cpu_s() - begun_s)
        if read := _distinct(symbols):
            self.reads["plain"] += 1
            return self._seen(read)
        return self._look_again(frame, picture, change, symbols)

    def _changed(self, frame: Frame, picture: Image.Image) -> Change | None:
        if not self.settings.gate:
            return None
        change = self._gate.changed(picture, learn=self._busy == 0)
        if change is None:
            self._since_ns = None
        elif self._since_ns is None:
            self._since_ns = frame.captured_ns
        return change

    def _plain(self, frame: Frame, picture: Image.Image, change: Change | None) -> Read:
        if change is None or part_of(change.box, picture) > REGION_PART:
            return self._first.decode(frame, brief=self._brief)
        variant = cut(picture, change.box, MARGIN_PX)
        symbols = self._first.decode(_as_frame(variant, frame), brief=self._brief)
        return [variant.in_frame(symbol) for symbol in symbols]

    def _look_again(
        self, frame: Frame, picture: Image.Image, change: Change | None, located: Read
    ) -> Read:
        read: Read = []
        if self._followed is not None:
            # A whole frame may miss what its region shows.
            read = self._look_at(frame, [around(picture, [self._followed])], "follow")
        again = flat if self._number // 2 % 2 == 0 else nearer
        read = read or self._look_at(
            frame, again(picture, located[:RETRY_MOST]), "rectified", brief=self._brief
        )
        if not read and self._may_spend(frame):
            begun_s = self._cpu_s()
            read = self._next_strategy(frame, picture) or self._look_stacked(
                frame, picture, change, located
            )
            self._budget.spend(self._cpu_s() - begun_s)
        if read:
            return self._seen(read)
        self._followed = None
        if located:
            self._busy = BUSY_FRAMES
        return located

    def _may_spend(self, frame: Frame) -> bool:
        """Spend freely on somebody who has been there for a while, else within the budget."""
        if self._since_ns is None:
            return self._budget.allows
        return frame.captured_ns - self._since_ns >= self.settings.patience_ms * 1_000_000

    def _seen(self, read: Read) -> Read:
        self._busy = BUSY_FRAMES
        self._stack.reset()
        self._followed = read[0] if len(read) == 1 and read[0].corners is not None else None
        return read

    def _next_strategy(self, frame: Frame, picture: Image.Image) -> Read:
        turn = self._turn % self.turns
        self._turn += 1
        if turn < len(self._strategies):
            name, strategy = self._strategies[turn]
            leash = self._leashes[turn]
            if leash.is_out:
                return []
            with leash.timed():
                brief = self._turn // self.turns % 2 == 0
                return self._look_at(frame, [strategy(picture)], name, brief=brief)
        opinion = self._opinions[turn - len(self._strategies)] if self._opinions else None
        read = _distinct(opinion.decode(frame)) if opinion else []
        if opinion and read:
            self.reads[opinion.name] += 1
        return read

    def _look_stacked(
        self, frame: Frame, picture: Image.Image, change: Change | None, located: Read
    ) -> Read:
        box: Box | None = box_of(located) or (change.box if change else None)
        if not self.settings.stack or box is None or part_of(box, picture) > STACK_PART:
            self._stack.reset()
            return []
        return self._look_at(frame, self._stack.add(picture, box), "stack")

    def _look_at(
        self, frame: Frame, variants: Iterable[Variant], name: str, *, brief: bool = False
    ) -> Read:
        """Return what the first of `variants` that can be read holds, at its place in `frame`."""
        for variant in variants:
            symbols = self._first.decode(_as_frame(variant, frame), variant.threshold, brief=brief)
            if read := _distinct(variant.in_frame(s) for s in symbols):
                self.reads[name] += 1
                return read
        return []


def _as_frame(variant: Variant, frame: Frame) -> Frame:
    luma = variant.picture
    return Frame(luma.tobytes(), *luma.size, luma.width, frame.captured_ns, frame.sensor_ns)


def _distinct(symbols: Iterable[Symbol]) -> Read:
    return list({s.payload: s for s in symbols if s.payload is not None}.values())
