"""A broker that does as it likes, a courier that loses nothing: its policy, tested by states."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kiosk.uplink import Acknowledged, Connected, Disconnected
from kiosk.uplink.courier import BACKOFF_S, NO_SUBSCRIBERS, RESEND_S, SUCCESS, WINDOW, Courier

CODES = st.sampled_from([SUCCESS, SUCCESS, SUCCESS, NO_SUBSCRIBERS, 0x87, 0x97])


class Delivery(RuleBasedStateMachine):
    """An outbox, a courier and a broker, each turn as the courier's thread makes it."""

    def __init__(self) -> None:
        super().__init__()
        self.jitter = 1.0
        self.courier = Courier(jitter=lambda: self.jitter)
        self.now_s = 0.0
        self.committed = 0
        self.sent: set[int] = set()
        self.receive_maximum = WINDOW
        self.broker_up = False
        self.unanswered: list[int] = []
        self.succeeded: set[int] = set()

    def turn(self) -> None:
        """Do what the thread does after it has heard a report."""
        courier = self.courier
        self.sent |= courier.acknowledged
        courier.acknowledged.clear()
        if courier.wants_connection(self.now_s):
            courier.begin(self.now_s)
            return
        room = courier.room(self.now_s)
        if room <= 0:
            return
        unsent = [s for s in range(1, self.committed + 1) if s not in self.sent]
        waiting = unsent[: room + len(courier.in_flight)]
        for seq in [s for s in waiting if s not in courier.in_flight][:room]:
            courier.in_flight[seq] = self.now_s
            self.receive(seq, unsent)

    def receive(self, seq: int, unsent: list[int]) -> None:
        """The broker gets an event: what must hold at that moment."""
        assert self.broker_up
        assert seq not in self.succeeded
        older = [s for s in unsent if s < seq]
        assert set(older) <= set(self.courier.in_flight)
        if seq not in self.unanswered:
            self.unanswered.append(seq)

    @initialize(count=st.integers(1, 60), receive_maximum=st.integers(1, 65535))
    def open_the_door(self, count: int, receive_maximum: int) -> None:
        self.commit(count)
        self.broker_accepts(receive_maximum)

    @rule(count=st.integers(1, 30))
    def commit(self, count: int) -> None:
        self.committed += count
        self.turn()

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 5.0, RESEND_S, 120.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        self.turn()

    @rule(jitter=st.floats(0, 1))
    def luck_changes(self, jitter: float) -> None:
        self.jitter = jitter

    @rule(receive_maximum=st.integers(1, 30))
    def broker_accepts(self, receive_maximum: int) -> None:
        if self.courier.connecting:
            self.receive_maximum, self.broker_up = receive_maximum, True
            self.courier.report(Connected(receive_maximum), self.now_s)
        self.turn()

    @rule(really=st.sampled_from([False, False, True]))
    def broker_goes(self, *, really: bool) -> None:
        if really and (self.broker_up or self.courier.connecting):
            self.broker_up = False
            self.unanswered.clear()
            self.courier.report(Disconnected("gone"), self.now_s)
        self.turn()

    @rule(code=CODES, first=st.integers(0, WINDOW), count=st.integers(1, WINDOW))
    def broker_answers(self, code: int, first: int, count: int) -> None:
        for seq in self.unanswered[first : first + count] or self.unanswered[:1]:
            self.answer(seq, code)
        self.turn()

    @rule(really=st.sampled_from([False, False, True]))
    def broker_forgets(self, *, really: bool) -> None:
        """Some brokers lose what they were given, and never answer."""
        if really:
            self.unanswered.clear()
        self.turn()

    @rule(code=CODES)
    def broker_answers_everything(self, code: int) -> None:
        for seq in list(self.unanswered):
            self.answer(seq, code)
        self.turn()

    def answer(self, seq: int, code: int) -> None:
        self.unanswered.remove(seq)
        if code == SUCCESS:
            self.succeeded.add(seq)
        self.courier.report(Acknowledged(seq, code), self.now_s)

    @invariant()
    def the_window_is_kept(self) -> None:
        assert len(self.courier.in_flight) <= min(WINDOW, self.receive_maximum)
        assert self.courier.connected or not self.courier.in_flight

    @invariant()
    def only_what_a_broker_took_over_is_marked_sent(self) -> None:
        assert self.sent <= self.succeeded

    @invariant()
    def both_agree_on_the_connection(self) -> None:
        assert self.courier.connected == self.broker_up

    def teardown(self) -> None:
        """With a broker that behaves, everything is sent in the end."""
        for _ in range(4 * self.committed + 10):
            self.now_s += BACKOFF_S[1]
            self.turn()
            if self.courier.connecting:
                self.broker_accepts(self.receive_maximum)
            for seq in list(self.unanswered):
                self.answer(seq, SUCCESS)
            self.turn()
        assert self.sent == set(range(1, self.committed + 1))


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=60, stateful_step_count=30)
