"""The eye's planned end with real reads: it grows while cards come, and ends when none is there."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kiosk.eye.decoders import Decoder, Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.messages import Bye, Message
from kiosk.eye.watch import RECYCLE_QUIET_S, WARM_FRAMES, Watch, resident_now_mb

FRAME_S = 0.1
PAUSE_FRAMES = 100
"""Between two groups of people: half of the quiet that a planned end asks for."""
GROUP_FRAMES = 400
MOST_FRAMES = 200_000


@dataclass(frozen=True, slots=True)
class Recycled:
    """How it ended: times in seconds of the frames' clock, growth in MB."""

    planned: bool
    frames: int
    reads: int
    grown_at_s: float | None
    """When the growth was reached, with people still coming."""
    ended_at_s: float
    quiet_s: float
    """For how long nothing had been in view at the end."""
    growth_mb: float

    @property
    def kept(self) -> bool:
        """Tell whether it ended by plan, after growth, and only while nothing was in view."""
        return self.planned and self.grown_at_s is not None and self.quiet_s >= RECYCLE_QUIET_S

    def line(self) -> str:
        """Return what was seen in one line."""
        grown = "never" if self.grown_at_s is None else f"at {self.grown_at_s:.0f} s"
        return (
            f"recycling: {self.reads} reads, grown {grown}, planned end: {self.planned} at"
            f" {self.ended_at_s:.0f} s after {self.quiet_s:.0f} s with nothing in view,"
            f" {self.growth_mb:.2f} MB grown"
        )


class Street:
    """A camera, a clock and a look in one: groups of people with pauses, and at last nobody.

    Pauses are too short for a planned end. People come until the growth has been reached and one
    more group has passed.
    """

    has_sensor = False
    skipped = 0
    names = ("zbarlight",)

    def __init__(self, decoder: Decoder, pictures: Sequence[Frame], growth_mb: float) -> None:
        self._decoder = decoder
        self._cards = itertools.cycle(pictures)
        first = pictures[0]
        self._empty = replace(first, luma=b"\x80" * len(first.luma))
        self._growth_mb = growth_mb
        self._start_mb: float | None = None
        self._last_group: int | None = None
        self.reads: Counter[str] = Counter()
        self.frames = 0
        self.seen_at_s = 0.0
        self.grown_at_s: float | None = None
        self.told: list[Message] = []

    def now_s(self) -> float:
        """Return the time of the newest frame."""
        return self.frames * FRAME_S

    def growth_mb(self) -> float:
        """Return what the process has grown by since it was warm."""
        return 0.0 if self._start_mb is None else resident_now_mb() - self._start_mb

    def capture(self, timeout_s: float) -> Frame:
        """Return the next frame; `timeout_s` is never needed."""
        del timeout_s
        group, place = divmod(self.frames, GROUP_FRAMES + PAUSE_FRAMES)
        self.frames += 1
        if self.frames == WARM_FRAMES:
            self._start_mb = resident_now_mb()
        if place == 0 and self.grown_at_s is None and self.growth_mb() >= self._growth_mb:
            self.grown_at_s, self._last_group = self.now_s(), group
        there = self._last_group is None or group <= self._last_group
        frame = next(self._cards) if there and place < GROUP_FRAMES else self._empty
        at_ns = round(self.now_s() * 1e9)
        return replace(frame, captured_ns=at_ns, sensor_ns=at_ns)

    def close(self) -> None:
        """Release nothing."""

    def read(self, frame: Frame) -> list[Symbol]:
        """Return what the real decoder reads."""
        symbols = self._decoder.decode(frame)
        if symbols:
            self.reads["plain"] += 1
            self.seen_at_s = self.now_s()
        return symbols

    def send(self, message: Message) -> None:
        """Keep the last word."""
        self.told = [message]


def recycled(decoder: Decoder, pictures: Sequence[Frame], growth_mb: float) -> Recycled:
    """Run the real loop before a street until it ends by plan, with `growth_mb` as its limit."""
    street = Street(decoder, pictures, growth_mb)
    watch = Watch(
        street,
        street,
        street.send,
        camera_kind="replay",
        monotonic_s=street.now_s,
        recycle_growth_mb=growth_mb,
    )
    planned = watch.run(lambda: street.frames >= MOST_FRAMES)
    return Recycled(
        planned and isinstance(street.told[-1], Bye),
        street.frames,
        street.reads["plain"],
        street.grown_at_s,
        street.now_s(),
        street.now_s() - street.seen_at_s,
        street.growth_mb(),
    )
