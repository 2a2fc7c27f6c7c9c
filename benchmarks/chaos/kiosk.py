"""A kiosk to be killed: the real daemon, outbox, courier and uplink, with a witness as its stage.

`python -m benchmarks.chaos.kiosk` is a cradle: it reads one life a line and answers with the
process id of the kiosk that lives it. A kiosk is a fork of the cradle, which saves importing
everything for each of a thousand kills, and dies with it.
"""

import ctypes
import os
import random
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmarks.chaos.controls import PahoQueue, PubackDeletes
from benchmarks.chaos.crowd import Crowd, JumpingClock
from benchmarks.chaos.plan import Variant
from benchmarks.chaos.witness import WitnessedOutbox, WitnessStage
from kiosk.app import logs
from kiosk.app.daemon import Kiosk
from kiosk.app.inbox import Inbox
from kiosk.app.keys import Keys, without_periods
from kiosk.app.notify import Notify
from kiosk.app.parts import Parts
from kiosk.app.status import OFFLINE
from kiosk.clock import Clock
from kiosk.clock.system import Settings as ClockSettings
from kiosk.clock.system import SystemClock
from kiosk.door.event import source_of
from kiosk.door.machine import Conduct
from kiosk.door.presence import Patience
from kiosk.door.rules import Rules
from kiosk.outbox import Outbox, sqlite
from kiosk.uplink import mqtt
from kiosk.uplink.courier import CourierThread
from kiosk.uplink.delivery.policy import Courier

DRAIN_HZ = 10_000.0
"""A venue's pace of ten events a second would make a run of an hour out of one of a minute."""
SILENT_S = 10.0
EXIT_BUG = 70
_KEYS = Keys(site=b"s" * 32, device=b"d" * 32)
_CONDUCT = Conduct(Rules(frozenset({"cccd"})), patience=Patience(hold_off_s=0.05, repeat_s=0.1))
"""Nobody comes again here; a door that remembers each for ten seconds would be slower."""
_CLOSE_S = 1.0
_PR_SET_PDEATHSIG = 1


class Life(BaseModel):
    """One life of a kiosk, from its start to its end.

    `hz`: so many green a second until `until_s` (monotonic s), or until the file `over` is there.
    `haste`: part of the random pauses
    of the courier that is waited for; a broker that is killed every few seconds would else be away
    for minutes of each of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: Variant
    site: str
    device: str
    port: int
    outbox: Path
    max_mb: int
    shown: Path
    log: Path
    seed: int
    hz: float
    until_s: float
    over: Path
    haste: float
    clock_jumps: bool


class HastyCourier(CourierThread):
    """The courier with shorter pauses, and nothing else of it changed."""

    def __init__(self, *arguments: Any, haste: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._courier = Courier(lambda: haste * random.random(), self._courier.pace)  # noqa: S311


def live(life: Life) -> int:
    """Live until SIGTERM; return the exit code."""
    logs.configure("text", "warning")
    rng = random.Random(life.seed)  # noqa: S311 - faults and made-up people, no secret
    with ExitStack() as stack:
        witness = WitnessStage(life.shown)
        inbox = Crowd(rng, life.hz, life.until_s, lambda: witness.green, life.over)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _n, _f: inbox.stop(0))
        threading.excepthook = lambda hook: _thread_died(inbox, hook)
        clock: Clock = (
            JumpingClock(rng)
            if life.clock_jumps
            else SystemClock(ClockSettings(trust_file=Path(os.devnull)))
        )
        parts = _parts(life, witness, clock, inbox, stack)
        return Kiosk(parts).run(inbox)


def _parts(
    life: Life, witness: WitnessStage, clock: Clock, inbox: Inbox, stack: ExitStack
) -> Parts:
    source = source_of(life.site, life.device)
    notify = Notify(None)
    keys = without_periods(_KEYS, clock)
    if life.variant is Variant.PAHO_QUEUE:
        paho = PahoQueue(life.port, source)
        stack.callback(paho.close)
        outbox: Outbox = WitnessedOutbox(paho, witness)
        return Parts(outbox, paho, witness, clock, None, keys, _CONDUCT, SILENT_S, notify)
    settings = sqlite.Settings(path=life.outbox, max_mb=life.max_mb)
    stored = sqlite.build(settings, source)
    stack.callback(stored.close)
    uplink = mqtt.build(mqtt.Settings(host="127.0.0.1", port=life.port, tls=False), source, OFFLINE)

    def rows() -> PubackDeletes | Outbox:
        sibling = stored.sibling()
        return PubackDeletes(sibling) if life.variant is Variant.PUBACK_DELETES else sibling

    courier = HastyCourier(
        rows,
        uplink,
        clock.monotonic_s,
        inbox.post,
        reading=clock.read,
        drain_hz=DRAIN_HZ,
        haste=life.haste,
    )
    courier.start()
    stack.callback(courier.close, OFFLINE, _CLOSE_S)
    outbox = WitnessedOutbox(stored, witness)
    return Parts(outbox, courier, witness, clock, None, keys, _CONDUCT, SILENT_S, notify)


def _thread_died(inbox: Inbox, hook: threading.ExceptHookArgs) -> None:
    """End the process on a bug in any thread, as the product does."""
    sys.__excepthook__(hook.exc_type, hook.exc_value or BaseException(), hook.exc_traceback)
    inbox.stop(EXIT_BUG)


def main() -> None:
    """Give one kiosk after the other its life; all end when the input does."""
    # Nobody waits for them: who started them watches them by their process ids.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Ctrl-C in a terminal is for who started us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        life = Life.model_validate_json(line)
        child = os.fork()
        if child == 0:
            _be_born(life)
        os.write(1, f"{child}\n".encode())


def _be_born(life: Life) -> None:
    """Become a kiosk, and end as one."""
    code = EXIT_BUG
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        log = os.open(life.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, opened in ((0, nothing), (1, nothing), (2, log)):
            os.dup2(opened, number)
        code = live(life)
    except BaseException:  # noqa: BLE001 - whatever it is, it goes to the log and ends this fork
        sys.excepthook(*sys.exc_info())
    sys.stderr.write(f"ended with {code} at {time.monotonic():.1f}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
