"""Whatever is shown as a Wi-Fi code or said to the network program: a network, or a refusal."""

import contextlib
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.errors import PayloadError
from kiosk.network.keyfile import keyfile_of
from kiosk.network.wifi import Wifi, checked, read_wifi_code
from kiosk.network.wire import (
    MAX_LINE_BYTES,
    TROUBLE,
    Answer,
    read_answer,
    read_request,
    request_line,
)

SSIDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=32).filter(
    lambda ssid: len(ssid.encode()) <= 32
)
PASSWORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63)
KEYS = st.text("0123456789abcdefABCDEF", min_size=64, max_size=64)
NETWORKS = st.builds(Wifi, SSIDS, st.none() | PASSWORDS | KEYS, st.booleans())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {"version": st.just(1) | JSON, "ssid": st.text() | JSON},
    optional={"password": st.text() | JSON, "hidden": st.booleans() | JSON, "path": JSON},
)
ESCAPES = str.maketrans({character: f"\\{character}" for character in '\\;,:"'})


def glib_values(content: bytes) -> dict[str, dict[str, str]]:
    """Read a key file as GLib does: sections, lines, spaces around a value, and its escapes.

    Source: GLib, "Key-value file parser".
    """
    read: dict[str, dict[str, str]] = {}
    section = ""
    escapes = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
    for line in content.decode().split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip()[1:-1]
            assert section not in read
            read[section] = {}
            continue
        key, _, value = line.partition("=")
        assert key.strip() not in read[section]
        pieces = iter(value.strip())
        read[section][key.strip()] = "".join(
            escapes[next(pieces)] if piece == "\\" else piece for piece in pieces
        )
    return read


@given(NETWORKS)
@example(Wifi("[vpn]\\", "\\s\\n=;#[x]"))
def test_networkmanager_reads_the_network_that_was_meant_and_nothing_else(wifi: Wifi) -> None:
    read = glib_values(keyfile_of(checked(wifi)))
    ssid = bytes(int(byte) for byte in read["wifi"].pop("ssid").split(";")[:-1])
    assert ssid.decode() == wifi.ssid
    assert read["wifi"].pop("hidden", "false") == str(wifi.hidden).lower()
    security = read.pop("wifi-security", None)
    if wifi.password is None:
        assert security is None
    else:
        assert security == {"key-mgmt": "wpa-psk", "psk": wifi.password}
    assert read == {**glib_values(keyfile_of(Wifi("x"))), "wifi": read["wifi"]}
    assert read["wifi"] == {"mode": "infrastructure", "powersave": "2"}


@given(NETWORKS)
def test_every_network_can_be_asked_for(wifi: Wifi) -> None:
    line = request_line(checked(wifi))
    assert len(line) <= MAX_LINE_BYTES
    assert read_request(line) == wifi


@given(NETWORKS, st.permutations(["T", "S", "P", "H"]))
def test_every_network_can_be_shown_to_a_phone(wifi: Wifi, order: list[str]) -> None:
    said = {
        "T": "nopass" if wifi.password is None else "WPA",
        "S": wifi.ssid.translate(ESCAPES),
        "P": (wifi.password or "").translate(ESCAPES),
        "H": str(wifi.hidden).lower(),
    }
    code = "WIFI:" + "".join(f"{name}:{said[name]};" for name in order) + ";"
    assert read_wifi_code(code.encode()) == wifi


@given(st.sampled_from([b"", b"WIFI:"]), st.binary(max_size=600))
@example(b"WIFI:", b"S:\\")
@example(b"WIFI:", b"S:a;P:\\;;")
def test_a_code_is_a_network_that_can_be_or_is_refused(start: bytes, rest: bytes) -> None:
    with contextlib.suppress(PayloadError):
        wifi = read_wifi_code(start + rest)
        assert wifi is None or wifi == checked(wifi)


@given(st.text('\\;:"TSPHWAx01 ', max_size=60))
def test_a_code_of_nothing_but_signs_is_too(text: str) -> None:
    with contextlib.suppress(PayloadError):
        wifi = read_wifi_code(b"WIFI:S:" + text.encode())
        assert wifi == checked(wifi or Wifi(""))


@given(st.binary(max_size=MAX_LINE_BYTES + 8))
@example(b"[" * (MAX_LINE_BYTES - 1) + b"\n")
@example(b'{"version": ' + b"9" * 1000 + b"}\n")
@pytest.mark.threat("misuse-network-unit")
def test_a_line_of_anything_is_refused(line: bytes) -> None:
    with contextlib.suppress(PayloadError):
        read_request(line)
        raise AssertionError("that is no request")


@given(NEARLY)
def test_what_is_nearly_a_request_is_a_network_that_can_be_or_is_refused(
    said: dict[str, object],
) -> None:
    with contextlib.suppress(PayloadError):
        wifi = read_request(json.dumps(said).encode() + b"\n")
        assert wifi == checked(wifi)
        assert set(said) == {"version", "ssid", "password", "hidden"}


@given(st.binary(max_size=MAX_LINE_BYTES + 8) | JSON.map(lambda said: json.dumps(said).encode()))
def test_the_kiosk_takes_no_other_answer(line: bytes) -> None:
    with contextlib.suppress(PayloadError):
        assert read_answer(line + b"\n") in {*TROUBLE, Answer.JOINED, Answer.WRITTEN}
