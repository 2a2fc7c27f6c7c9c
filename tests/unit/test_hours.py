"""Opening hours as a venue writes them."""

import pytest

from kiosk.door.hours import DAY_S, hours_of

MONDAY_S = 4 * DAY_S
WEEK_S = 7 * DAY_S


def open_minutes(*texts: str) -> set[int]:
    """Return the minutes of a week, from Monday, at which it is open."""
    hours = hours_of(texts)
    return {m for m in range(7 * 24 * 60) if hours.open_at(MONDAY_S + 100 * WEEK_S + m * 60)}


def minutes(day: int, begin: str, end: str) -> set[int]:
    times = [int(t[:2]) * 60 + int(t[3:]) for t in (begin, end)]
    return set(range(day * 1440 + times[0], day * 1440 + times[1]))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("mon 06:00-18:00",), minutes(0, "06:00", "18:00")),
        (("sun 00:00-24:00",), minutes(6, "00:00", "24:00")),
        (("tue,thu 06:00-07:00",), minutes(1, "06:00", "07:00") | minutes(3, "06:00", "07:00")),
        (("sat-mon 08:00-09:00",), {m for d in (5, 6, 0) for m in minutes(d, "08:00", "09:00")}),
        (("05:00-10:00",), {m for d in range(7) for m in minutes(d, "05:00", "10:00")}),
        (("FRI 22:00-02:00",), minutes(4, "22:00", "24:00") | minutes(5, "00:00", "02:00")),
        (("sun 23:00-01:00",), minutes(6, "23:00", "24:00") | minutes(0, "00:00", "01:00")),
        (("wed 12:00-12:00",), minutes(2, "12:00", "24:00") | minutes(3, "00:00", "12:00")),
        (("mon 06:00-08:00", "mon 07:00-09:00"), minutes(0, "06:00", "09:00")),
        ((), set()),
    ],
)
def test_it_is_open_when_the_spans_say_so(texts: tuple[str, ...], expected: set[int]) -> None:
    assert open_minutes(*texts) == expected


@pytest.mark.parametrize("at_s", [-0.0, -1e12, 1e15, MONDAY_S - 1e-6])
def test_any_time_has_an_answer(at_s: float) -> None:
    assert hours_of(["00:00-24:00"]).open_at(at_s) is True


@pytest.mark.parametrize(
    "text",
    ["", "mon", "6-18", "mon 6:00-18:00", "mon 06:00 - 18:00", "thứ hai 06:00-18:00", "mon-fri"],
)
def test_what_is_no_span_is_refused_and_an_example_is_given(text: str) -> None:
    with pytest.raises(ValueError, match="mon-fri 06:00-18:00"):
        hours_of([text])


@pytest.mark.parametrize("text", ["mon-xyz 06:00-18:00", "may 06:00-18:00", "mon, 06:00-18:00"])
def test_a_day_that_is_none_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ValueError, match="mon, tue, wed"):
        hours_of([text])


@pytest.mark.parametrize("text", ["24:01-06:00", "06:00-29:00"])
def test_a_time_after_midnight_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="after 24:00"):
        hours_of([text])
