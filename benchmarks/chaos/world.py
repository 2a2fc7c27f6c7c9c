"""One row of the matrix, from its start to its judgement: a world of its own.

It has its own broker, ledger, kiosks, network and folder, so that rows can run side by side. When
the faults stop, the programs are left alone until the ledger has everything or time is up.
"""

import math
import random
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.chaos import torment
from benchmarks.chaos.databases import new_database
from benchmarks.chaos.disk import small_disk
from benchmarks.chaos.judge import (
    LedgerView,
    count_shown,
    gaps_told,
    has_all,
    held_in,
    judge,
    lost_of,
    shown_in,
    was_acknowledged,
)
from benchmarks.chaos.kiosk import Life
from benchmarks.chaos.plan import KIOSKS, Fault, Row, Share
from benchmarks.chaos.processes import BrokerVictim, Cradle, KioskVictim, LedgerVictim, Victim
from benchmarks.chaos.ran import Ran
from benchmarks.chaos.relay import Relay
from benchmarks.chaos.settling import Settled, Settling
from benchmarks.chaos.slots import Slots

HASTE = 0.02
_SLACK = 1.3
"""A little more than its share, since nobody is green while a kiosk is down."""
_LOOK_S, _SHORT_LOOK_S = 1.0, 0.25
_FEW = 2
"""So many faults strike all the time; of more, some at a time."""
_LONG_AWAY_S = (10.0, 20.0)
_FIRST_CROWD_S = 1.0
_FIRST_WORD_S = 20.0
_MOST_MB = 512
_LEAST_MB = 1


class Called(Exception):  # noqa: N818 - nobody's error: somebody wants to stop
    """The run was called off."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a world is put into; `off` is set when the run is called off."""

    folder: Path
    cradle: Cradle
    seed: int
    database: str | None
    slots: Slots
    off: threading.Event


class World:
    """One row; `run` is called once, by a thread of its own."""

    def __init__(self, row: Row, share: Share, frame: Frame) -> None:
        self._row = row
        self._share = share
        self._frame = frame
        self._folder = frame.folder / row.place
        self._begun_s = self._until_s = self._active_s = 0.0
        self._over = self._folder / "over"
        self._lives = 0
        self._small: Path | None = None
        self._remarks: list[str] = []
        self._failed: list[str] = []
        self._shown = [self._folder / f"shown-{n}" for n in range(KIOSKS)]
        self._outboxes: list[Path] = []
        self._counting = threading.Lock()

    def run(self) -> Ran:
        """Run the row and return what became of it.

        Raises:
            Called: The run was called off.
        """
        with ExitStack() as stack:
            with self._frame.slots.one(self._row) as entered:
                if not entered:
                    raise Called
                scene, url = self._build(stack)
                self._torment(scene)
            return self._finish(scene, url)

    def _look_off(self) -> None:
        if self._frame.off.is_set():
            raise Called

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self._frame.seed}/{self._row.place}/{purpose}")  # noqa: S311

    def _build(self, stack: ExitStack) -> tuple[torment.Scene, str]:
        """Start everything; `stack` ends it."""
        self._folder.mkdir(parents=True)
        if Fault.DISK_FULL in self._row.faults:
            self._small = self._folder / "disk"
            if not stack.enter_context(small_disk(self._small)):
                self._small = None
                self._remarks.append(f"no small disk without root: max_mb = {_LEAST_MB}")
        url = stack.enter_context(new_database(self._frame.database, self._folder, self._row.place))
        broker = BrokerVictim(self._folder)
        stack.callback(broker.stop)
        broker.start()
        relay = stack.enter_context(Relay(broker.broker.port, self._rng("relay")))
        ledger = LedgerVictim(self._folder, url, broker.broker.port)
        stack.callback(ledger.stop)
        ledger.start()
        if ledger.note_end():
            raise RuntimeError("\n".join(ledger.ends))
        self._wait_for_subscriptions(broker)
        kiosks = [self._kiosk(number, relay) for number in range(KIOSKS)]
        for kiosk in kiosks:
            stack.callback(kiosk.stop)
        self._begin(kiosks)
        scene = torment.Scene(
            kiosks,
            broker,
            ledger,
            relay,
            self._small,
            threading.Event(),
            self._row.must_lose,
            max(_LONG_AWAY_S[0], min(_LONG_AWAY_S[1], self._share.active_s / 15)),
        )
        return scene, url

    def _begin(self, kiosks: Sequence[KioskVictim]) -> None:
        """Start the kiosks, with a crowd before each until the faults are over."""
        # A control is started once: what it loses by a restart would be no fault's doing.
        if not self._row.must_lose:
            self._until_s = time.monotonic() + _FIRST_CROWD_S
            self._restart(kiosks)
            self._wait_for_a_word()
        self._begun_s = time.monotonic()
        self._until_s = self._begun_s + self._share.lasts_s(enough=False)
        self._restart(kiosks)

    def _wait_for_subscriptions(self, broker: BrokerVictim) -> None:
        """Wait until the broker sends events to the ledger: before that it drops them."""
        by_s = time.monotonic() + _FIRST_WORD_S
        while not any("Sending SUBACK" in line for line in [*broker.broker.lines]):
            self._look_off()
            if time.monotonic() > by_s:
                raise RuntimeError("the ledger does not subscribe")
            self._frame.off.wait(_SHORT_LOOK_S)

    def _wait_for_a_word(self) -> None:
        """Wait until each kiosk has heard of a ledger once, as one that was installed has.

        Without any ledger its rows stay for the retention period and no longer.
        """
        by_s = time.monotonic() + _FIRST_WORD_S
        waiting = list(self._outboxes)
        while waiting and time.monotonic() < by_s:
            self._look_off()
            waiting = [path for path in waiting if not was_acknowledged(path)]
            self._frame.off.wait(_SHORT_LOOK_S)
        if waiting:
            self._remarks.append(f"{len(waiting)} kiosks were never acknowledged before the faults")

    def _kiosk(self, number: int, relay: Relay) -> KioskVictim:
        name = f"door-{number + 1}"
        log = self._folder / f"{name}.log"
        on_small_disk = self._small is not None and number == 0
        folder = self._small if on_small_disk and self._small else self._folder / name
        full = Fault.DISK_FULL in self._row.faults and self._small is None
        self._outboxes.append(folder / "outbox.db")

        def life() -> Life:
            return Life(
                variant=self._row.variant,
                site=self._row.place[:60].rstrip("-"),
                device=name,
                port=relay.port,
                outbox=folder / "outbox.db",
                max_mb=_LEAST_MB if full else _MOST_MB,
                shown=self._shown[number],
                log=log,
                seed=self._next_seed(),
                hz=self._share.events * _SLACK / KIOSKS / self._share.active_s,
                until_s=self._until_s,
                over=self._over,
                haste=HASTE,
                clock_jumps=Fault.CLOCK_JUMPS in self._row.faults,
            )

        return KioskVictim(name, self._frame.cradle, life, log)

    def _next_seed(self) -> int:
        with self._counting:
            self._lives += 1
            return self._rng(f"life {self._lives}").getrandbits(32)

    def _torment(self, scene: torment.Scene) -> None:
        """Let the faults strike until the time is over; leave all as it should be."""
        faults, rng = self._row.faults, self._rng("spells")
        few = len(faults) <= _FEW
        while self._left_s(scene) > 0:
            together = faults if few else torment.spell(faults, rng)
            spell_s = math.inf if few else rng.uniform(*torment.SPELL_S)
            left_s = partial(self._left_s, scene, time.monotonic() + spell_s)
            self._failed += torment.strike(together, scene, rng, left_s, self._look_off)
        self._over.touch()
        self._active_s = time.monotonic() - self._begun_s
        if self._row.must_lose and self._active_s > 1.2 * self._share.active_s:
            self._remarks.append(f"under fault for {self._active_s:.0f} s: few events in that time")

    def _left_s(self, scene: torment.Scene, by_s: float = math.inf) -> float:
        """Return how long the faults strike on, at most until `by_s`."""
        events = 0 if self._row.must_lose else self._share.events
        enough = (
            scene.had >= self._row.chances
            and sum(scene.kills().values()) >= self._share.kills
            and count_shown(self._shown) >= events
        )
        lasts_s = self._share.lasts_s(enough=enough)
        return min(by_s, self._begun_s + lasts_s) - time.monotonic()

    def _finish(self, scene: torment.Scene, url: str) -> Ran:
        """Wait until all is settled, end everything in order, and judge."""
        victims: Sequence[Victim] = (*scene.kiosks, scene.broker, scene.ledger)
        for victim in victims:
            victim.mend()
        view = LedgerView(url)
        try:
            settled = self._settle(scene, view)
            for kiosk in scene.kiosks:
                kiosk.stop()
            scene.ledger.note_end()
            rows, raw = view.rows(), view.raw()
        finally:
            view.close()
        shown = shown_in(self._shown)
        judgement = judge(shown, rows, raw, gaps_told(url))
        late = 0 if self._row.must_lose else held_in(self._outboxes, lost_of(shown, rows))
        if late:
            self._remarks.append(f"{late} of what is not stored still lie in an outbox")
        relay = scene.relay
        return Ran(
            row=self._row,
            judgement=judgement,
            kills=scene.kills(),
            pauses=sum(victim.pauses for victim in victims),
            chances=scene.had,
            active_s=self._active_s,
            settled_s=settled.after_s,
            restarted=settled.restarted,
            still_came=settled.still_came,
            repeated=relay.repeated,
            exceeded=relay.exceeded,
            cuts=relay.cuts,
            ends=(*self._failed, *(end for victim in victims for end in victim.ends)),
            remarks=tuple(self._remarks),
        )

    def _settle(self, scene: torment.Scene, view: LedgerView) -> Settled:
        """Wait until the ledger has everything, or nothing more is to come."""
        settling = Settling(self._share, time.monotonic(), must_lose=self._row.must_lose)
        while True:
            self._look_off()
            upto = view.whole_upto()
            # Read each time: the last of a crowd may be shown after the faults are over.
            shown = shown_in(self._shown)
            came = view.count() + scene.relay.passed
            whole = has_all(shown, upto) and not view.has_gaps()
            done = settling.look(time.monotonic(), len(shown), came, whole=whole)
            if done is not None:
                return done
            if settling.asks_for_a_restart(time.monotonic()):
                self._restart(scene.kiosks)
            self._frame.off.wait(_LOOK_S)

    @staticmethod
    def _restart(kiosks: Sequence[Victim]) -> None:
        for kiosk in kiosks:
            kiosk.stop()
            kiosk.start()
