"""What the demonstration prints of each case: what a person sees and hears, what came of it."""

import json
import sys
from typing import Any

from kiosk.door.signal import Signal, pattern_of
from provisioning.demo.play import Outcome

_GREEN, _RED, _DIM, _BOLD, _RESET = "\x1b[92m", "\x1b[91m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_COLUMN = 38


class Screen:
    """Prints to standard output, in colour where that is a terminal."""

    def __init__(self) -> None:
        self._color = sys.stdout.isatty()

    def say(self, text: str) -> None:
        """Print a line of our own."""
        print(text, flush=True)

    def outcome(self, outcome: Outcome) -> None:
        """Print one case with its answers."""
        mark = self._paint(_GREEN, "ok ") if outcome.as_expected else self._paint(_RED, "NOT")
        name = f"{outcome.case.name:{_COLUMN}}"
        if not outcome.facts:
            print(f"{mark} {self._paint(_BOLD, name)} nothing happens, as it should", flush=True)
        for facts in outcome.facts:
            self._answer(mark, name, facts)
            name, mark = " " * _COLUMN, "   "
        for event in outcome.received:
            self._event(event)
        if not outcome.as_expected:
            wanted = ", ".join(signal.value for signal, _ in outcome.case.expected) or "nothing"
            print(f"    expected: {wanted}", flush=True)

    def _answer(self, mark: str, name: str, facts: dict[str, Any]) -> None:
        signal = Signal(facts["signal"])
        seen = self._paint(_GREEN if "green" in describe(signal) else _RED, describe(signal))
        reason = f" ({facts['reason']})" if "reason" in facts else ""
        latency = f"{facts['latency_ms']:.0f} ms"
        print(
            f"{mark} {self._paint(_BOLD, name)} {signal.value}{reason}, {latency}: {seen}",
            flush=True,
        )

    def _event(self, event: dict[str, Any]) -> None:
        data = event["data"]
        handle = (data["handle"] or "-")[:8]
        text = json.dumps(
            {
                "id": event["id"],
                "verdict": data["verdict"],
                "reason": data["reason"],
                "kind": data["kind"],
                "handle": f"{handle}...",
            }
        )
        print(f"    {self._paint(_DIM, 'subscriber received ' + text)}", flush=True)

    def _paint(self, color: str, text: str) -> str:
        return f"{color}{text}{_RESET}" if self._color else text


def describe(signal: Signal) -> str:
    """Say a signal in words, from the table that the door plays.

    >>> describe(Signal.ALREADY_RECORDED)
    'green x3, 1319 Hz'
    """
    steps = pattern_of(signal).steps
    lit = [bool(step.green or step.red) for step in steps]
    blinks = sum(now and not before for before, now in zip([False, *lit], lit, strict=False))
    color = "green" if any(step.green for step in steps) else "red"
    tones = list(dict.fromkeys(step.tone_hz for step in steps if step.tone_hz))
    sound = " then ".join(f"{tone} Hz" for tone in tones) or "silent"
    return f"{color}{f' x{blinks}' if blinks > 1 else ''}, {sound}"
