"""What the ledger says, and when to send again what it has not acknowledged. Pure.

A PUBACK means "in transit" only. What was sent and is not acknowledged goes out again after 30 s,
then later and later, and only while a ledger is there: without one nobody would answer, and every
round would only fill a broker's queue. A round begins when the one before has left: a long queue
must reach its end before its beginning is repeated.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.door.event import Acknowledgement

RESEND_S = (30.0, 3600.0)
"""The first delay before what is not acknowledged is sent again; it doubles up to the second."""


@dataclass(slots=True)
class Resending:
    """Times in monotonic seconds.

    `word` is the newest acknowledgement, until the outbox has it; `newest` stays. An outbox refuses
    one that is above what was sent, as it looks where a PUBACK was lost on the way: so it is shown
    the newest once more before anything is sent again.
    """

    jitter: Callable[[], float] = random.random
    online: bool | None = None
    word: Acknowledgement | None = None
    newest: Acknowledgement | None = None
    rounds: int = 0
    due_at_s: float | None = None
    unsure: bool = True

    def acknowledged(self, word: Acknowledgement, now_s: float) -> None:
        """Take in what the ledger has stored; more than before begins the delays anew."""
        before = self.newest.epochs if self.newest is not None else {}
        if any(upto > before.get(epoch, 0) for epoch, upto in word.epochs.items()):
            self.rounds = 0
            if self.due_at_s is not None:
                self.due_at_s = now_s + self.delay_s
        self.word = self.newest = word

    def present(self, *, online: bool, now_s: float) -> None:
        """Take in whether a ledger is there."""
        if online and not self.online and self.due_at_s is not None:
            # All doors hear it at once, and must not all answer at once.
            self.due_at_s = max(self.due_at_s, now_s + RESEND_S[0] * (1 + self.jitter()))
        self.online = online

    def disconnected(self) -> None:
        """Nobody tells us any more whether a ledger is there."""
        self.online = None

    def sent(self) -> None:
        """Something was sent that nobody has acknowledged yet."""
        self.unsure = True

    def drained(self, now_s: float) -> None:
        """Everything has left: from here on the ledger has time to answer."""
        if self.unsure and self.due_at_s is None:
            self.due_at_s = now_s + self.delay_s

    def due(self, now_s: float) -> bool:
        """Tell whether what is not acknowledged is to be sent again now."""
        return bool(self.online) and self.due_at_s is not None and now_s >= self.due_at_s

    def resent(self, count: int) -> None:
        """Note that `count` rows are to leave again."""
        self.due_at_s = None
        self.unsure = count > 0
        self.rounds = self.rounds + 1 if count else 0

    @property
    def delay_s(self) -> float:
        """How long the ledger may take in this round."""
        return float(min(RESEND_S[1], RESEND_S[0] * 2.0 ** min(self.rounds, 32)))
