"""The event as it leaves: CloudEvents 1.0, strict, and without a person's data."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from kiosk.door.credential import Assurance
from kiosk.door.event import (
    Acknowledgement,
    BootClock,
    CheckIn,
    CheckInEvent,
    ClockEvent,
    ClockReading,
    Direction,
    EventName,
    QueuedEvent,
    TopicLevel,
    enclose,
    enclose_clock,
    queued,
    read_event,
    source_of,
    utc_of,
)
from kiosk.door.rules import Reason, Verdict

HANOI = timezone(timedelta(hours=7))
CLOCK = ClockReading(
    utc=datetime(2021, 8, 14, 8, 0, 0, 250000, HANOI), trusted=True, boot="b", mono_ns=5
)
CHECK_IN = CheckIn(
    verdict=Verdict.ACCEPTED,
    reason=Reason.OK,
    direction=Direction.IN,
    kind="cccd",
    assurance=Assurance.UNSIGNED,
    handle="0123456789abcdef" * 2,
    clock=CLOCK,
)
EPOCH = "00112233aabbccdd"
SOURCE = "kiosk/v1/hk-042/door-1"


BOOT = BootClock(boot="b", offset_ns=1_628_902_800_250_000_000)


def check_in_event() -> QueuedEvent:
    return queued(enclose(CHECK_IN, source=SOURCE, epoch=EPOCH, seq=7), row=9)


def body() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(check_in_event().body)
    return loaded


def test_it_carries_what_cloudevents_requires() -> None:
    event = body()
    assert event["specversion"] == "1.0"
    assert event["id"] == f"{EPOCH}:7"
    assert event["source"] == SOURCE
    assert event["type"] == "doorkiosk.checkin.v1"
    assert event["datacontenttype"] == "application/json"


def test_its_time_is_the_clocks_in_utc() -> None:
    event = body()
    assert event["time"] == "2021-08-14T01:00:00.250000Z"
    read = datetime.fromisoformat(event["data"]["clock"]["utc"])
    assert read == datetime.fromisoformat(event["time"])


def test_it_says_what_was_decided() -> None:
    data = body()["data"]
    clock = data.pop("clock")
    assert data == {
        "verdict": "accepted",
        "reason": "ok",
        "flags": [],
        "direction": "in",
        "kind": "cccd",
        "assurance": "unsigned",
        "handle": "0123456789abcdef" * 2,
        "period": None,
        "sealed": None,
        "expired": False,
    }
    assert (clock["trusted"], clock["boot"], clock["mono_ns"]) == (True, "b", 5)


def test_it_reads_back_equal() -> None:
    event = check_in_event()
    assert (event.seq, event.event_id, event.row) == (7, f"{EPOCH}:7", 9)
    assert event.name is EventName.CHECK_IN
    again = CheckInEvent.model_validate_json(event.body)
    assert again.data == CHECK_IN
    assert again.time == CLOCK.utc
    assert read_event(event.body) == again


def test_a_boots_clock_is_an_event_of_the_same_series() -> None:
    event = queued(enclose_clock(BOOT, time=CLOCK.utc, source=SOURCE, epoch=EPOCH, seq=8), row=10)
    assert (event.seq, event.event_id, event.name) == (8, f"{EPOCH}:8", EventName.CLOCK)
    again = read_event(event.body)
    assert isinstance(again, ClockEvent)
    assert again.data == BOOT
    assert again.time == CLOCK.utc


def test_a_reader_ignores_fields_it_does_not_know() -> None:
    newer = body()
    newer |= {"traceparent": "00-1"}
    newer["data"] |= {"zone": "hall"}
    newer["data"]["clock"] |= {"source": "gps"}
    assert read_event(json.dumps(newer).encode()) == read_event(check_in_event().body)


@pytest.mark.parametrize(
    "change", [{"type": "doorkiosk.checkin.v2"}, {"id": "7"}, {"data": None}, {"source": "x"}]
)
def test_a_reader_refuses_what_is_no_event_of_this_version(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read_event(json.dumps(body() | change).encode())


@pytest.mark.parametrize(
    "epochs", [{"x": 1}, {EPOCH: -1}, {EPOCH.upper(): 1}, {f"{n:016x}": 1 for n in range(257)}]
)
def test_an_acknowledgement_names_epochs_and_numbers(epochs: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Acknowledgement.model_validate({"epochs": epochs})
    assert Acknowledgement(epochs={EPOCH: 0}).epochs == {EPOCH: 0}


@pytest.mark.parametrize("model", [CheckInEvent, CheckIn, ClockReading])
def test_what_we_write_is_strict_and_frozen(model: type[BaseModel]) -> None:
    assert model.model_config.get("extra") == "forbid"
    assert model.model_config.get("frozen")


def test_there_is_no_field_for_a_persons_data() -> None:
    fields = set(CheckIn.model_fields) | set(ClockReading.model_fields)
    assert fields == {
        *("verdict", "reason", "direction", "kind", "assurance", "handle", "sealed", "clock"),
        *("expired", "flags", "period"),
        *("utc", "trusted", "boot", "mono_ns"),
    }


@pytest.mark.parametrize(
    "change",
    [
        {"handle": "001090000001"},
        {"handle": "0123456789ABCDEF" * 2},
        {"handle": "0123456789abcdef" * 2 + "\n"},
        {"handle": "0123456789abcdef"},
        {"verdict": "maybe"},
        {"reason": "because"},
        {"name": "Nguyễn Văn An"},
    ],
)
def test_what_is_no_check_in_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CheckIn.model_validate(CHECK_IN.model_dump() | change)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        ClockReading.model_validate(CLOCK.model_dump() | {"utc": "2021-08-14T08:00:00"})


@pytest.mark.parametrize(
    ("epoch", "seq", "source"),
    [
        (EPOCH, 0, SOURCE),
        (EPOCH, -1, SOURCE),
        ("short", 1, SOURCE),
        (EPOCH.upper(), 1, SOURCE),
        (EPOCH, 1, "kiosk/v1/hk-042"),
        (EPOCH, 1, "kiosk/v1/hk-042/door-1/event"),
        (EPOCH, 1, "kiosk/v1/+/door-1"),
        (EPOCH, 1, "kiosk/v1/hk-042/#"),
        (EPOCH, 1, "kiosk/v1/hk-042/door-1\n"),
    ],
)
def test_an_id_or_source_that_a_ledger_could_mistake_is_refused(
    epoch: str, seq: int, source: str
) -> None:
    with pytest.raises(ValidationError):
        enclose(CHECK_IN, source=source, epoch=epoch, seq=seq)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *((t, True) for t in ("hk-042", "door-1", "a", "0", "x" * 63)),
        *((t, False) for t in ("", "-a", "Hk", "a/b", "+", "#", "a b", "hà", "a\n", "x" * 64)),
    ],
)
def test_a_topic_level_cannot_change_the_topic(text: str, *, good: bool) -> None:
    level: TypeAdapter[str] = TypeAdapter(TopicLevel)
    if good:
        assert level.validate_python(text) == text
        assert source_of(text, "door-1").split("/")[2] == text
    else:
        with pytest.raises(ValidationError):
            level.validate_python(text)


def test_unix_time_keeps_its_microseconds() -> None:
    assert utc_of(1628902800.25) == datetime(2021, 8, 14, 1, 0, 0, 250000, UTC)
