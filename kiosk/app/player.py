"""Plays signals on the indicators: the newest answer pre-empts, and the door's state shows between.

`Score` computes what should be on at a moment; `Player` is the thread that does it, so that no
other thread ever waits for a light.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kiosk.app.logs import Log
from kiosk.door.cues import Guide, Show, ShowAll, Unlock
from kiosk.door.signal import Pattern, Signal, lights_test, onboarding_pattern, pattern_of
from kiosk.errors import IndicatorLost
from kiosk.indicators import OFF, Indicator, Output

_log = Log()
_FOREVER_S = 3600.0

Played = Show | ShowAll | Unlock | Guide
"""What can be played."""


@dataclass(slots=True)
class Score:
    """What is to be played; times in monotonic seconds.

    `is_asked`: what plays is nobody's answer but was asked for from afar; `waiting` is that, until
    an answer is over.
    """

    unlock_s: float
    state: Pattern = field(default_factory=lambda: pattern_of(Signal.STARTING))
    state_since_s: float = 0.0
    answer: Pattern | None = None
    answer_since_s: float = 0.0
    is_asked: bool = False
    waiting: Pattern | None = None
    unlocked_until_s: float = 0.0

    def take(self, effect: Played, now_s: float) -> None:
        """Play `effect` from now on."""
        if isinstance(effect, Unlock):
            self.unlocked_until_s = now_s + self.unlock_s
            return
        if isinstance(effect, ShowAll):
            self._ask(lights_test(), now_s)
            return
        if isinstance(effect, Guide):
            pattern = onboarding_pattern(effect.signal, effect.failure)
        else:
            pattern = pattern_of(effect.signal, effect.fault)
        if pattern.repeats:
            # A state ends an answer only when the door stops working: nobody may walk on a green
            # that is over. Said again it ends none: a broken kiosk must be found too.
            is_news = pattern != self.state
            if effect.signal is Signal.OUT_OF_ORDER and (is_news or self._is_green()):
                self.answer = None
            if is_news:
                self.state, self.state_since_s = pattern, now_s
        elif effect.signal is Signal.IDENTIFY:
            self._ask(pattern, now_s)
        else:
            self.answer, self.answer_since_s, self.is_asked = pattern, now_s, False

    def _ask(self, pattern: Pattern, now_s: float) -> None:
        """Play what somebody asked for from afar; it cuts no resident's answer short."""
        if self.answer is not None and not self.is_asked and now_s < self._end_s:
            self.waiting = pattern
        else:
            self.answer, self.answer_since_s, self.is_asked = pattern, now_s, True

    def at(self, now_s: float) -> tuple[Output, float]:
        """Return what is on at `now_s`, and until when (monotonic s)."""
        if self.answer is not None and now_s >= self._end_s:
            self.answer, self.state_since_s = None, now_s
        if self.answer is None and self.waiting is not None:
            self.answer, self.answer_since_s, self.is_asked = self.waiting, now_s, True
            self.waiting = None
        if self.answer is not None:
            return self._output(self.answer, self.answer_since_s, now_s)
        return self._output(self.state, self.state_since_s, now_s)

    @property
    def _end_s(self) -> float:
        """When the answer is over."""
        if self.answer is None:
            return self.answer_since_s
        return self.answer_since_s + self.answer.rounds * self.answer.length_ms / 1000

    def _is_green(self) -> bool:
        return self.answer is not None and any(s.green > s.red for s in self.answer.steps)

    def _output(self, pattern: Pattern, since_s: float, now_s: float) -> tuple[Output, float]:
        length_s = pattern.length_ms / 1000
        begin_s = since_s + (now_s - since_s) // length_s * length_s
        unlocked = now_s < self.unlocked_until_s
        latest_s = self.unlocked_until_s if unlocked else now_s + _FOREVER_S
        end_s = begin_s
        for step in pattern.steps:
            end_s += step.for_ms / 1000
            if now_s < end_s:
                output = Output(step.green, step.red, step.tone_hz, unlocked)
                return output, min(end_s, latest_s)
        # Rounding put `now_s` at the very end of the round: the next begins.
        first = pattern.steps[0]
        return Output(first.green, first.red, first.tone_hz, unlocked), now_s


class Player:
    """The thread `player`, sole user of the indicators after construction."""

    def __init__(
        self,
        indicators: Sequence[Indicator],
        monotonic_s: Callable[[], float],
        *,
        unlock_s: float,
    ) -> None:
        self._indicators = list(indicators)
        self._monotonic_s = monotonic_s
        self._score = Score(unlock_s, state_since_s=monotonic_s())
        self._turned_s = monotonic_s()
        self._inbox: queue.Queue[Played | None] = queue.Queue(maxsize=64)
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)

    @property
    def turned_s(self) -> float:
        """When the thread last turned, or was made (monotonic s); any thread."""
        return self._turned_s

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def play(self, effect: Played) -> None:
        """Play `effect` now; any thread, never blocks."""
        try:
            self._inbox.put_nowait(effect)
        except queue.Full:
            _log.warning("signal dropped: the player is behind")

    def close(self) -> None:
        """Turn everything off; returns when it is."""
        if self._thread.is_alive():
            self._inbox.put(None)
            self._thread.join(1.0)
        for indicator in self._indicators:
            indicator.close()

    def _run(self) -> None:
        try:
            while True:
                now_s = self._monotonic_s()
                output, until_s = self._score.at(now_s)
                self._apply(output)
                # After the lights: a device that hangs is no turn.
                self._turned_s = self._monotonic_s()
                try:
                    effect = self._inbox.get(timeout=max(0.0, until_s - self._monotonic_s()))
                except queue.Empty:
                    continue
                if effect is None:
                    return
                self._score.take(effect, self._monotonic_s())
        finally:
            self._apply(OFF)

    def _apply(self, output: Output) -> None:
        for indicator in tuple(self._indicators):
            try:
                indicator.apply(output)
            except IndicatorLost as error:
                # One dead lamp must not take the others along.
                _log.error("indicator lost", what=str(error))
                self._indicators.remove(indicator)
                indicator.close()
