"""Whatever a broker delivers is an event with a number, or is stored raw: nothing raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.event import BootClock, CheckInEvent
from ledger.reading import MAX_BODY_BYTES, Number, Received, Unread, read
from ledger.source import Message
from tests.parts.kiosk_events import EPOCH, OTHER, SOURCE, message

TOPIC = f"{SOURCE}/event/checkin"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def changed(**values: Any) -> Message:
    """Return event 7 with some of its fields changed; `data__x` changes a field of its data."""
    body = json.loads(message(7).body)
    for name, value in values.items():
        *places, last = name.split("__")
        inner = body
        for place in places:
            inner = inner[place]
        inner[last] = value
    return Message(TOPIC, json.dumps(body).encode())


def unread(message: Message) -> Unread:
    found = read(message)
    assert isinstance(found, Unread)
    return found


def test_an_event_has_its_number_and_is_told_apart_by_its_bytes() -> None:
    first, second = read(message(7)), read(changed(data__kind="other"))
    assert isinstance(first, Received)
    assert isinstance(second, Received)
    assert (first.source, first.epoch, first.seq) == (SOURCE, EPOCH, 7)
    assert (second.source, second.epoch, second.seq) == (SOURCE, EPOCH, 7)
    assert first.digest != second.digest
    assert len(first.digest) == 16


def test_fields_of_a_later_minor_version_are_ignored() -> None:
    assert isinstance(read(changed(newer="x", data__newer=[1])), Received)


def test_flags_are_read_and_an_event_of_before_they_existed_has_none() -> None:
    body = json.loads(message(7).body)
    body["data"].pop("flags", None)
    for flags in ([], ["passback"], ["passback", "clock-untrusted"]):
        found = read(changed(data__flags=flags))
        assert isinstance(found, Received)
        assert isinstance(found.event, CheckInEvent)
        assert [flag.value for flag in found.event.data.flags] == flags
    before = read(Message(TOPIC, json.dumps(body).encode()))
    assert isinstance(before, Received)
    assert isinstance(before.event, CheckInEvent)
    assert before.event.data.flags == ()


@pytest.mark.parametrize(
    "odd",
    [
        changed(data__flags=["a flag of tomorrow"]),
        changed(data__flags=["passback"] * 9),
        changed(type="doorkiosk.checkin.v2"),
        changed(type="doorkiosk.stay.v1"),
        changed(data={}),
        changed(time="yesterday"),
        changed(data__clock__boot="a\x00b"),
        changed(data__clock__boot="x" * 65),
        changed(data__kind="\n"),
        changed(data__kind=""),
        changed(data__clock__mono_ns=2**62),
        changed(data__sealed="\x00"),
        message(7, BootClock(boot="b", offset_ns=2**62)),
        message(7, BootClock(boot="b", offset_ns=-(2**62))),
        message(7, BootClock(boot="", offset_ns=1)),
    ],
)
def test_an_event_that_cannot_be_read_keeps_its_number(odd: Message) -> None:
    assert unread(odd).number == Number(SOURCE, EPOCH, 7)


@pytest.mark.parametrize(
    "odd",
    [
        Message(TOPIC, b""),
        Message(TOPIC, b"{"),
        Message(TOPIC, b"\xff\xfe"),
        Message(TOPIC, b"[" * 100_000),
        Message(TOPIC, b" " * (MAX_BODY_BYTES + 1)),
        Message(f"{OTHER}/event/checkin", message(7).body),
        Message("kiosk/v1/hk-test/event/checkin", message(7).body),
        Message("kiosk/v2/hk-test/door-1/event/checkin", message(7).body),
        changed(source=OTHER, type="doorkiosk.checkin.v2"),
        changed(id="0123456789abcdef:0"),
        changed(id=f"0123456789abcdef:{2**63}"),
        changed(id="x:7"),
        changed(id=7),
    ],
)
def test_what_has_no_number_that_can_be_believed_counts_as_none(odd: Message) -> None:
    assert unread(odd).number is None


def test_the_reason_never_quotes_the_message() -> None:
    secret = "Nguyen Van An 099090000017"
    for name in ("data__verdict", "data__handle", "type", "data__clock__utc", "id"):
        found = unread(changed(**{name: secret}))
        assert "Nguyen" not in found.reason
        assert "099" not in found.reason
        assert "Nguyen" not in repr(found)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_kept_raw(body: bytes) -> None:
    found = unread(Message(TOPIC, body))
    assert found.body == body
    assert found.reason


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_topic_is_read_or_kept_raw(topic: str) -> None:
    found = unread(Message(topic, message(1).body))
    assert len(found.topic) <= 256


@given(
    st.sampled_from(["type", "data", "data__clock", "data__clock__utc", "data__kind", "id", "time"])
    | st.sampled_from(["data__clock__mono_ns", "data__clock__boot", "data__sealed"]),
    JSON,
)
def test_an_event_with_any_field_exchanged_is_read_or_kept_raw(name: str, value: object) -> None:
    found = read(changed(**{name: value}))
    if isinstance(found, Received):
        assert 1 <= found.seq < 2**63
