"""What is done to a row's programs, at moments that one seed decides, until it is called off.

Each torment runs in a thread of its own and leaves everything as it should be when it ends.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.chaos.plan import BREAKS, REFUSALS, Fault
from benchmarks.chaos.processes import Victim
from benchmarks.chaos.relay import CALM, Relay

Torment = Callable[["Scene", random.Random], None]

_SCALE = 3.0
"""A victim lives so many times its start-up time on average, and not less than below."""
_LIVES_S = {"kiosk": 1.8, "broker": 2.2, "ledger": 4.5}
_DOWN_S = {"kiosk": 0.4, "broker": 0.6, "ledger": 1.5}
_LONG_DOWN = 0.25
"""So often a ledger is away for long, or until a broker's queue has overflown."""
_OVERFLOW = 3600
"""Events; mosquitto keeps 1,000 for a ledger, and as many as its Receive Maximum are under way to
one that does not answer: 2,000."""
_TRAFFIC, _TRAFFIC_S = 40, 3.0
"""A kill waits for so many events on the wire, and not for longer unless it is a control's."""
_PAUSE_S = (0.3, 4.0)
_BETWEEN_PAUSES_S = (0.5, 3.0)
_SLOW_S = (0.03, 1.2)
"""A slow ledger works for so long, and then not for so long."""
_BEHIND = 1200
"""Before a control it rests until so many events came, far more than it can store while it works:
after three rests a queue has overflown."""
_LATE_S, _VERY_LATE_S = 0.5, 5.0
"""A late PUBACK; one so late that a library's window of 20 is full at a few events a second."""
_BREAKING = {faults for _, faults in BREAKS}
_REFUSED_S = (0.3, 1.5)
_BETWEEN_REFUSALS_S = (0.5, 2.5)
_FULL_S = (1.0, 4.0)
_BETWEEN_FULL_S = (1.0, 3.0)
_BLOCK_BYTES = 4096
_LOOK_S, _STEP_S = 1.0, 0.01
_KILLS = {Fault.KIOSK_KILLED: 6, Fault.BROKER_KILLED: 3, Fault.LEDGER_KILLED: 1}
_TOGETHER = 3
SPELL_S = (4.0, 12.0)
"""So long do the same faults strike, where a row has many."""


class Chances:
    """Counts how often a fault struck so that a control must lose by it; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def note(self, *, struck: bool) -> None:
        """Count one, where it struck so."""
        with self._lock:
            self.count += struck


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to hurt, and `over`: when to stop. `long_s` is the longest that one is away.

    Before a control (`must_lose`) torments wait for as long as their count of events takes.
    """

    kiosks: Sequence[Victim]
    broker: Victim
    ledger: Victim
    relay: Relay
    small_disk: Path | None
    over: threading.Event
    must_lose: bool = False
    long_s: float = 10.0
    chances: Chances = field(default_factory=Chances)

    def kills(self) -> dict[str, int]:
        """How often each kind of program was killed so far."""
        return {
            "kiosk": sum(kiosk.kills for kiosk in self.kiosks),
            "broker": self.broker.kills,
            "ledger": self.ledger.kills,
        }

    @property
    def had(self) -> int:
        """How many chances the faults had so far."""
        return self.chances.count + self.relay.swallowed

    def floods(self) -> bool:
        """Wait until a queue has overflown; tell whether it has."""
        return self.passes(_OVERFLOW, self.long_s)

    def traffic(self, rng: random.Random) -> bool:
        """Wait until events are under way, half of the times; before a control always."""
        if not self.must_lose and rng.random() < 0.5:
            return False
        return self.passes(_TRAFFIC, _TRAFFIC_S)

    def passes(self, count: int, most_s: float) -> bool:
        """Wait until so many more events went over the wire; False: not within `most_s`.

        Before a control there is no such bound.
        """
        begun, begun_s = self.relay.passed, time.monotonic()
        while self.relay.passed - begun < count:
            late = not self.must_lose and time.monotonic() - begun_s > most_s
            if late or self.over.wait(_STEP_S):
                return False
        return True

    def waits(self, rng: random.Random, bounds_s: tuple[float, float]) -> bool:
        """Wait for a random while; False: it is over."""
        return not self.over.wait(rng.uniform(*bounds_s))


def torments(faults: frozenset[Fault], scene: Scene) -> list[Torment]:
    """Return what to run side by side: one for each fault, and for each kiosk where it is hurt."""
    ledger = scene.ledger
    each: dict[Fault, list[Torment]] = {
        Fault.KIOSK_KILLED: [_killing(kiosk, "kiosk") for kiosk in scene.kiosks],
        Fault.BROKER_KILLED: [_killing(scene.broker, "broker")],
        Fault.LEDGER_KILLED: [_killing(ledger, "ledger")],
        Fault.KIOSK_PAUSED: [_pausing(kiosk) for kiosk in scene.kiosks],
        Fault.BROKER_PAUSED: [_pausing(scene.broker)],
        Fault.LEDGER_PAUSED: [_pausing(ledger, long=True)],
        Fault.LEDGER_SLOW: [_slowing(ledger)],
        Fault.DISK_FULL: [_filling],
    }
    chosen = [torment for fault in sorted(faults) for torment in each.get(fault, [])]
    codes = [REFUSALS[fault] for fault in sorted(faults) if fault in REFUSALS]
    return [*chosen, _refusing(codes)] if codes else chosen


def strike(
    faults: frozenset[Fault],
    scene: Scene,
    rng: random.Random,
    left_s: Callable[[], float],
    look: Callable[[], None],
) -> list[str]:
    """Let these faults strike together while time is left; return which could not be played.

    `look` may raise, to end it earlier.
    """
    failed = []

    def play(torment: Torment, dice: random.Random) -> None:
        try:
            torment(scene, dice)
        except Exception as error:  # noqa: BLE001 - told where the row is told
            failed.append(f"a fault failed: {error}")

    scene.over.clear()
    temper(scene.relay, faults, rng)
    threads = [
        # A thread has dice of its own: how they run side by side must not change what they throw.
        threading.Thread(target=play, args=(each, random.Random(rng.random())), daemon=True)  # noqa: S311
        for each in torments(faults, scene)
    ]
    for thread in threads:
        thread.start()
    try:
        while (still_s := left_s()) > 0:
            scene.over.wait(min(_LOOK_S, still_s))
            look()
    finally:
        scene.over.set()
        for thread in threads:
            thread.join()
        scene.relay.temper = CALM
    return failed


def temper(relay: Relay, faults: frozenset[Fault], rng: random.Random) -> None:
    """Let the relay do, from now on, what needs no moment of its own."""
    late_s = _VERY_LATE_S if faults in _BREAKING else _LATE_S
    settings: dict[Fault, dict[str, float]] = {
        Fault.CUT: {"cut": 0.004},
        Fault.RECEIVE_MAXIMUM: {"receive_maximum": rng.choice((1, 2, 5, 10))},
        Fault.WITHHELD: {"withhold": 0.004},
        Fault.DELAYED: {"delay_s": late_s},
        Fault.DOUBLED: {"double": 0.5},
        Fault.SWALLOWED: {"swallow": 0.02},
    }
    relay.temper = CALM
    for fault, what in settings.items():
        if fault in faults:
            relay.change(**what)
    if Fault.RECEIVE_MAXIMUM in faults:
        # It is told when a connection begins.
        relay.cut_all()


def spell(faults: frozenset[Fault], rng: random.Random) -> frozenset[Fault]:
    """Return what strikes together for a while: a kill and a few of the others.

    All at once all the time would starve the traffic that is to be hurt.
    """
    kills = [kill for kill in _KILLS if kill in faults]
    others = sorted(faults - {*_KILLS})
    weights = [_KILLS[kill] for kill in kills]
    chosen = {*rng.sample(others, min(_TOGETHER, len(others)))}
    if kills:
        chosen.add(rng.choices(kills, weights)[0])
    return frozenset(chosen)


def _killing(victim: Victim, kind: str) -> Torment:
    def torment(scene: Scene, rng: random.Random) -> None:
        long = kind == "ledger"
        while True:
            lives_s = max(_LIVES_S[kind], _SCALE * victim.start_s)
            if scene.over.wait(min(rng.expovariate(1 / lives_s), 2 * lives_s)):
                return
            struck = scene.traffic(rng)
            down_s = rng.uniform(0, _DOWN_S[kind])
            with victim.lock:
                if victim.kill():
                    away = scene.floods if long else partial(scene.over.wait, down_s)
                    filled = away()
                    # A ledger that was away loses nothing unless the queue for it was too short.
                    scene.chances.note(struck=filled if kind == "ledger" else struck)
                victim.start()
            long = kind == "ledger" and rng.random() < _LONG_DOWN

    return torment


def _pausing(victim: Victim, *, long: bool = False) -> Torment:
    def torment(scene: Scene, rng: random.Random) -> None:
        floods = long
        while scene.waits(rng, _BETWEEN_PAUSES_S):
            pause_s = rng.uniform(*_PAUSE_S)
            victim.pause(partial(_fills, scene) if floods else partial(scene.over.wait, pause_s))
            floods = long and rng.random() < _LONG_DOWN

    return torment


def _slowing(victim: Victim) -> Torment:
    def torment(scene: Scene, _: random.Random) -> None:
        works_s, rests_s = _SLOW_S
        while not scene.over.wait(works_s):
            victim.pause(partial(_falls_behind, scene, rests_s))

    return torment


def _fills(scene: Scene) -> None:
    scene.chances.note(struck=scene.floods())


def _falls_behind(scene: Scene, rests_s: float) -> None:
    scene.chances.note(struck=scene.passes(_BEHIND, rests_s))


def _refusing(codes: Sequence[int]) -> Torment:
    def torment(scene: Scene, rng: random.Random) -> None:
        while scene.waits(rng, _BETWEEN_REFUSALS_S):
            scene.relay.change(refuse_with=rng.choice(codes))
            scene.waits(rng, _REFUSED_S)
            scene.relay.change(refuse_with=None)

    return torment


def _filling(scene: Scene, rng: random.Random) -> None:
    """Take all space of the small disk, and give it back."""
    if scene.small_disk is None:
        return
    ballast = scene.small_disk / "ballast"
    try:
        while scene.waits(rng, _BETWEEN_FULL_S):
            with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                while not scene.over.is_set():
                    file.write(bytes(_BLOCK_BYTES))
            scene.waits(rng, _FULL_S)
            ballast.unlink()
    finally:
        ballast.unlink(missing_ok=True)
