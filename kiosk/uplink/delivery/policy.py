"""What the courier may do next: reports and time go in, decisions come out. Pure.

So every refusal and silence of a broker, and every word of a ledger, is a test without either.
Nothing here is ever dropped: a row that is not taken over is unsent again, or set apart and tried
again later.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from kiosk.door.event import Acknowledgement, LedgerPresence
from kiosk.uplink import (
    STATUS_ROW,
    Connected,
    Disconnected,
    LedgerSaid,
    Puback,
    Report,
    Word,
    WordRefused,
)
from kiosk.uplink.delivery.connection import Connection, Link, Turn, full_jitter_s
from kiosk.uplink.delivery.pace import Pace
from kiosk.uplink.delivery.resending import Resending
from kiosk.uplink.delivery.rows import LIFE, QUOTA_EXCEEDED, SUCCESS, Fate, Row, fate_of, trouble_of

WINDOW = 20
"""Events in flight; with the status never more than the broker says that it takes."""
ANSWER_PATIENCE_S = 30.0
"""An event or a status without a PUBACK for so long ends the connection: on the same one MQTT v5
forbids to send it again. A network thread that hangs is noticed by this too."""
PAUSE_S = (5.0, 30.0)
"""Pause after "nobody subscribed" or a refusal, doubling like the reconnect delay."""
APART_S = 3600.0
"""What the broker cannot take is tried again after so long, and after a restart."""
APART_MOST = 1000
STRIKES = 3
"""An event refused so often, while others were taken in between, is set apart."""
BARREN = 2
"""Connections that ended with events in flight and without any answer; then one event at a time,
so that the next ends show which one it is."""


@dataclass(slots=True)
class Courier:
    """The policy; times in monotonic seconds, `jitter` returns 0 to 1.

    `taken`: rows that a broker took over and that the outbox does not know of yet. `rewind`: rows
    that had been read are unsent again, so that reading must begin at the oldest.
    """

    jitter: Callable[[], float] = random.random
    pace: Pace = field(default_factory=Pace)
    connection: Connection = field(init=False)
    resending: Resending = field(init=False)
    in_flight: dict[int, float] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    apart: dict[int, float] = field(default_factory=dict)
    rewind: bool = False
    puback_at_s: float | None = None
    send_at_s: float = 0.0
    refusals: int = 0
    refused: str | None = None
    lost_why: str | None = None
    _words: dict[Word, str] = field(default_factory=dict)
    _strikes: dict[int, tuple[int, int]] = field(default_factory=dict)
    _takes: int = 0
    _receive_maximum: int = WINDOW
    _status_since_s: float | None = None
    _answered: bool = False
    _barren: int = 0

    def __post_init__(self) -> None:
        self.connection = Connection(self.jitter)
        self.resending = Resending(self.jitter)

    @property
    def connected(self) -> bool:
        """Whether a broker has accepted us."""
        return self.connection.link is Link.CONNECTED

    @property
    def trouble(self) -> str | None:
        """What a person should know, the weightiest first."""
        if self.refused or self.lost_why:
            return self.refused or self.lost_why
        if self._words:
            return "; ".join(f"{word}: {why}" for word, why in self._words.items())
        if self.apart:
            return f"{len(self.apart)} set apart: the broker does not take them; they are kept"
        return None

    def report(self, report: Report, now_s: float) -> None:
        """Take in what the uplink said."""
        match report:
            case Connected(receive_maximum):
                self._accepted(receive_maximum, now_s)
            case Disconnected(why):
                self.lost(why, now_s)
            case Puback(row, code):
                self._puback(row, code, now_s)
            case LedgerSaid(Acknowledgement() as word):
                self._words.pop(Word.ACKNOWLEDGEMENT, None)
                self.resending.acknowledged(word, now_s)
            case LedgerSaid(LedgerPresence(online=online)):
                self._words.pop(Word.PRESENCE, None)
                self.resending.present(online=online, now_s=now_s)
            case WordRefused(word, why):
                self._words[word] = why

    def begin(self, now_s: float) -> None:
        """Note that a connection is being made."""
        self.connection.turn(Turn.BEGUN, now_s)

    def lost(self, why: str, now_s: float) -> None:
        """The connection is gone, or was never made: what was in flight is unsent, try later."""
        attempt = self.connection.link is Link.CONNECTING
        if not self.connection.turn(Turn.ENDED, now_s):
            return
        self._suspect(now_s)
        for row in list(self.in_flight):
            self._land(row, Fate.CUT_OFF, now_s)
        self.rewind = True
        self._status_since_s = None
        self.resending.disconnected()
        self.lost_why = why
        if attempt:
            self.refused = None

    def silent(self, now_s: float) -> str | None:
        """Return what has been waited for too long, where something has; then it is lost."""
        if self.connection.overdue(now_s):
            return "the broker does not answer"
        late = [r for r, at_s in self.in_flight.items() if now_s - at_s >= ANSWER_PATIENCE_S]
        for row in late:
            self._strike(row, now_s)
        status_s = self._status_since_s
        if late or (status_s is not None and now_s - status_s >= ANSWER_PATIENCE_S):
            return "the broker does not answer what was sent"
        return None

    def room(self, now_s: float) -> int:
        """Return how many events may be sent now."""
        free = self._free(now_s)
        return min(free, self.pace.room(now_s)) if free > 0 else 0

    def wait_s(self, now_s: float) -> float:
        """Return how long it takes, where nothing is heard, until there is room."""
        if self.connection.link is Link.WAITING:
            return max(0.0, self.connection.connect_at_s - now_s)
        if now_s < self.send_at_s:
            return self.send_at_s - now_s
        return self.pace.wait_s() if self._free(now_s) > 0 else ANSWER_PATIENCE_S

    def _free(self, now_s: float) -> int:
        """Return how many events the window has place for."""
        if not self.connected or now_s < self.send_at_s:
            return 0
        window = 1 if self._barren >= BARREN else WINDOW
        if self._receive_maximum == 1:
            window = 0 if self._status_since_s is not None else 1
        # The status goes out with QoS 1 too and needs a place of its own.
        window = min(window, max(1, self._receive_maximum - 1))
        return window - len(self.in_flight)

    def may_send(self, row: int) -> bool:
        """Tell whether this row is one to send: neither on its way nor set apart."""
        return row not in self.in_flight and row not in self.taken and row not in self.apart

    def sent(self, row: int, now_s: float) -> None:
        """Note that an event was sent."""
        self.in_flight[row] = now_s
        self.pace.spend(1)

    def may_say(self) -> bool:
        """Tell whether a status may be sent: one at a time, within what the broker takes."""
        crowded = self._receive_maximum == 1 and self.in_flight
        return self.connected and self._status_since_s is None and not crowded

    def said(self, now_s: float) -> None:
        """Note that the status was sent."""
        self._status_since_s = now_s

    def retry(self, now_s: float) -> None:
        """Let what was set apart for long enough be tried again."""
        for row in [row for row, until_s in self.apart.items() if now_s >= until_s]:
            del self.apart[row]
            self._strikes.pop(row, None)
            self.rewind = True

    def _accepted(self, receive_maximum: int, now_s: float) -> None:
        if not self.connection.turn(Turn.ACCEPTED, now_s):
            return
        self._receive_maximum = receive_maximum
        self._answered = False
        self.lost_why = None
        # What the broker retains, it tells again; what was withdrawn meanwhile, it does not.
        self._words.clear()

    def _puback(self, row: int, code: int, now_s: float) -> None:
        if row == STATUS_ROW:
            self._status_since_s = None
            return
        fate = fate_of(code)
        if row not in self.in_flight:
            # Late, from a connection that was given up: that a broker took it over is true.
            if fate is Fate.TAKEN:
                self.taken.add(row)
            return
        if fate is Fate.UNTAKABLE and len(self.apart) >= APART_MOST:
            # So many are no single bad event: wait for a better broker.
            fate = Fate.KEPT
        self._answered = True
        self.puback_at_s = now_s
        self._land(row, fate, now_s)
        if code == SUCCESS:
            self._takes += 1
            self._barren = self.refusals = 0
            self._strikes.pop(row, None)
            self.refused = None
            self.resending.sent()
        elif fate is Fate.KEPT:
            if code != QUOTA_EXCEEDED and self._strike(row, now_s):
                return
            self.refused = trouble_of(code)
            if now_s >= self.send_at_s:
                # One pause for a window full of refusals, not one for each.
                self.send_at_s = now_s + full_jitter_s(PAUSE_S, self.refusals, self.jitter())
                self.refusals += 1

    def _land(self, row: int, fate: Fate, now_s: float) -> None:
        """Move a row that was in flight to where the table says."""
        del self.in_flight[row]
        match LIFE[Row.IN_FLIGHT, fate]:
            case Row.SENT:
                self.taken.add(row)
            case Row.UNSENT:
                self.rewind = True
            case Row.APART:
                self._set_apart(row, now_s)

    def _set_apart(self, row: int, now_s: float) -> None:
        if len(self.apart) < APART_MOST:
            self.apart[row] = now_s + APART_S
        self.rewind = True

    def _strike(self, row: int, now_s: float) -> bool:
        """Count a refusal of one row; others may be taken, then the fault is this row's own."""
        count, takes = self._strikes.get(row, (0, -1))
        if takes != self._takes:
            count += 1
            self._strikes[row] = (count, self._takes)
        if count < STRIKES:
            return False
        self._strikes.pop(row)
        self._set_apart(row, now_s)
        return True

    def _suspect(self, now_s: float) -> None:
        """Find the event that ends every connection: send one at a time, then set it apart."""
        if not self.in_flight or self._answered:
            return
        self._barren += 1
        if self._barren >= 2 * BARREN and len(self.in_flight) == 1:
            self._barren = BARREN
            self._set_apart(next(iter(self.in_flight)), now_s)
