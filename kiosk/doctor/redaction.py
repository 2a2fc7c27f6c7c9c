"""Takes out of a text what must not leave a kiosk: values known to be secret, and what looks so.

The log holds no personal data by design, and the status neither. This is for the day on which a
library prints an address with its password in it, or somebody types a card's number into a log.
What is known to be secret is searched for in every form in which it might stand somewhere. What
only looks like a secret or a person is taken out where text is free; a false alarm costs a word.
"""

import base64
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any

GONE = "[removed]"
SHORTEST = 6
"""Shorter values stand in too many words to be searched for, and protect nothing."""

_NAMES = (
    "pass(?:word|wd|phrase)?|psk|secret|token|credential|api[-_]?key|private[-_]?key|site[-_]?key"
    "|key|auth(?:orization|orisation)?|bearer|claim|handle|sealed|payload|subject"
)
_SHAPES = (
    # A block of PEM, whole or cut off.
    re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL),
    # scheme://name:password@host
    re.compile(r"(?<=://)[^\s/@]+@"),
    # password=..., "psk": "...", Authorization: Bearer ...
    re.compile(
        rf"(?i)(?<![\w.])(?:[a-z]+_)*(?:{_NAMES})\b[\"']?\s*[=:]\s*(?![\"']?\*{{8}})(?:(?:bearer|basic)\s+)?"
        r"(?:\"[^\"]*\"|'[^']*'|[^\s,;}]+)"
    ),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/_=.-]{8,}"),
    # Wi-Fi in a code or a file of its own.
    re.compile(r"(?i)\b(?:WIFI:\S*|ssid\s*[=:]\s*(?:\"[^\"]*\"|\S+))"),
    # What a card holds: fields between bars, a certificate, base45.
    re.compile(r"(?<!\S)[^\s|]*\|[^|\n]*\|[^|\n]*\|.*"),
    re.compile(r"(?:HC1|DK1)[:A-Z0-9 $%*+./-]{20,}"),
    re.compile(r"(?<![A-Z0-9])[A-Z0-9$%*+./:-]{48,}(?![A-Z0-9])"),
    # Handles, marks, keys; then base64.
    re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{24,}(?![0-9a-f])"),
    re.compile(
        r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_=-]*(?<![A-Za-z0-9+_-])(?=[A-Za-z0-9+_-]*[0-9])(?=[A-Za-z0-9+_-]*[A-Z])"
        r"(?=[A-Za-z0-9+_-]*[a-z])[A-Za-z0-9+_-]{20,}[A-Za-z0-9+/_=-]*"
    ),
    # Numbers of people: an identity card has 12 digits, a telephone 10, insurance 10 to 15.
    re.compile(r"(?<![\w.-])\d{9,}(?!\w)"),
    re.compile(r"\b[A-Z]{2}\d{10,13}\b"),
    re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    # Names: a word with a letter that English does not have, and the capitalised ones beside it.
    re.compile(
        r"(?<!\w)(?:[A-ZÀ-Ỹ]\w* ){0,5}[^\W\d_]*[^\W\d_\x00-\x7f][^\W\d_]*"
        r"(?: [A-ZÀ-Ỹ]\w*){0,5}"
    ),
    re.compile(r"\b[A-Z]{2,}(?: [A-Z]{2,}){2,9}\b"),
)


class Redaction:
    """Knows the secrets of one kiosk; holds them in memory only."""

    def __init__(self, secrets: Iterable[str | bytes] = ()) -> None:
        raw = {each.encode() if isinstance(each, str) else each for each in secrets}
        self._secrets = sorted((s for s in raw if len(s) >= SHORTEST), key=len, reverse=True)
        forms = {form for secret in self._secrets for form in forms_of(secret)}
        self._forms = sorted(forms, key=len, reverse=True)
        texts = [form.decode() for form in self._forms if _is_text(form)]
        self._known = re.compile("|".join(map(re.escape, texts))) if texts else None

    def text(self, text: str) -> str:
        """Return a free text without secrets, and without what looks like one."""
        text = self.known(text)
        for shape in _SHAPES:
            text = shape.sub(GONE, text)
        return text

    def known(self, text: str) -> str:
        """Return a text without the values that are known to be secret."""
        return text if self._known is None else self._known.sub(GONE, text)

    def tree(self, value: Any) -> Any:
        """Return what JSON can hold, with every text in it redacted; names and numbers stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.known(str(name)): self.tree(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(each) for each in value]
        return value

    def finds(self, content: bytes) -> bool:
        """Tell whether a known secret stands in these bytes, in any form."""
        return any(form in content for form in self._forms)


def forms_of(secret: bytes) -> Iterator[bytes]:
    """Yield every form in which a secret may stand in a file: as it is, quoted, or encoded.

    Base64 has three, by where in a longer text the secret begins; what depends on its neighbours
    is left off.

    >>> b"aHVudGVyMi" in set(forms_of(b"hunter2!"))
    True
    """
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield base64.b32encode(secret).rstrip(b"=")[:-1]
    for before in range(3):
        coded = base64.b64encode(bytes(before) + secret).rstrip(b"=")
        first = (before * 8 + 5) // 6
        last = len(coded) - (1 if (before + len(secret)) % 3 else 0)
        inner = coded[first:last]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")
    if _is_text(secret):
        text = secret.decode()
        yield urllib.parse.quote(text, safe="").encode()
        yield urllib.parse.quote_plus(text).encode()
        yield text.replace("\\", "\\\\").replace('"', '\\"').encode()


def _is_text(raw: bytes) -> bool:
    try:
        return raw.decode().isprintable()
    except UnicodeDecodeError:
        return False
