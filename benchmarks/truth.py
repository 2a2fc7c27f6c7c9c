"""What a picture holds, and whether what a reader reported is that.

The truth of a photograph is a text somebody wrote down; nobody noted the bytes. So texts are
compared tolerantly, and the rules are these. A payload is *exact* when one of `CHARSETS` turns it
into the text, line ends and trailing line ends aside; a reader that recodes without a mistake
therefore counts as exact. A payload is *changed* when it is the right code and its characters are
not right: the printable ASCII of both is the same to four fifths or more. Where the bytes are known
(our own scenes), exact means equal bytes.
"""

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache

CHARSETS = (
    *("utf-8", "cp932", "latin-1", "cp1252", "utf-16", "utf-16-be", "utf-16-le"),
    *("gb18030", "big5", "euc_jp", "iso2022_jp", "euc_kr", "koi8_r", "cp1251"),
)
_ALIKE = 0.8
_LEAST_SKELETON = 3


@dataclass(frozen=True, slots=True)
class Truth:
    """What a code holds: its bytes where they are known, else its text."""

    text: str | None = field(default=None, repr=False)
    payload: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a truth that says nothing."""
        if self.text is None and self.payload is None:
            raise ValueError("a truth needs a text or a payload")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reader made of one picture.

    `read`: the right code came back; `exact`: and its bytes were unchanged; `false`: something was
    reported that is not there.
    """

    read: bool
    exact: bool
    false: bool


def judge_negative(payloads: list[bytes]) -> Verdict:
    """Return the verdict for a picture without a QR code: whatever is reported is false."""
    return Verdict(read=False, exact=False, false=bool(payloads))


def judge_unknown(payloads: list[bytes]) -> Verdict:
    """Return the verdict for a picture whose code nobody wrote down: anything counts as read."""
    return Verdict(read=bool(payloads), exact=False, false=False)


def judge(payloads: list[bytes], truth: Truth) -> Verdict:
    r"""Return the verdict for a picture with a known code.

    >>> judge(["Bùi".encode()], Truth("Bùi\n")).exact
    True
    >>> judge(["đông, Hà Nội".encode("utf-16")], Truth("đông, Hà Nội")).exact
    True
    >>> verdict = judge(["0990|B蘗i Anh|Nam".encode()], Truth("0990|Bùi Anh|Nam"))
    >>> verdict.read, verdict.exact, verdict.false
    (True, False, False)
    >>> judge([b"something else"], Truth("Bùi Anh, Nam")).false
    True
    """
    exact = [_is_exact(payload, truth) for payload in payloads]
    right = [
        same or _is_changed(payload, truth) for same, payload in zip(exact, payloads, strict=True)
    ]
    return Verdict(read=any(right), exact=any(exact), false=not all(right))


def _is_exact(payload: bytes, truth: Truth) -> bool:
    if truth.payload is not None:
        return payload == truth.payload
    return _tidy(truth.text or "") in _readings(payload)


@lru_cache(maxsize=4096)
def _readings(payload: bytes) -> frozenset[str]:
    return frozenset(
        _tidy(text) for charset in CHARSETS if (text := _decoded(payload, charset)) is not None
    )


def _decoded(payload: bytes, charset: str) -> str | None:
    try:
        return payload.decode(charset)
    except UnicodeError:
        return None


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").rstrip("\n")


def _is_changed(payload: bytes, truth: Truth) -> bool:
    expected = truth.payload if truth.payload is not None else (truth.text or "").encode()
    wanted, got = _skeleton(expected), _skeleton(payload)
    if min(len(wanted), len(got)) < _LEAST_SKELETON:
        return False
    return wanted == got or SequenceMatcher(None, wanted, got, autojunk=False).ratio() >= _ALIKE


def _skeleton(payload: bytes) -> str:
    """Return what no guess of a charset changes: printable ASCII without spaces."""
    return "".join(chr(byte) for byte in payload if 0x21 <= byte <= 0x7E)
