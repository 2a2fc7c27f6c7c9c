"""Lives of the eye with real reads: it grows while cards come, and begins anew in quiet time.

A life is the eye's own loop and look, with both decoders, in a process of its own. People come in
groups, and zbarlight is asked about every frame that shows a card, which it never is at a door:
there it gets the rare frames that nobody else reads. The frames' clock is simulated.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.shown import empty_frames, frames
from kiosk.app.decode import decoders
from kiosk.errors import SettingsError
from kiosk.eye.decoders import Decoder, Symbol
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.look_settings import LookSettings
from kiosk.eye.messages import Bye, Message
from kiosk.eye.watch import RECYCLE_QUIET_S, WARM_FRAMES, Looking, Watch, resident_now_mb

FRAME_S = 0.1
PAUSE_FRAMES = 100
"""Before a group of people: half of the quiet that a planned end asks for."""
GROUP_FRAMES = 400
_QUIET_FRAMES = round((RECYCLE_QUIET_S + 2) / FRAME_S)
"""After the last card of a life: somewhat more than a planned end asks for."""
_EMPTY_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the eye: `reads` are zbarlight's, `missed` those of them that read nothing.

    Memory is the whole process's: when warm, as the eye's own rule takes it; the most that it had
    since; and at the end. `quiet_s` is for how long no card had been in the picture at the end.
    """

    planned: bool
    frames: int
    reads: int
    warm_reads: int
    """Those before it was warm."""
    missed: int
    warm_mb: float
    most_mb: float
    end_mb: float
    grown_at_s: float | None
    """When the growth was last reached, with people still coming."""
    given_back: int
    """So often it gave back what it had grown by, instead of beginning anew."""
    ended_at_s: float
    quiet_s: float

    @property
    def growth_mb(self) -> float:
        """Return what it had grown by at the end."""
        return self.end_mb - self.warm_mb

    @property
    def kept(self) -> bool:
        """Tell whether it read everything and ended in quiet time, if by plan."""
        return not self.missed and (not self.planned or self.quiet_s >= RECYCLE_QUIET_S)

    def line(self) -> str:
        """Return what was seen in one line."""
        end = "by plan" if self.planned else "when its reads were done"
        return (
            f"eye: {self.reads} reads, warm {self.warm_mb:.2f} MB, most {self.most_mb:.2f} MB,"
            f" end {self.end_mb:.2f} MB {end}, {self.quiet_s:.0f} s after the last card;"
            f" memory given back {self.given_back} times"
        )


class Street:
    """A camera and a clock: groups of people, with pauses too short for a planned end.

    They come until the growth has been reached and one more group has passed, or until `reads`
    frames have shown a card; then nobody does. Where the eye finds that it need not begin anew,
    because what it had taken could be given back, they come again.
    """

    has_sensor = False
    remark = None
    skipped = 0

    def __init__(
        self,
        pictures: Sequence[Frame],
        reads: int,
        growth_mb: float,
        resident_mb: Callable[[], float],
    ) -> None:
        self._cards = itertools.cycle(pictures)
        self._empty = itertools.cycle(empty_frames(_EMPTY_FRAMES))
        self._reads = reads
        self._growth_mb = growth_mb
        self._resident_mb = resident_mb
        self._last_group: int | None = None
        self.shows_card = False
        self.frames = self.cards = self.card_at = 0
        self.grown_at_s: float | None = None
        self.given_back = 0
        self.warm_mb: float | None = None
        self.warm_cards = 0
        self.most_mb = self.now_mb = 0.0

    def now_s(self) -> float:
        """Return the time of the newest frame."""
        return self.frames * FRAME_S

    def memory_mb(self) -> float:
        """Return what the eye asks for once a heartbeat, and note it once it is warm."""
        self.now_mb = self._resident_mb()
        if self.frames >= WARM_FRAMES:
            if self.warm_mb is None:
                self.warm_mb, self.warm_cards = self.now_mb, self.cards
            self.most_mb = max(self.most_mb, self.now_mb)
        return self.now_mb

    def is_over(self) -> bool:
        """Tell whether nobody has come for longer than a planned end needs."""
        done = self.cards >= self._reads and self.warm_mb is not None
        return done and self.frames - self.card_at >= _QUIET_FRAMES

    def capture(self, timeout_s: float) -> Frame:
        """Return the next frame; `timeout_s` is never needed."""
        del timeout_s
        group, place = divmod(self.frames, PAUSE_FRAMES + GROUP_FRAMES)
        self.frames += 1
        if place == PAUSE_FRAMES:
            self._decide(group)
        coming = self._last_group is None or group <= self._last_group
        self.shows_card = coming and place >= PAUSE_FRAMES and self.cards < self._reads
        if self.shows_card:
            self.cards += 1
            self.card_at = self.frames
        at_ns = round(self.now_s() * 1e9)
        frame = next(self._cards if self.shows_card else self._empty)
        return replace(frame, captured_ns=at_ns, sensor_ns=at_ns)

    def _decide(self, group: int) -> None:
        """Let nobody come after this group where the eye has grown, and come again where it stays.

        It stays when what it had grown by could be given back to the system.
        """
        if self._last_group is not None and self.frames - self.card_at > _QUIET_FRAMES:
            self.given_back += 1
            self._last_group = None
        if self._last_group is None and self._has_grown():
            self.grown_at_s, self._last_group = self.now_s(), group

    def _has_grown(self) -> bool:
        return self.warm_mb is not None and self.now_mb - self.warm_mb >= self._growth_mb

    def close(self) -> None:
        """Release nothing."""


class Asked:
    """The product's look, and beside it a decoder that is asked about every frame with a card."""

    def __init__(self, look: Looking, decoder: Decoder, street: Street) -> None:
        self._look, self._decoder, self._street = look, decoder, street
        self.missed = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Return the look's decoders."""
        return self._look.names

    @property
    def reads(self) -> Mapping[str, int]:
        """Return the look's counts."""
        return self._look.reads

    def read(self, frame: Frame) -> list[Symbol]:
        """Return what the look reads."""
        if self._street.shows_card:
            self.missed += not any(symbol.payload for symbol in self._decoder.decode(frame))
        return self._look.read(frame)


def live(
    look: Looking,
    decoder: Decoder,
    pictures: Sequence[Frame],
    reads: int,
    growth_mb: float,
    resident_mb: Callable[[], float] = resident_now_mb,
) -> Life:
    """Run the eye's own loop before a street until it ends, with `growth_mb` as its limit."""
    street = Street(pictures, reads, growth_mb, resident_mb)
    asked = Asked(look, decoder, street)
    told: list[Message] = []

    def send(message: Message) -> None:
        told[:] = [message]

    watch = Watch(
        street,
        asked,
        send,
        camera_kind="replay",
        monotonic_s=street.now_s,
        resident_mb=street.memory_mb,
        recycle_growth_mb=growth_mb,
    )
    planned = watch.run(street.is_over)
    return Life(
        planned=planned and isinstance(told[-1], Bye),
        frames=street.frames,
        reads=street.cards,
        warm_reads=street.warm_cards,
        missed=asked.missed,
        warm_mb=street.warm_mb or 0.0,
        most_mb=street.most_mb,
        end_mb=street.now_mb,
        grown_at_s=street.grown_at_s,
        given_back=street.given_back,
        ended_at_s=street.now_s(),
        quiet_s=(street.frames - street.card_at) * FRAME_S,
    )


def one_life(seed: int, reads: int, growth_mb: float) -> Life:
    """Build the look with both decoders and let it live: the work of a fresh process.

    Raises:
        SettingsError: zbarlight is not installed; its memory is what this is about.
    """
    built = {decoder.name: decoder for decoder in decoders(None, {})}
    if "zbarlight" not in built:
        raise SettingsError("no zbarlight here: pip install zbarlight (it needs libzbar0)")
    look = Look(list(built.values()), LookSettings())
    return live(look, built["zbarlight"], frames(seed), reads, growth_mb)
