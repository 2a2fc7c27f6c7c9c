"""A held card is one presentation, and the door remembers no more than it needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.credential import Credential, Foreign, ForeignKind
from kiosk.door.presence import (
    FORGET_BACKGROUND_S,
    MOST_REMEMBERED,
    Patience,
    Presentation,
    Presentations,
    forget,
    observe,
)
from kiosk.door.sighting import Place, Sighting

PATIENCE = Patience(hold_off_s=2.5, repeat_s=10.0, background_s=60.0)
HERE = Place(0.5, 0.5, 0.2)
CARD = Credential("cccd", "001090000001")


def see(
    known: Presentations, at_s: float, place: Place | None = HERE, mark: str = "An"
) -> dict[str, Presentation]:
    return observe(
        known,
        (Sighting(mark, CARD, place),),
        at_s=at_s,
        captured_s=at_s - 0.1,
        patience=PATIENCE,
    )


def accepted(at_s: float) -> Presentation:
    return Presentation("An", CARD, at_s - 0.1, at_s, at_s, at_s, HERE, settled=True, accepted=True)


def test_it_begins_with_the_first_sighting() -> None:
    assert see({}, 7.0) == {"An": Presentation("An", CARD, 6.9, 7.0, 7.0, 7.0, HERE)}


def test_what_was_known_is_not_changed_in_place() -> None:
    known: dict[str, Presentation] = {}
    see(known, 1.0)
    assert known == {}


@pytest.mark.parametrize(("gap_s", "goes_on"), [(0.1, True), (2.4, True), (2.5, False), (9, False)])
def test_it_lasts_until_unseen_for_the_hold_off(gap_s: float, *, goes_on: bool) -> None:
    after = see({"An": accepted(1.0)}, 1.0 + gap_s)["An"]
    assert after.settled is goes_on
    assert after.first_s == (1.0 if goes_on else 1.0 + gap_s)
    assert after.captured_s == pytest.approx(0.9 if goes_on else 0.9 + gap_s)


@pytest.mark.parametrize(
    ("gap_s", "repeated"), [(2.4, False), (2.5, True), (9.9, True), (10.0, False), (60, False)]
)
def test_the_same_card_again_within_the_repeat_time_is_a_repeat(
    gap_s: float, *, repeated: bool
) -> None:
    assert see({"An": accepted(1.0)}, 1.0 + gap_s)["An"].repeated is repeated


def test_a_repeat_that_got_no_answer_is_still_a_repeat_next_time() -> None:
    known = see({"An": accepted(1.0)}, 5.0)
    assert see(known, 9.0)["An"].repeated


def test_a_card_that_was_refused_is_no_repeat() -> None:
    known = see({}, 1.0)
    assert not see(known, 5.0)["An"].repeated


@pytest.mark.parametrize(("at_s", "background"), [(59.0, False), (60.0, True), (80.0, True)])
def test_what_does_not_move_is_background(at_s: float, *, background: bool) -> None:
    known: dict[str, Presentation] = {}
    for n in range(int(at_s)):
        known = see(known, float(n))
    assert see(known, at_s)["An"].background is background


def test_what_a_hand_holds_is_not_background() -> None:
    known: dict[str, Presentation] = {}
    for n in range(200):
        known = see(known, float(n), Place(0.5 + 0.03 * (n % 2), 0.5, 0.2))
    assert not known["An"].background


def test_drift_adds_up_to_a_move() -> None:
    # Each step is far below a tenth of the code's size.
    known: dict[str, Presentation] = {}
    for n in range(200):
        known = see(known, float(n), Place(0.2 + 0.001 * n, 0.5, 0.2))
        assert not known["An"].background


def test_jitter_of_the_reader_is_no_move() -> None:
    known: dict[str, Presentation] = {}
    for n in range(62):
        known = see(known, float(n), Place(0.5 + 0.004 * (n % 3), 0.5, 0.2 + 0.003 * (n % 2)))
    assert known["An"].background


@pytest.mark.parametrize(
    ("place", "background"), [(HERE, True), (None, True), (Place(0.7, 0.5, 0.2), False)]
)
def test_background_hidden_for_minutes_is_the_same_poster_unless_it_moved(
    place: Place | None, *, background: bool
) -> None:
    known = {"An": Presentation("An", CARD, 0, 0, 100.0, 0, HERE, settled=True, background=True)}
    known = forget(known, at_s=100.0 + FORGET_BACKGROUND_S - 1, patience=PATIENCE)
    after = see(known, 100.0 + FORGET_BACKGROUND_S - 1, place)["An"]
    assert after.background is background


def test_background_without_a_place_lasts_only_while_it_is_seen() -> None:
    known: dict[str, Presentation] = {}
    for n in range(62):
        known = see(known, float(n), None)
    assert known["An"].background
    assert not see(known, 64.0, None)["An"].background


def test_a_poster_read_only_now_and_then_becomes_background() -> None:
    known: dict[str, Presentation] = {}
    for n in range(17):
        known = see(known, 4.0 * n)
    assert known["An"].background


@pytest.mark.parametrize(("unseen_s", "kept"), [(9.9, True), (10.0, False)])
def test_a_presentation_is_forgotten_after_the_repeat_time(unseen_s: float, *, kept: bool) -> None:
    assert bool(forget({"An": accepted(1.0)}, at_s=1.0 + unseen_s, patience=PATIENCE)) is kept


def test_it_is_remembered_for_the_hold_off_where_repeats_are_not() -> None:
    patience = Patience(hold_off_s=2.5, repeat_s=0.0)
    assert forget({"An": accepted(1.0)}, at_s=3.4, patience=patience)
    assert not forget({"An": accepted(1.0)}, at_s=3.5, patience=patience)


@given(st.integers(min_value=MOST_REMEMBERED + 1, max_value=3 * MOST_REMEMBERED))
def test_a_stream_of_marks_is_not_remembered_beyond_the_bound(count: int) -> None:
    poster = Foreign(ForeignKind.URL)
    known = {
        str(n): Presentation(str(n), poster, 0, 0, n / 1e3, 0, background=n % 2 == 0)
        for n in range(count)
    }
    kept = forget(known, at_s=1.0, patience=PATIENCE)
    newest = {str(n) for n in range(count - MOST_REMEMBERED, count)}
    assert set(kept) == newest
