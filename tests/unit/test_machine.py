"""What a door does, as stories: what is held up and when, and what is then shown and recorded.

A story is played as the kiosk plays it: a tick every tenth of a second and after every frame.
"""

from collections.abc import Iterable

import pytest

from kiosk.door.credential import Credential, Damaged, Foreign, ForeignKind
from kiosk.door.cues import Cue, Effect, Looked, Record, Show, Ticked, Unlock
from kiosk.door.event import Direction
from kiosk.door.machine import Conduct, Door, Phase, step
from kiosk.door.rules import Reason, Rules
from kiosk.door.sighting import Content, Place, Sighting
from kiosk.door.signal import Signal

CONDUCT = Conduct(Rules(frozenset({"cccd"})))
HERE = Place(0.5, 0.5, 0.2)
CARDS: dict[str, Content] = {
    "An": Credential("cccd", "001090000001"),
    "Binh": Credential("cccd", "001190000002"),
    "member": Credential("member", "42"),
    "url": Foreign(ForeignKind.URL),
    "payment": Foreign(ForeignKind.PAYMENT),
    "damaged": Damaged("cccd", "birth date: no such day"),
}


def frame(at_s: float, *names: str, place: Place | None = HERE) -> Looked:
    """A frame in which these were read; "?" is a code that could not be read."""
    read = tuple(Sighting(name, CARDS[name], place) for name in names if name != "?")
    return Looked(at_s, at_s - 0.05, read, unreadable="?" in names)


def held(from_s: float, to_s: float, *names: str) -> list[Looked]:
    """Frames ten times a second, the first at `from_s`, the last before `to_s`."""
    count = round((to_s - from_s) * 10)
    return [frame(round(from_s + n / 10, 3), *names) for n in range(count)]


class Doorway:
    """A door and everything that it did, with the time."""

    def __init__(self, conduct: Conduct = CONDUCT, door: Door | None = None) -> None:
        self.conduct = conduct
        self.door = door or Door(phase=Phase.READY)
        self.did: list[tuple[float, Effect]] = []

    def give(self, cue: Cue) -> tuple[Effect, ...]:
        self.door, effects = step(self.door, cue, self.conduct)
        self.did += [(cue.at_s, effect) for effect in effects]
        return effects

    def play(self, cues: Iterable[Cue], until_s: float) -> "Doorway":
        ticks = [Ticked(round(n / 10 + 0.01, 3)) for n in range(round(until_s * 10))]
        for cue in sorted([*cues, *ticks], key=lambda c: c.at_s):
            self.give(cue)
        return self

    @property
    def signals(self) -> list[Signal]:
        return [e.signal for _, e in self.did if isinstance(e, Show)]

    @property
    def accepted(self) -> list[tuple[str, Direction | None]]:
        return [
            (e.mark, e.direction)
            for _, e in self.did
            if isinstance(e, Record) and e.decision.accepted
        ]

    @property
    def refused(self) -> list[Reason]:
        return [
            e.decision.reason
            for _, e in self.did
            if isinstance(e, Record) and not e.decision.accepted
        ]


OK, AGAIN = Signal.ACCEPTED, Signal.ALREADY_RECORDED
NO, NOT, ONE, STILL = (
    Signal.REJECTED,
    Signal.NOT_A_CARD,
    Signal.ONE_AT_A_TIME,
    Signal.HOLD_STILL,
)

STORIES: dict[str, tuple[list[Looked], list[Signal]]] = {
    "an empty door shows nothing": ([], []),
    "a held card is decided once": (held(1, 5, "An"), [OK]),
    "one frame is enough for a card": ([frame(1, "An")], [OK]),
    "a card that flickers below the hold-off is one presentation": (
        [frame(at_s, "An") for at_s in (1, 3.4, 5.8, 8.2, 10.6, 13)],
        [OK],
    ),
    "shown again within the repeat time": (held(1, 2, "An") + held(6, 7, "An"), [OK, AGAIN]),
    "the repeat time counts from the last sighting, not from the answer": (
        held(1, 20, "An") + held(28, 29, "An"),
        [OK, AGAIN],
    ),
    "a second repeat counts from the first repeat's last sighting": (
        held(1, 2, "An") + held(10, 11, "An") + held(19, 20, "An"),
        [OK, AGAIN, AGAIN],
    ),
    "shown again after the repeat time": (held(1, 2, "An") + held(12, 13, "An"), [OK, OK]),
    "a queue of two moves at once": (held(1, 2, "An") + held(2, 3, "Binh"), [OK, OK]),
    "the second card of a queue is not held up by the first one's repeat": (
        held(1, 2, "An") + held(2, 3, "Binh") + held(3, 4, "An"),
        [OK, OK],
    ),
    "two cards at once are asked to come singly, once": (held(1, 4, "An", "Binh"), [ONE]),
    "a card is taken when it has been alone": (
        held(1, 2, "An", "Binh") + held(2, 4, "An"),
        [ONE, OK],
    ),
    "then the other": (
        held(1, 2, "An", "Binh") + held(2, 3, "An") + held(4, 5, "Binh"),
        [ONE, OK, OK],
    ),
    "after an answer the next two are asked again": (
        held(1, 2, "An", "Binh") + held(2, 3, "An") + held(3, 4, "An", "Binh"),
        [ONE, OK, ONE],
    ),
    "not yet alone for long enough": (held(1, 2, "An", "Binh") + held(2, 2.3, "An"), [ONE]),
    "two cards that flicker in turn are never alone": (
        held(1, 1.2, "An", "Binh")
        + [
            f
            for n in range(10)
            for f in (
                frame(1.3 + n * 0.4, "An"),
                frame(1.4 + n * 0.4, "Binh"),
                frame(1.5 + n * 0.4, "An", "Binh"),
            )
        ],
        [ONE],
    ),
    "an answered card beside a new one asks again": (
        held(1, 2, "An") + held(2, 3, "An", "Binh"),
        [OK, ONE],
    ),
    "a repeat met in a crowd stays a repeat": (
        held(1, 2, "An") + held(5, 5.3, "An", "Binh") + held(8, 10, "An"),
        [OK, ONE, AGAIN],
    ),
    "a payment code is refused once": (held(1, 4, "payment"), [NOT]),
    "a glimpsed foreign code is refused once": ([frame(1, "url")], [NOT]),
    "a damaged card is rejected once": (held(1, 4, "damaged"), [NO]),
    "a card that is not accepted here is rejected": (held(1, 2, "member"), [NO]),
    "foreign codes beside a card are ignored": (held(1, 3, "An", "url", "payment"), [OK]),
    "a foreign code that stays when the card goes was beside it": (
        held(1, 2, "An", "url") + held(2, 6, "url"),
        [OK],
    ),
    "a foreign code read just before the card is ignored": (
        [frame(1, "url"), frame(1.2, "An")],
        [OK],
    ),
    "a foreign code read just before and beside the card is ignored": (
        [frame(1, "url"), *held(1.1, 3, "An", "url")],
        [OK],
    ),
    "a foreign code read just after the card is ignored": (
        [frame(1, "An"), frame(1.1, "url")],
        [OK],
    ),
    "a foreign code that the next person holds up is refused": (
        held(1, 2, "An") + held(3, 6, "url"),
        [OK, NOT],
    ),
    "a foreign code read between two readings of a card is ignored": (
        [frame(1, "An"), frame(1.1, "url"), frame(1.2, "An")],
        [OK],
    ),
    "a foreign code beside two cards is ignored": (held(1, 2, "An", "Binh", "url"), [ONE]),
    "a card that is not accepted beside one that is, is ignored": (
        held(1, 2, "An", "member"),
        [OK],
    ),
    "a card held up after a foreign code was refused is taken": (
        held(1, 2, "url") + held(2, 3, "An"),
        [NOT, OK],
    ),
    "two foreign codes are both refused": (held(1, 3, "url", "payment"), [NOT, NOT]),
    "hold still is asked once": (held(1, 5, "?"), [STILL]),
    "a code unread for a moment is not asked to hold still": (held(1, 1.5, "?"), []),
    "hold still is asked again of the next person": (
        held(1, 3, "?") + held(6, 8, "?"),
        [STILL, STILL],
    ),
    "a card read after holding still is taken": (
        held(1, 2, "?") + held(2, 3, "An"),
        [STILL, OK],
    ),
    "a card that is read now and then is not asked to hold still": (
        held(1, 2, "An") + held(2, 4, "?") + held(4, 5, "An"),
        [OK],
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    frames, expected = STORIES[name]
    assert Doorway().play(frames, until_s=45).signals == expected


def test_a_foreign_code_held_up_after_a_card_waits_until_the_card_is_gone() -> None:
    doorway = Doorway().play(held(1, 2, "An") + held(2.5, 8, "url"), until_s=8)
    refused_s = [at_s for at_s, e in doorway.did if isinstance(e, Record)][1]
    assert refused_s == pytest.approx(1.9 + CONDUCT.patience.hold_off_s, abs=0.1)


def test_an_accepted_card_is_recorded_then_shown_then_let_in() -> None:
    effects = Doorway().give(frame(1, "An"))
    assert [type(e) for e in effects] == [Record, Show, Unlock]
    record = effects[0]
    assert isinstance(record, Record)
    assert record.decision.reason is Reason.OK
    assert (record.mark, record.content, record.captured_s) == ("An", CARDS["An"], 0.95)


@pytest.mark.parametrize(
    ("name", "reason", "signal"),
    [
        ("url", Reason.URL, Signal.NOT_A_CARD),
        ("payment", Reason.PAYMENT_CODE, Signal.NOT_A_CARD),
        ("damaged", Reason.MALFORMED, Signal.REJECTED),
        ("member", Reason.KIND_NOT_ACCEPTED, Signal.REJECTED),
    ],
)
def test_a_refusal_is_recorded_with_its_reason_and_does_not_wait_for_the_disk(
    name: str, reason: Reason, signal: Signal
) -> None:
    doorway = Doorway().play(held(1, 2, name), until_s=2)
    kinds = [type(e) for _, e in doorway.did]
    assert kinds == [Show, Record]
    assert doorway.signals == [signal]
    assert doorway.refused == [reason]


def test_a_code_that_stays_where_it_is_becomes_background_and_neither_blocks_nor_beeps() -> None:
    poster = held(1, 100, "url")
    doorway = Doorway().play([*poster, frame(90.05, "An", "url")], until_s=100)
    assert doorway.signals == [NOT, OK]
    assert doorway.door.background_count == 1


def test_a_card_left_in_view_becomes_background_and_lets_others_pass() -> None:
    crowd = held(62, 64, "An", "Binh")
    doorway = Doorway().play(held(1, 62, "An") + crowd, until_s=64)
    assert doorway.accepted == [("An", Direction.IN), ("Binh", Direction.IN)]
    assert ONE not in doorway.signals


def test_a_poster_that_is_read_now_and_then_is_not_refused_for_ever() -> None:
    glimpses = [frame(at_s, "url") for at_s in range(1, 300, 4)]
    doorway = Doorway().play(glimpses, until_s=300)
    late = [at_s for at_s, e in doorway.did if isinstance(e, Show) and at_s > 70]
    assert late == []


def test_background_returns_when_it_is_moved() -> None:
    doorway = Doorway().play(held(1, 62, "An", "Binh"), until_s=62)
    assert doorway.signals == [ONE]
    assert doorway.door.background_count == 2
    doorway.give(frame(62, "An", place=Place(0.8, 0.5, 0.2)))
    doorway.give(frame(62.6, "An", place=Place(0.8, 0.5, 0.2)))
    assert doorway.accepted == [("An", Direction.IN)]
    assert doorway.door.background_count == 1


def test_without_a_place_a_card_shown_long_ago_is_not_background() -> None:
    # zbarlight gives no position: nobody can know that it has not moved.
    lying = [frame(n / 2, "An", place=None) for n in range(2, 140)]
    later = [frame(300 + n / 10, "An", place=None) for n in range(10)]
    doorway = Doorway().play(lying + later, until_s=302)
    assert doorway.accepted == [("An", Direction.IN)] * 2
