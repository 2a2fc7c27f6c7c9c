"""What is done to a row's programs, at moments that one seed decides, until it is called off.

Each torment runs in a thread of its own and leaves everything as it should be when it ends.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.chaos.plan import REFUSALS, Fault
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
"""A kill waits for so many events on the wire, for so long at most."""
_PAUSE_S = (0.3, 4.0)
_BETWEEN_PAUSES_S = (0.5, 3.0)
_SLOW_S = (0.03, 1.2)
"""A slow ledger works for so long, and then not for so long."""
_REFUSED_S = (0.3, 1.5)
_BETWEEN_REFUSALS_S = (0.5, 2.5)
_FULL_S = (1.0, 4.0)
_BETWEEN_FULL_S = (1.0, 3.0)
_BLOCK_BYTES = 4096
_LOOK_S = 1.0
_KILLS = {Fault.KIOSK_KILLED: 6, Fault.BROKER_KILLED: 3, Fault.LEDGER_KILLED: 1}
_TOGETHER = 3
SPELL_S = (4.0, 12.0)
"""So long do the same faults strike, where a row has many."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to hurt, and `over`: when to stop. `long_s` is the longest that one is away."""

    kiosks: Sequence[Victim]
    broker: Victim
    ledger: Victim
    relay: Relay
    small_disk: Path | None
    over: threading.Event
    must_lose: bool = False
    long_s: float = 10.0

    def floods(self) -> None:
        """Wait until a queue has overflown; before a control for as long as that takes."""
        begun, begun_s = self.relay.passed, time.monotonic()
        while self.relay.passed - begun < _OVERFLOW and not self.over.wait(0.1):
            if not self.must_lose and time.monotonic() - begun_s > self.long_s:
                return

    def traffic(self, rng: random.Random) -> None:
        """Wait until events are under way, half of the times; before a control always."""
        if not self.must_lose and rng.random() < 0.5:
            return
        begun, begun_s = self.relay.passed, time.monotonic()
        while self.relay.passed - begun < _TRAFFIC and not self.over.wait(0.01):
            if time.monotonic() - begun_s > _TRAFFIC_S:
                return

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
    for_s: float,
    look: Callable[[], None],
) -> list[str]:
    """Let these faults strike together for so long; return which could not be played.

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
    until_s = time.monotonic() + for_s
    try:
        while (left_s := until_s - time.monotonic()) > 0:
            scene.over.wait(min(_LOOK_S, left_s))
            look()
    finally:
        scene.over.set()
        for thread in threads:
            thread.join()
        scene.relay.temper = CALM
    return failed


def temper(relay: Relay, faults: frozenset[Fault], rng: random.Random) -> None:
    """Let the relay do, from now on, what needs no moment of its own."""
    settings: dict[Fault, dict[str, float]] = {
        Fault.CUT: {"cut": 0.004},
        Fault.RECEIVE_MAXIMUM: {"receive_maximum": rng.choice((1, 2, 5, 10))},
        Fault.WITHHELD: {"withhold": 0.004},
        Fault.DELAYED: {"delay_s": 0.5},
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
            scene.traffic(rng)
            down_s = rng.uniform(0, _DOWN_S[kind])
            with victim.lock:
                if victim.kill():
                    scene.floods() if long else scene.over.wait(down_s)
                victim.start()
            long = kind == "ledger" and rng.random() < _LONG_DOWN

    return torment


def _pausing(victim: Victim, *, long: bool = False) -> Torment:
    def torment(scene: Scene, rng: random.Random) -> None:
        floods = long
        while scene.waits(rng, _BETWEEN_PAUSES_S):
            pause_s = rng.uniform(*_PAUSE_S)
            victim.pause(scene.floods if floods else partial(scene.over.wait, pause_s))
            floods = long and rng.random() < _LONG_DOWN

    return torment


def _slowing(victim: Victim) -> Torment:
    def torment(scene: Scene, _: random.Random) -> None:
        works_s, rests_s = _SLOW_S
        while not scene.over.wait(works_s):
            victim.pause(partial(scene.over.wait, rests_s))

    return torment


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
