"""A broker that does as it likes, a ledger that forgets: a courier that loses nothing of it.

The real turns run over a real outbox in memory; broker and ledger are played, each report comes
when Hypothesis says so. What must hold at every moment is asserted where it could break.
"""

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kiosk.door.event import Acknowledgement, LedgerPresence, QueuedEvent
from kiosk.errors import BrokerUnreachable
from kiosk.outbox import memory
from kiosk.uplink import (
    STATUS_ROW,
    Connected,
    Disconnected,
    LedgerSaid,
    Post,
    Puback,
    Report,
    Wanted,
    Word,
    WordRefused,
)
from kiosk.uplink.delivery.policy import ANSWER_PATIENCE_S, APART_S, WINDOW, Courier
from kiosk.uplink.delivery.resending import RESEND_S
from kiosk.uplink.delivery.rows import NO_SUBSCRIBERS, SUCCESS
from kiosk.uplink.delivery.turns import Turns
from tests.parts.check_ins import SOURCE, check_in

CODES = st.sampled_from([SUCCESS, SUCCESS, SUCCESS, NO_SUBSCRIBERS, 0x80, 0x87, 0x97, 0x99])
RARELY = st.sampled_from([False, False, False, True])


class PlayedWire:
    """An uplink; what it is given stays open until a rule answers it."""

    def __init__(self) -> None:
        self.up = False
        self.dialling = False
        self.receive_maximum = WINDOW
        self.unanswered: list[int] = []
        self.sending: list[QueuedEvent] = []

    def connect(self, post: Post) -> None:
        assert not self.up
        assert post is not None
        self.dialling = True

    def send(self, event: QueuedEvent) -> None:
        self._take(event.row)
        self.sending.append(event)

    def send_status(self, body: bytes) -> None:
        assert body
        self._take(STATUS_ROW)

    def listen(self, wanted: Sequence[Wanted]) -> None:
        assert wanted

    def answer(self, name: str, body: bytes) -> None:
        assert name
        assert body

    def disconnect(self, status: bytes | None = None) -> None:
        assert status is None
        self.end()

    def end(self) -> None:
        self.up = self.dialling = False
        self.unanswered.clear()

    def _take(self, row: int) -> None:
        if not self.up:
            raise BrokerUnreachable("not connected to the broker")
        assert row not in self.unanswered, "sent again on the same connection"
        self.unanswered.append(row)
        assert len(self.unanswered) <= self.receive_maximum


class Delivery(RuleBasedStateMachine):
    """An outbox, a courier, a broker and a ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.jitter = 1.0
        self.outbox = memory.build(memory.Settings(), SOURCE)
        self.wire = PlayedWire()
        self.courier = Courier(jitter=lambda: self.jitter)
        self.said: list[Report] = []
        self.turns = Turns(self.courier, self.outbox.sibling(), self.wire, self.said.append)
        self.now_s = 0.0
        self.committed = 0
        self.epoch = ""
        self.succeeded: set[int] = set()
        self.stored: set[int] = set()
        self.online = False

    def turn(self) -> None:
        """Do what the thread does: hear everything, then one turn."""
        for report in self.said:
            self.turns.hear(report, self.now_s)
        self.said.clear()
        self.turns.committed()
        self.wire.sending.clear()
        unsent = {event.row for event in self.outbox.pending(0, 10_000)}
        # Some that were set apart are tried again at the end of a turn.
        excused = set(self.courier.apart) | self.courier.taken
        self.turns.turn(self.now_s)
        excused |= self.courier.apart.keys() | self.courier.in_flight.keys()
        for event in self.wire.sending:
            assert {row for row in unsent - excused if row < event.row} == set(), "oldest first"

    @initialize(count=st.integers(1, 60), receive_maximum=st.integers(1, 65535))
    def open_the_door(self, count: int, receive_maximum: int) -> None:
        self.commit(count)
        self.epoch = self.outbox.pending(0, 1)[0].event_id.partition(":")[0]
        self.broker_accepts(receive_maximum)

    @rule(count=st.integers(1, 30))
    def commit(self, count: int) -> None:
        for _ in range(count):
            self.committed += 1
            self.outbox.commit(check_in(self.committed))
        self.turn()

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 5.0, ANSWER_PATIENCE_S, 120.0, APART_S]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.turn()

    @rule(jitter=st.floats(0, 1))
    def luck_changes(self, jitter: float) -> None:
        self.jitter = jitter

    @rule(number=st.integers(0, 99))
    def the_kiosk_says_how_it_is(self, number: int) -> None:
        self.turns.say(f"status {number}".encode())
        self.turn()

    @rule(receive_maximum=st.integers(1, 30))
    def broker_accepts(self, receive_maximum: int) -> None:
        if self.wire.dialling:
            self.wire.dialling, self.wire.up = False, True
            self.wire.receive_maximum = receive_maximum
            self.said.append(Connected(receive_maximum))
            if self.online:
                self.said.append(LedgerSaid(LedgerPresence(online=True)))
        self.turn()

    @rule(really=RARELY)
    def broker_goes(self, *, really: bool) -> None:
        if really and (self.wire.up or self.wire.dialling):
            self.wire.end()
            self.said.append(Disconnected("gone"))
        self.turn()

    @rule(code=CODES, first=st.integers(0, WINDOW), count=st.integers(1, WINDOW), loses=RARELY)
    def broker_answers(self, code: int, first: int, count: int, *, loses: bool) -> None:
        for row in self.wire.unanswered[first : first + count] or self.wire.unanswered[:1]:
            self.answer(row, code, loses=loses)
        self.turn()

    @rule(really=RARELY)
    def broker_forgets(self, *, really: bool) -> None:
        """Some brokers lose what they were given, and never answer."""
        if really:
            self.wire.unanswered.clear()
        self.turn()

    @rule(code=CODES, loses=RARELY)
    def broker_answers_everything(self, code: int, *, loses: bool) -> None:
        for row in list(self.wire.unanswered):
            self.answer(row, code, loses=loses)
        self.turn()

    def answer(self, row: int, code: int, *, loses: bool = False) -> None:
        """Answer; a success reaches the ledger, unless the broker loses it after all."""
        self.wire.unanswered.remove(row)
        if code == SUCCESS and row != STATUS_ROW:
            self.succeeded.add(row)
            if not loses:
                self.stored.add(row)
        self.said.append(Puback(row, code))

    @rule(online=st.booleans())
    def ledger_comes_and_goes(self, *, online: bool) -> None:
        self.online = online
        if self.wire.up:
            self.said.append(LedgerSaid(LedgerPresence(online=online)))
        self.turn()

    @rule()
    def ledger_acknowledges(self) -> None:
        if self.wire.up:
            self.acknowledge(self.epoch, self.upto_seq())
        self.turn()

    @rule(kept=st.integers(0, 60))
    def ledger_loses_its_disk(self, kept: int) -> None:
        self.stored = {row for row in self.stored if row <= kept}
        if self.wire.up:
            self.acknowledge(self.epoch, self.upto_seq())
        self.turn()

    @rule(epoch=st.sampled_from(["", "ffffffffffffffff"]), beyond=st.integers(1, 2**62))
    def somebody_acknowledges_what_was_never_sent(self, epoch: str, beyond: int) -> None:
        if self.wire.up:
            self.acknowledge(epoch or self.epoch, self.committed + beyond)
        self.turn()

    @rule(drain_hz=st.sampled_from([None, 0.1, 1.0, 10.0, 10_000.0]))
    def the_operator_says_how_fast(self, drain_hz: float | None) -> None:
        self.turns.govern(drain_hz)
        self.turn()

    @rule(word=st.sampled_from(Word))
    def a_word_cannot_be_read(self, word: Word) -> None:
        self.said.append(WordRefused(word, "it cannot be read"))
        self.turn()

    def acknowledge(self, epoch: str, upto_seq: int) -> None:
        self.said.append(LedgerSaid(Acknowledgement(epochs={epoch: upto_seq})))

    def upto_seq(self) -> int:
        """Return up to where the ledger misses nothing; rows are numbers here."""
        upto = 0
        while upto + 1 in self.stored:
            upto += 1
        return upto

    @invariant()
    def the_window_is_kept(self) -> None:
        assert len(self.courier.in_flight) <= min(WINDOW, self.wire.receive_maximum)
        assert self.courier.connected or not self.courier.in_flight

    @invariant()
    def only_what_a_broker_took_over_is_marked_sent(self) -> None:
        unsent = {event.row for event in self.outbox.pending(0, 10_000)}
        assert set(range(1, self.committed + 1)) - unsent <= self.succeeded

    @invariant()
    def nothing_is_gone(self) -> None:
        assert self.outbox.depth().rows == self.committed

    def teardown(self) -> None:
        """With a broker and a ledger that behave, the ledger has everything in the end."""
        self.online = True
        self.turns.govern(10_000.0)
        for _ in range(40 * self.committed + 400):
            if len(self.stored) == self.committed and not self.outbox.depth().unacknowledged:
                break
            # Short steps let a window go, long ones let all delays pass.
            self.now_s += 1.0 if self.courier.in_flight else RESEND_S[1] / 10
            self.broker_accepts(WINDOW)
            self.ledger_comes_and_goes(online=True)
            for row in list(self.wire.unanswered):
                self.answer(row, SUCCESS)
            self.ledger_acknowledges()
        assert self.stored == set(range(1, self.committed + 1))
        assert self.outbox.depth().unacknowledged == 0


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=60, stateful_step_count=30)
