"""The lines between the eye and the kiosk, and the socket that they cross: hostile on one end."""

import base64
import contextlib
import json
import queue
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.eye.link import EyeEnd, EyeGone, Heard, KioskEnd, Report
from kiosk.eye.messages import (
    MAX_CODES,
    MAX_LINE_BYTES,
    MAX_SEEN_HZ,
    Code,
    Heartbeat,
    Hello,
    Message,
    Seen,
    decode,
    encode,
)
from kiosk.payloads import MAX_PAYLOAD_BYTES

DEADLINE_S = 20.0
CORNERS = ((1, 2), (30, 2), (30, 40), (-1, 40))
SECRET = "001090000001"
HELLO = Hello(camera="replay", decoders=("zxing", "zbarlight"))
BEAT = Heartbeat(
    camera_ok=True,
    frames=5,
    frames_read=2,
    codes_read=3,
    sensor_ns=7,
    sharpness=120,
    brightness=99,
)


def code(payload: bytes | None = b"x") -> Code:
    text = None if payload is None else base64.b64encode(payload).decode()
    return Code(payload=text, corners=CORNERS, decoder="zxing")


def seen(*codes: Code) -> Seen:
    return Seen(captured_ns=1, width_px=640, height_px=480, codes=codes)


LARGEST = seen(*[code(b"\xff" * MAX_PAYLOAD_BYTES)] * MAX_CODES)
MESSAGES: list[Message] = [HELLO, BEAT, seen(code()), seen(code(None), code(b"\x00\n")), LARGEST]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_one_line_that_reads_back_equal(message: Message) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert len(line) <= MAX_LINE_BYTES
    assert decode(line) == message


def test_a_payload_is_byte_for_byte_or_null() -> None:
    raw = bytes(range(256))
    assert code(raw).payload_bytes == raw
    assert code(None).payload_bytes is None


def changed(message: Message, **fields: Any) -> bytes:
    return json.dumps(message.model_dump() | fields).encode()


def code_line(**fields: Any) -> bytes:
    good = {"payload": "eA==", "corners": CORNERS, "decoder": "zxing"}
    return changed(seen(code()), codes=[good | fields])


REFUSED = {
    "nothing": b"",
    "no JSON": b"hello",
    "half a line": encode(HELLO)[:-5],
    "no object": b"[]",
    "no type": b"{}",
    "an unknown type": changed(HELLO, type=SECRET),
    "an unknown field": changed(HELLO, **{SECRET: 1}),
    "a missing field": b'{"type":"hello","camera":"replay"}',
    "a line that is too long": b" " * (MAX_LINE_BYTES + 1),
    "too deep": b'{"type":"seen","codes":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a camera's name without end": changed(HELLO, camera="x" * 64),
    "too many decoders": changed(HELLO, decoders=["x"] * 17),
    "no code": changed(seen(code()), codes=[]),
    "too many codes": changed(seen(code()), codes=[code().model_dump()] * (MAX_CODES + 1)),
    "a payload that no symbol holds": code_line(
        payload=base64.b64encode(b"x" * (MAX_PAYLOAD_BYTES + 1)).decode()
    ),
    "no base64": code_line(payload=f"{SECRET}|"),
    "base64 of another alphabet": code_line(payload="-_-_"),
    "base64 with more behind its end": code_line(payload="eA==eA=="),
    "base64 of other letters": code_line(payload="Nữ=="),
    "three corners": code_line(corners=CORNERS[:3]),
    "a corner far away": code_line(corners=[[10**9, 0], *CORNERS[1:]]),
    "a corner between pixels": code_line(corners=[[0.5, 0], *CORNERS[1:]]),
    "no width": changed(seen(code()), width_px=0),
    "a negative time": changed(seen(code()), captured_ns=-1),
    "a time beyond any clock": changed(seen(code()), captured_ns=2**63),
    "a count beyond any counter": changed(BEAT, frames=10**400),
    "a time that is no number": changed(seen(code()), captured_ns=SECRET + "x"),
    "a brightness that no pixel has": changed(BEAT, brightness=256),
    "invalid UTF-8": b'{"type":"hello","camera":"\xff","decoders":[]}',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_message_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        decode(REFUSED[name])
    told = str(caught.value)
    assert SECRET not in told
    assert len(told) < 200
    assert caught.value.__cause__ is None


class Link:
    """The kiosk's end on a socket, and everything that it reported."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reports: queue.Queue[Report] = queue.Queue()
        self.now_s = 0.0
        self.kiosk = KioskEnd(path, self.reports.put, lambda: self.now_s)

    def take(self) -> Report:
        return self.reports.get(timeout=DEADLINE_S)

    def raw_eye(self) -> socket.socket:
        eye = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        eye.connect(str(self.path))
        return eye


@pytest.fixture
def link() -> Iterator[Link]:
    # Not tmp_path: a socket's path may have 107 characters only.
    with tempfile.TemporaryDirectory(prefix="eye") as folder:
        link = Link(Path(folder) / "eye.sock")
        yield link
        link.kiosk.close()


def test_what_the_eye_says_is_heard_with_its_time(link: Link) -> None:
    eye = EyeEnd(link.path)
    link.now_s = 12.5
    for message in MESSAGES:
        eye.send(message)
    assert [link.take() for _ in MESSAGES] == [Heard(message, 12.5) for message in MESSAGES]
    eye.close()
    assert isinstance(link.take(), EyeGone)


def test_a_line_may_come_in_pieces_and_lines_together(link: Link) -> None:
    with link.raw_eye() as eye:
        text = encode(HELLO) + encode(BEAT)
        for piece in (text[:7], text[7:60], text[60:]):
            eye.sendall(piece)
        assert [link.take(), link.take()] == [Heard(HELLO, 0.0), Heard(BEAT, 0.0)]


def test_another_eye_is_heard_when_the_first_is_gone(link: Link) -> None:
    for _ in range(2):
        eye = EyeEnd(link.path)
        eye.send(HELLO)
        assert link.take() == Heard(HELLO, 0.0)
        eye.close()
        assert isinstance(link.take(), EyeGone)


@pytest.mark.parametrize(
    "bad", [b"no message\n", b"\n", b'{"type":"%s"}\n' % SECRET.encode(), b"x" * 200_000]
)
def test_an_eye_that_breaks_the_protocol_loses_its_connection(link: Link, bad: bytes) -> None:
    with link.raw_eye() as eye:
        eye.sendall(encode(HELLO))
        assert link.take() == Heard(HELLO, 0.0)
        # The kiosk may hang up before all of it is sent.
        with contextlib.suppress(OSError):
            eye.sendall(bad + encode(BEAT))
        gone = link.take()
        assert isinstance(gone, EyeGone)
        assert "protocol" in gone.why
        assert SECRET not in gone.why
    assert link.reports.empty()


def test_more_sightings_than_an_eye_may_send_are_dropped(link: Link) -> None:
    eye = EyeEnd(link.path)
    for _ in range(5 * MAX_SEEN_HZ):
        eye.send(seen(code()))
    eye.send(HELLO)
    heard = []
    while (report := link.take()) != Heard(HELLO, 0.0):
        heard.append(report)
    assert len(heard) == MAX_SEEN_HZ
    link.now_s = 1.0
    eye.send(seen(code()))
    assert link.take() == Heard(seen(code()), 1.0)
    eye.close()


def test_only_the_group_may_speak_to_the_kiosk(link: Link) -> None:
    assert link.path.stat().st_mode & 0o777 == 0o660


def test_a_socket_left_by_a_crash_is_replaced(link: Link) -> None:
    link.kiosk.close()
    assert link.path.exists()
    again = Link(link.path)
    eye = EyeEnd(link.path)
    eye.send(HELLO)
    assert again.take() == Heard(HELLO, 0.0)
    eye.close()
    again.kiosk.close()


def test_closing_ends_an_eye_that_is_connected(link: Link) -> None:
    with link.raw_eye() as eye:
        eye.sendall(encode(HELLO))
        assert link.take() == Heard(HELLO, 0.0)
        link.kiosk.close()
        eye.settimeout(DEADLINE_S)
        assert eye.recv(1) == b""
