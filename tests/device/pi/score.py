"""What a signal should look and sound like, from the kiosk's own table, and what it did.

Nothing is typed in twice: times, brightness and tones come from `kiosk.door.signal`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from kiosk.door.signal import Fault, Pattern, Signal, Step, pattern_of
from kiosk.indicators import buzzer, led
from tests.device.pi.waveform import Lit, Record, Sound

MORE_MS = 250
"""How much of what follows an answer or a round is looked at."""
EDGE_MS = 20.0
TONE_HZ = 2.0
BRIGHTNESS = 0.05
"""How far off an edge, a tone and a light may be."""
NAMES = [
    *(signal.value for signal in Signal),
    *(f"{Signal.OUT_OF_ORDER.value}:{fault.value}" for fault in Fault),
]


class Span(NamedTuple):
    """A value that does not change between two times after the order, in ms."""

    begin_ms: float
    end_ms: float
    value: float


@dataclass(slots=True)
class Verdict:
    """What was found: what is wrong with it, and how far off the worst edge and tone were."""

    wrong: list[str] = field(default_factory=list)
    edge_ms: float = 0.0
    tone_hz: float = 0.0


def pattern_named(name: str) -> Pattern:
    """Return the pattern of `signal` or `signal:fault`."""
    word, _, fault = name.partition(":")
    return pattern_of(Signal(word), Fault(fault) if fault else None)


def length_ms(name: str) -> int:
    """Return how long it is shown; of what repeats for ever, one round."""
    pattern = pattern_named(name)
    return pattern.length_ms * pattern.rounds


def steps_of(name: str) -> Iterator[Step]:
    """Yield what is shown, and what follows it: the next round, or the ready door's wink."""
    pattern = pattern_named(name)
    yield from pattern.steps * pattern.rounds
    yield from pattern.steps if pattern.repeats else pattern_of(Signal.READY).steps


def spans(name: str, part: str) -> list[Span]:
    """Return when `part` of a step (green, red, tone_hz) is not zero, until we look no more."""
    found, at_ms = [], 0
    limit_ms = length_ms(name) + MORE_MS
    for value, steps in groupby(steps_of(name), lambda step: getattr(step, part)):
        begin_ms = at_ms
        at_ms += sum(step.for_ms for step in steps)
        if value and begin_ms < limit_ms:
            found.append(Span(begin_ms, min(at_ms, limit_ms), value))
    return found


def judge(record: Record, name: str, begin_s: float) -> Verdict:
    """Compare what the pins did from an order on with what the kiosk's table says."""
    verdict = Verdict()
    pins = led.Settings()
    end_s = begin_s + (length_ms(name) + MORE_MS) / 1000
    for part, pin in (("green", pins.green_pin), ("red", pins.red_pin)):
        lights = record.lights(pin, begin_s, end_s)
        _judge_light(verdict, part, spans(name, part), [_span(lit, begin_s) for lit in lights])
    _judge_sound(
        verdict,
        spans(name, "tone_hz"),
        record.sounds(buzzer.Settings().pin, begin_s, end_s),
        begin_s,
    )
    if verdict.edge_ms > EDGE_MS:
        verdict.wrong.append(f"an edge is {verdict.edge_ms:.1f} ms off")
    if verdict.tone_hz > TONE_HZ:
        verdict.wrong.append(f"a tone is {verdict.tone_hz:.1f} Hz off")
    return verdict


def _span(lit: Lit, begin_s: float) -> Span:
    return Span((lit.begin_s - begin_s) * 1000, (lit.end_s - begin_s) * 1000, lit.brightness)


def _judge_light(verdict: Verdict, part: str, wanted: list[Span], seen: list[Span]) -> None:
    if len(wanted) != len(seen):
        verdict.wrong.append(f"{part}: {wanted} is wanted, and it was {seen}")
        return
    for want, saw in zip(wanted, seen, strict=True):
        _judge_edges(verdict, want, saw)
        if abs(want.value - saw.value) > BRIGHTNESS:
            verdict.wrong.append(f"{part}: {want} is wanted, and it was {saw}")


def _judge_edges(verdict: Verdict, want: Span, saw: Span) -> None:
    off_ms = max(abs(want.begin_ms - saw.begin_ms), abs(want.end_ms - saw.end_ms))
    verdict.edge_ms = max(verdict.edge_ms, off_ms)


def _judge_sound(verdict: Verdict, wanted: list[Span], seen: list[Sound], begin_s: float) -> None:
    """Tones that follow each other without a pause are one sound, and are heard one by one."""
    joined: list[list[Span]] = []
    for span in wanted:
        if joined and joined[-1][-1].end_ms == span.begin_ms:
            joined[-1].append(span)
        else:
            joined.append([span])
    if len(joined) != len(seen):
        verdict.wrong.append(f"{len(joined)} sounds are wanted, and there were {len(seen)}")
        return
    for tones, sound in zip(joined, seen, strict=True):
        whole = Span(tones[0].begin_ms, tones[-1].end_ms, 0)
        heard = Span((sound.begin_s - begin_s) * 1000, (sound.end_s - begin_s) * 1000, 0)
        _judge_edges(verdict, whole, heard)
        for tone in tones:
            # A change of tone is an edge, and may be as late: both ends are left out of a tone
            # that has a neighbour there.
            from_ms = tone.begin_ms + (EDGE_MS if tone is not tones[0] else -EDGE_MS)
            until_ms = tone.end_ms - (EDGE_MS if tone is not tones[-1] else -EDGE_MS)
            hz = sound.tone_hz(begin_s + from_ms / 1000, begin_s + until_ms / 1000)
            verdict.tone_hz = max(verdict.tone_hz, abs(hz - tone.value))
