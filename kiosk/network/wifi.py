"""What a Wi-Fi network is to a kiosk, and the `WIFI:` codes in which phones and papers carry it.

Nothing here touches a file or a network. No message ever contains a name or a password. Wi-Fi with
users (enterprise) and WEP are refused by name: the one needs more than a code holds, the other is
open to anybody.
"""

import re
from dataclasses import dataclass, field

from kiosk.errors import PayloadError

MAX_CODE_BYTES = 512
"""A `WIFI:` code is at most so long: name and password, both escaped throughout, and the rest."""
MAX_SSID_BYTES = 32

_START = b"WIFI:"
_PASSPHRASE = re.compile(r"[ -~]{8,63}")
_KEY = re.compile(r"[0-9A-Fa-f]{64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WITH_PASSWORD = ("WPA", "WPA2", "WPA3", "SAE")
_ONCE = ("T", "S", "P", "H")


@dataclass(frozen=True, slots=True)
class Wifi:
    """A Wi-Fi network: `ssid` is its name; without a password it is open."""

    ssid: str
    password: str | None = field(default=None, repr=False)
    """Eight to 63 characters, or the key itself in 64 hexadecimal digits."""
    hidden: bool = False
    """It does not tell its name, so whoever looks for it has to ask."""


def checked(wifi: Wifi) -> Wifi:
    """Return `wifi` as it is, when a network can be like that.

    Raises:
        PayloadError: No network can be.
    """
    try:
        raw = wifi.ssid.encode()
    except UnicodeEncodeError:
        raise PayloadError("Wi-Fi name: not Unicode text") from None
    if not 1 <= len(raw) <= MAX_SSID_BYTES:
        raise PayloadError(f"Wi-Fi name: {len(raw)} bytes, and it has 1 to {MAX_SSID_BYTES}")
    if _CONTROL.search(wifi.ssid):
        raise PayloadError("Wi-Fi name: a control character is in it")
    if wifi.password is not None and not (
        _PASSPHRASE.fullmatch(wifi.password) or _KEY.fullmatch(wifi.password)
    ):
        raise PayloadError(
            "Wi-Fi password: neither 8 to 63 printable ASCII characters nor 64 hexadecimal digits"
        )
    return wifi


def read_wifi_code(raw: bytes) -> Wifi | None:
    r"""Return the network that a `WIFI:` code says; None when it is no such code.

    >>> read_wifi_code("WIFI:T:WPA;S:Nhà văn hoá;P:mua\\;xuan1;H:true;;".encode())
    Wifi(ssid='Nhà văn hoá', hidden=True)

    >>> read_wifi_code(b"WIFI:S:cafe;;")
    Wifi(ssid='cafe', hidden=False)

    >>> read_wifi_code(b"https://example.invalid")

    Raises:
        PayloadError: It is one, and cannot be used; the message has nothing of its content.
    """
    if not raw.startswith(_START):
        return None
    if len(raw) > MAX_CODE_BYTES:
        raise PayloadError(f"Wi-Fi code: longer than {MAX_CODE_BYTES} bytes")
    try:
        text = raw[len(_START) :].decode()
    except UnicodeDecodeError:
        raise PayloadError("Wi-Fi code: not UTF-8") from None
    said = _fields(text)
    if "S" not in said:
        raise PayloadError("Wi-Fi code: it names no network")
    return checked(Wifi(said["S"], _password(said), hidden=_hidden(said)))


def _password(said: dict[str, str]) -> str | None:
    kind = said.get("T", "").upper()
    password = said.get("P", "")
    if kind in {"", "NOPASS"}:
        # Taken as open it would be joined without the password that somebody meant.
        if password:
            raise PayloadError("Wi-Fi code: a password, and a kind of network that has none")
        return None
    if kind == "WEP":
        raise PayloadError("Wi-Fi code: WEP protects nothing; set the router to WPA2 or WPA3")
    if "EAP" in kind:
        raise PayloadError("Wi-Fi code: a network with users (enterprise) cannot be joined by code")
    if kind not in _WITH_PASSWORD:
        raise PayloadError("Wi-Fi code: a kind of network that is not known here")
    return password


def _hidden(said: dict[str, str]) -> bool:
    hidden = said.get("H", "").lower()
    if hidden not in {"", "true", "false"}:
        raise PayloadError("Wi-Fi code: H is neither true nor false")
    return hidden == "true"


def _fields(text: str) -> dict[str, str]:
    """Return the fields by their letters; those that nobody here reads are left out."""
    said: dict[str, str] = {}
    *parts, rest = _split(text)
    if rest or not parts:
        raise PayloadError("Wi-Fi code: it ends in the middle of a field")
    if parts[-1] == "":
        parts.pop()
    for part in parts:
        name, colon, value = part.partition(":")
        if not colon:
            raise PayloadError("Wi-Fi code: a field without a value")
        if name in said:
            raise PayloadError("Wi-Fi code: a field twice")
        if name in _ONCE:
            said[name] = _plain(value)
    return said


def _split(text: str) -> list[str]:
    """Return what stands between the semicolons that are not escaped, escapes and all."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == ";":
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _plain(value: str) -> str:
    """Return a value without its escapes, and without the quotes that say it is no hexadecimal.

    A backslash makes the next character plain, whichever it is: phones read it so.
    """
    plain: list[str] = []
    quotes: list[int] = []
    characters = iter(value)
    for character in characters:
        taken = character
        if character == "\\":
            taken = next(characters, "")
            if not taken:
                raise PayloadError("Wi-Fi code: a backslash that escapes nothing")
        elif character == '"':
            quotes.append(len(plain))
        plain.append(taken)
    if len(plain) >= 2 and quotes[:1] == [0] and quotes[-1] == len(plain) - 1:
        plain = plain[1:-1]
    return "".join(plain)
