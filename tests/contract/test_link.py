"""The socket between eye and kiosk: what is hostile costs the connection, never the door."""

import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.eye.link import EyeEnd, EyeGone, Heard, KioskEnd
from kiosk.eye.messages import (
    MAX_LINE_BYTES,
    MAX_SEEN_HZ,
    Code,
    Heartbeat,
    Hello,
    Message,
    Seen,
    encode,
)
from tests.parts.reports import Reports

HELLO = Hello(camera="synthetic", decoders=("zxing",))
BEAT = Heartbeat(
    camera_ok=True,
    frames=1,
    frames_read=0,
    codes_read=0,
    sensor_ns=1,
    sharpness=1,
    brightness=1,
)
SECRET = "001090000001"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Post(Reports):
    """Where the link posts."""

    def messages(self, count: int) -> list[Message]:
        return [report.message for report in self.take(Heard, count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a socket."""
    return tmp_path / "eye.sock"


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def post() -> Post:
    """Give an empty inbox."""
    return Post()


@pytest.fixture
def kiosk(path: Path, post: Post, clock: Clock) -> Iterator[KioskEnd]:
    """Give the listening end."""
    end = KioskEnd(path, post, clock)
    yield end
    end.close()


def seen(number: int) -> Seen:
    code = Code(payload="QQ==", corners=None, decoder="zxing")
    return Seen(captured_ns=number, width_px=640, height_px=480, codes=(code,))


def eye_threads() -> int:
    return sum(thread.name == "eye-reader" for thread in threading.enumerate())


def raw(path: Path, *chunks: bytes) -> socket.socket:
    """Connect as an eye that was taken over, and send these."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(str(path))
    for chunk in chunks:
        try:
            connection.sendall(chunk)
        except OSError:
            break  # it was thrown out before it was done
    return connection


@pytest.mark.usefixtures("kiosk")
def test_messages_come_in_order_with_the_time_they_were_heard(
    path: Path, post: Post, clock: Clock
) -> None:
    with closing(EyeEnd(path)) as eye:
        eye.send(HELLO)
        assert post.next(Heard) == Heard(HELLO, 100.0)
        clock.now_s = 107.5
        eye.send(seen(1))
        eye.send(BEAT)
        assert post.take(Heard, 2) == [Heard(seen(1), 107.5), Heard(BEAT, 107.5)]
    assert "closed" in post.next(EyeGone).why
    assert post.threads == {"eye-reader"}


@pytest.mark.usefixtures("kiosk")
def test_a_line_may_come_in_pieces_and_many_in_one(path: Path, post: Post) -> None:
    lines = encode(HELLO) + encode(BEAT)
    pieces = [bytes((byte,)) for byte in lines]
    with closing(raw(path, *pieces, lines)):
        assert post.messages(4) == [HELLO, BEAT, HELLO, BEAT]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b"\x00" * 100,
        b'{"type":"seen"}',
        b'{"type":"%s"}' % SECRET.encode(),
        b'{"type":"hello","camera":"a","decoders":[],"%s":1}' % SECRET.encode(),
        b'{"type":"hello","camera":"%s","decoders":[]}' % (SECRET.encode() * 9),
        b'{"type":"hello","camera":"\\ud800","decoders":[]}',
        b"[" * 60_000,
        b'{"a":' * 15_000,
        encode(BEAT).strip().replace(b'"frames":1', b'"frames":' + b"9" * 60_000),
        encode(BEAT).strip().replace(b'"frames":1', b'"frames":-1'),
        encode(BEAT).strip().replace(b'"frames":1', b'"frames":1e309'),
        encode(seen(1)).strip().replace(b"QQ==", b"Q" * 9_600),
        encode(seen(1)).strip().replace(b"QQ==", b"not base64!"),
        b'{"type":"seen","captured_ns":1,"width_px":1,"height_px":1,"codes":['
        + b",".join([b'{"payload":null,"corners":null,"decoder":""}'] * 9)
        + b"]}",
    ],
    ids=lambda line: repr(line[:40]),
)
@pytest.mark.usefixtures("kiosk")
def test_a_hostile_line_costs_the_connection_and_names_nothing(
    path: Path, post: Post, line: bytes
) -> None:
    with closing(raw(path, encode(HELLO), line + b"\n", encode(BEAT))):
        post.next(Heard)
        why = post.next(EyeGone).why

    assert SECRET not in why
    assert "\n" not in why
    assert len(why) < 200
    with closing(EyeEnd(path)) as eye:
        eye.send(HELLO)
        assert post.messages(1) == [HELLO]


@pytest.mark.parametrize("size_bytes", [MAX_LINE_BYTES + 1, 2 * MAX_LINE_BYTES, 5_000_000])
@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.usefixtures("kiosk")
def test_an_over_long_line_costs_the_connection(
    path: Path, post: Post, size_bytes: int, end: bytes
) -> None:
    connection = raw(path, b" " * size_bytes + end)
    with closing(connection):
        post.next(EyeGone)


@pytest.mark.usefixtures("kiosk")
def test_the_longest_line_that_is_allowed_is_heard(path: Path, post: Post) -> None:
    line = encode(HELLO).strip()
    with closing(raw(path, b" " * (MAX_LINE_BYTES - len(line)) + line + b"\n")):
        assert post.messages(1) == [HELLO]


@pytest.mark.usefixtures("kiosk")
def test_more_than_the_eye_may_say_is_dropped_and_the_rest_is_heard(
    path: Path, post: Post, clock: Clock
) -> None:
    burst = b"".join(encode(seen(n)) for n in range(1, 201))
    with closing(raw(path, burst, encode(BEAT))) as connection:
        heard = post.messages(MAX_SEEN_HZ + 1)
        assert heard == [*(seen(n) for n in range(1, MAX_SEEN_HZ + 1)), BEAT]

        clock.now_s += 0.5
        connection.sendall(burst + encode(BEAT))
        assert post.messages(MAX_SEEN_HZ // 2 + 1)[-1] == BEAT

        # However long it was silent, it may not save up more than a second's worth.
        clock.now_s += 3600
        connection.sendall(burst + encode(BEAT))
        assert post.messages(MAX_SEEN_HZ + 1)[-1] == BEAT
    post.next(EyeGone)


@pytest.mark.usefixtures("kiosk")
def test_heartbeats_cannot_flood_the_door_either(path: Path, post: Post) -> None:
    with closing(raw(path, encode(BEAT) * 2000)):
        pass
    reports = []
    while not isinstance(report := post.next(object), EyeGone):
        reports.append(report)

    assert 0 < len(reports) <= 2 * MAX_SEEN_HZ


@pytest.mark.usefixtures("kiosk")
def test_an_eye_that_returns_is_heard_again(path: Path, post: Post) -> None:
    for _ in range(5):
        with closing(EyeEnd(path)) as eye:
            eye.send(HELLO)
            assert post.messages(1) == [HELLO]
        post.next(EyeGone)


@pytest.mark.usefixtures("kiosk")
def test_what_was_cut_off_in_the_middle_is_not_heard(path: Path, post: Post) -> None:
    with closing(raw(path, encode(HELLO) + encode(BEAT)[:-5])):
        assert post.messages(1) == [HELLO]
    post.next(EyeGone)

    assert post.rest() == []


def test_close_ends_the_thread_whatever_the_eye_does(path: Path, post: Post) -> None:
    before = eye_threads()
    for chunks in ((), (encode(HELLO),), (b"half a line",)):
        end = KioskEnd(path, post)
        with closing(raw(path, *chunks)):
            end.close()
            assert eye_threads() == before
    KioskEnd(path, post).close()
    assert eye_threads() == before


def test_close_may_come_twice_and_the_eye_notices(path: Path, post: Post) -> None:
    end = KioskEnd(path, post)
    with closing(EyeEnd(path)) as eye:
        eye.send(HELLO)
        post.next(Heard)
        end.close()
        end.close()
        # It was shut down before `close` returned, so not even one line goes out.
        with pytest.raises(BrokenPipeError):
            eye.send(HELLO)


def test_a_socket_left_by_the_run_before_is_replaced(path: Path, post: Post) -> None:
    KioskEnd(path, post).close()
    with (
        closing(KioskEnd(path, post)),
        closing(EyeEnd(path)) as eye,
    ):
        eye.send(HELLO)
        assert post.messages(1) == [HELLO]


@pytest.mark.usefixtures("kiosk")
def test_only_owner_and_group_may_be_the_eye(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_an_eye_without_a_kiosk_gets_an_error_and_leaves_no_socket(path: Path) -> None:
    """The suite turns the warning about a socket left open into a failure."""
    with pytest.raises(FileNotFoundError):
        EyeEnd(path)
