"""Whatever comes over the eye's socket is a message or a ValueError, and never a crash."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from kiosk.app.keys import Keys
from kiosk.app.record import looked
from kiosk.eye.messages import MAX_LINE_BYTES, Code, Heartbeat, Hello, Message, Seen, decode, encode
from kiosk.lists import NoLists

KEYS = Keys(b"s" * 32, b"d" * 32)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=63)
PIXELS = st.integers(-65536, 65536)
POINTS = st.tuples(PIXELS, PIXELS)
COUNTS = st.integers(0, 2**63 - 1)
PAYLOADS = st.none() | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())
SIZES_PX = st.integers(1, 65536)

hellos = st.builds(Hello, camera=NAMES, decoders=st.lists(NAMES, max_size=16).map(tuple))
codes = st.builds(
    Code,
    payload=PAYLOADS,
    corners=st.none() | st.tuples(POINTS, POINTS, POINTS, POINTS),
    decoder=NAMES,
)
sightings = st.builds(
    Seen,
    captured_ns=COUNTS,
    width_px=SIZES_PX,
    height_px=SIZES_PX,
    codes=st.lists(codes, min_size=1, max_size=8).map(tuple),
)
beats = st.builds(
    Heartbeat,
    camera_ok=st.booleans(),
    frames=COUNTS,
    frames_read=COUNTS,
    codes_read=COUNTS,
    pictures_skipped=COUNTS,
    sensor_ns=COUNTS,
    sharpness=st.integers(0, 2550),
    brightness=st.integers(0, 255),
)
messages = st.one_of(hellos, sightings, beats)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**320)
    | st.floats(allow_nan=True)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def outcome(line: bytes) -> Message | None:
    """Return the message, or None where it was refused; anything else passes through and fails."""
    try:
        return decode(line)
    except ValueError as error:
        told = str(error)
        return None if told else decode(line)


@given(messages)
def test_a_message_survives_the_wire(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line) == message


@given(st.binary(max_size=300))
def test_bytes_are_refused_or_a_message_that_can_be_sent_again(line: bytes) -> None:
    message = outcome(line)
    assert message is None or decode(encode(message)) == message


@given(messages, st.data())
def test_a_message_with_a_byte_changed_is_too(message: Message, data: st.DataObject) -> None:
    line = bytearray(encode(message))
    line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    found = outcome(bytes(line))
    assert found is None or decode(encode(found)) == found


@given(messages, st.data())
def test_a_message_with_a_field_replaced_is_too(message: Message, data: st.DataObject) -> None:
    fields = message.model_dump(mode="json")
    key = data.draw(st.sampled_from(sorted(fields)))
    line = json.dumps(fields | {key: data.draw(values)}).encode()
    found = outcome(line)
    assert found is None or decode(encode(found)) == found


@given(sightings, st.data(), st.floats(0, 1e9))
def test_whatever_an_eye_saw_becomes_a_cue(seen: Seen, data: st.DataObject, at_s: float) -> None:
    fields = seen.model_dump(mode="json")
    fields["captured_ns"] = data.draw(COUNTS | st.integers(10**300, 10**320))
    found = outcome(json.dumps(fields).encode())
    if isinstance(found, Seen):
        cue = looked(found, at_s, KEYS, NoLists())
        assert at_s - 10.001 <= cue.captured_s <= at_s + 0.001
        assert len(cue.sightings) <= len(found.codes)
        assert cue.unreadable == any(c.payload is None for c in found.codes)


@given(st.integers(1, 1000))
def test_a_line_is_bounded(beyond: int) -> None:
    assert outcome(b" " * (MAX_LINE_BYTES + beyond)) is None
