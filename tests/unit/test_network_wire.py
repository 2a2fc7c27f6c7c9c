"""The lines between the kiosk and the network program: what is a request, what is an answer."""

import json

import pytest

from kiosk.errors import PayloadError
from kiosk.network.wifi import Wifi
from kiosk.network.wire import (
    MAX_LINE_BYTES,
    TROUBLE,
    Answer,
    answer_line,
    read_answer,
    read_request,
    request_line,
)

GOOD = {"version": 1, "ssid": "kho", "password": "xin-chao-99", "hidden": False}


def line(**change: object) -> bytes:
    return json.dumps({**GOOD, **change}).encode() + b"\n"


@pytest.mark.parametrize(
    "wifi",
    [
        Wifi("kho", "xin-chao-99"),
        Wifi("cong-vien"),
        Wifi("ôôôôôôôôôôôôôôôô", '"' * 63, hidden=True),
        Wifi("\U0001f6aa" * 8, "\\" * 63, hidden=True),
    ],
)
def test_what_is_asked_for_arrives(wifi: Wifi) -> None:
    asked = request_line(wifi)
    assert len(asked) <= MAX_LINE_BYTES
    assert read_request(asked) == wifi


REFUSED = {
    "nothing": b"",
    "a line's end": b"\n",
    "half a line": line()[:-1],
    "two lines": line() + line(),
    "too long": line()[:-1] + b" " * MAX_LINE_BYTES + b"\n",
    "no JSON": b"join kho\n",
    "bytes that are no text": b'{"version": 1, "ssid": "\xff"}\n',
    "brackets without end": b"[" * (MAX_LINE_BYTES - 1) + b"\n",
    "a list": b"[1]\n",
    "another version": line(version=2),
    "a version that is nearly one": line(version=True),
    "a version in words": line(version="1"),
    "a field too many": line(path="/etc/passwd"),
    "a field too few": b'{"version": 1, "ssid": "kho", "hidden": false}\n',
    "a name that is a number": line(ssid=7),
    "a name that is bytes": line(ssid=[107, 104, 111]),
    "a password that is a number": line(password=1234567890),
    "hidden as a number": line(hidden=1),
    "an empty name": line(ssid=""),
    "a name of two lines": line(ssid="kho\n[vpn]"),
    "a name that is half a character": line(ssid="\ud800"),
    "a password of two lines": line(password="xin-chao-99\n[ipv4]"),
    "a short password": line(password="short"),
}


@pytest.mark.parametrize("how", REFUSED)
@pytest.mark.threat("misuse-network-unit")
def test_everything_is_checked_again(how: str) -> None:
    """The kiosk has checked it too; but who took the kiosk over has not."""
    with pytest.raises(PayloadError) as refused:
        read_request(REFUSED[how])
    assert "kho" not in str(refused.value)


@pytest.mark.parametrize("answer", Answer)
def test_an_answer_arrives(answer: Answer) -> None:
    assert read_answer(answer_line(answer)) is answer


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"joined\n",
        b'{"version": 1}\n',
        b'{"version": 1, "answer": "fine"}\n',
        b'{"version": 1, "answer": ["joined"]}\n',
        b'{"version": 2, "answer": "joined"}\n',
        b'{"version": 1, "answer": "joined"}',
    ],
)
def test_anything_else_is_no_answer(other: bytes) -> None:
    with pytest.raises(PayloadError):
        read_answer(other)


def test_each_answer_is_a_success_or_says_what_to_do() -> None:
    assert set(Answer) - set(TROUBLE) == {Answer.JOINED, Answer.WRITTEN}
