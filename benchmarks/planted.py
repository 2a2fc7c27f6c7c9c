"""People who do not exist, whose every trace can be searched for: what a run must not leave behind.

A trace is looked for in every form in which a program could have written it by accident: composed
or decomposed, without marks, in capitals, as UTF-16, escaped, in hexadecimal, in the middle of a
base64 text, and as an unkeyed hash, which gives a number away to whoever tries all of them.
"""

import base64
import hashlib
import json
import random
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from kiosk.eye.people import person
from tests.parts import issuers

WINDOW_BYTES = 8
"""No form is shorter: it would be found by chance."""
_DIGITS_SAFE = 12
"""Digits that are fewer must stand alone: in a counter of nanoseconds any eight may occur."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One person: the format, what their code holds, which id it has, and all that is theirs."""

    kind: str
    payload: str
    subject_id: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which something of one person could have been written."""

    what: str
    raw: bytes
    stands_alone: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """Something of a person, where it must not be."""

    where: str
    what: str


def people(count: int, seed: int = 1) -> list[Planted]:
    """Return people with cards of every format in turn; no two have anything in common."""
    rng = random.Random(seed)  # noqa: S311 - nobody's secrets
    makers = (_cccd7, _cccd11, _bhyt_new, _covid, _bhyt_old, _card, _certificate)
    return [makers[number % len(makers)](rng, number) for number in range(count)]


def _base(rng: random.Random, number: int, fields: int = 7) -> tuple[list[str], dict[str, str]]:
    """Return the fields of an ID card, and what they say of the person."""
    parts = person(rng, fields).split("|")
    # Numbered, so that no two are the same person by chance.
    parts[0] = f"{parts[0][:6]}{number:06}"
    parts[1] = f"099{number:06}" if fields == 7 else ""
    texts = {"number": parts[0], "name": parts[2], "birth": parts[3], "address": parts[5]}
    if parts[1]:
        texts["former number"] = parts[1]
    return parts, texts


def _cccd7(rng: random.Random, number: int) -> Planted:
    parts, texts = _base(rng, number)
    return Planted("cccd", "|".join(parts), parts[0], texts)


def _cccd11(rng: random.Random, number: int) -> Planted:
    parts, texts = _base(rng, number, 11)
    return Planted("cccd", "|".join(parts), parts[0], texts)


def _bhyt_new(rng: random.Random, number: int) -> Planted:
    parts, texts = _base(rng, number)
    insured, parent = f"099{number:07}", person(rng).split("|")[2]
    birth, address = _slashed(parts[3]), parts[5].encode().hex()
    name, place = parts[2].encode().hex(), "Bảo hiểm xã hội".encode().hex()
    text = (
        f"{insured}|{name}|{birth}|1|{address}|01 - 099|01/07/2023|-|31/07/2023|{number:014}"
        f"|{parent}|4| 01/10/2027|{number:016x}-1202|4|{place}|$"
    )
    own = {key: texts[key] for key in ("name", "birth", "address")}
    return Planted("bhyt", text, insured, {**own, "insurance": insured, "parent": parent})


def _bhyt_old(rng: random.Random, number: int) -> Planted:
    parts, texts = _base(rng, number)
    insured = f"099{number:07}"
    name, address = parts[2].encode().hex(), parts[5].encode().hex()
    text = (
        f"GD499{insured}|{name}|{_slashed(parts[3])}|2|{address}|01 - 099|01/01/2021|-|01/01/2021|$"
    )
    own = {key: texts[key] for key in ("name", "birth", "address")}
    return Planted("bhyt", text, insured, {**own, "insurance": insured})


def _covid(rng: random.Random, number: int) -> Planted:
    parts, texts = _base(rng, number)
    qid, phone, insured = f"1629793885{number:08}", f"0990{number:06}", f"GD4990990{number:06}"
    born = datetime.strptime(parts[3], "%d%m%Y").date().isoformat()  # noqa: DTZ007 - a day
    text = f"{parts[0]}|{folded(parts[2]).upper()}|{born}|0|{qid}|<1<{insured}<{phone}"
    own = {key: texts[key] for key in ("name", "birth", "number")}
    more = {"QID": qid, "phone": phone, "insurance": insured}
    return Planted("covid_qr", text, qid, {**own, **more})


def _card(rng: random.Random, number: int) -> Planted:
    card_id = rng.randbytes(4) + number.to_bytes(4, "big")
    text = issuers.card(c7=card_id).decode("ascii")
    return Planted("card", text, card_id.hex(), {"card": card_id.hex()})


def _certificate(rng: random.Random, number: int) -> Planted:
    parts, texts = _base(rng, number)
    born = datetime.strptime(parts[3], "%d%m%Y").date().isoformat()  # noqa: DTZ007 - a day
    given, family = parts[2].split(" ", 1)
    uvci = f"URN:UVCI:01:XX:0990{number:08}#1"
    named = {"fn": family, "gn": given, "fnt": folded(family).upper(), "gnt": folded(given).upper()}
    vaccination = {**issuers.VACCINATION, "ci": uvci}
    health = {**issuers.HEALTH, "v": [vaccination], "dob": born, "nam": named}
    text = issuers.certificate(issuers.union(), health={1: health}).decode("ascii")
    own = {key: texts[key] for key in ("name", "birth")}
    return Planted("certificate", text, uvci, {**own, "certificate": uvci})


def _slashed(digits: str) -> str:
    return f"{digits[:2]}/{digits[2:4]}/{digits[4:]}"


def folded(text: str) -> str:
    """Return text without marks.

    >>> folded("Đặng Thị Bưởi")
    'Dang Thi Buoi'
    """
    plain = text.replace("đ", "d").replace("Đ", "D")
    return "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))


def forms(planted: Planted) -> Iterator[Form]:
    """Yield every form in which something of this person could have been written."""
    yield from _written("payload", planted.payload)
    for what, text in planted.texts.items():
        for written in _days(text) if what == "birth" else (text,):
            yield from _written(what, written)
    for what in ("number", "insurance", "QID", "card", "certificate", "phone"):
        if what in planted.texts:
            yield from _hashed(what, planted.texts[what])


def _days(digits: str) -> Iterator[str]:
    day, month, year = digits[:2], digits[2:4], digits[4:]
    for between in ("", "/", "-", "."):
        yield between.join((day, month, year))
        yield between.join((year, month, day))


def _written(what: str, text: str) -> Iterator[Form]:
    composed = unicodedata.normalize("NFC", text)
    texts = {
        "as it is": composed,
        "decomposed": unicodedata.normalize("NFD", text),
        "without marks": folded(text),
        "upper case": composed.upper(),
        "lower case": composed.lower(),
        "without marks, upper case": folded(text).upper(),
        "without marks, lower case": folded(text).lower(),
        "escaped": json.dumps(composed)[1:-1],
        "in a link": quote(composed),
    }
    for how, each in texts.items():
        for coding in ("utf-8", "utf-16-le", "utf-16-be"):
            raw = each.encode(coding)
            alone = coding == "utf-8" and each.isdigit() and len(each) < _DIGITS_SAFE
            if len(raw) >= WINDOW_BYTES:
                yield Form(f"{what}, {how}, {coding}", raw, alone)
    raw = composed.encode()
    yield Form(f"{what}, hexadecimal", raw.hex().encode())
    yield Form(f"{what}, hexadecimal, upper case", raw.hex().upper().encode())
    yield from _in_base64(what, raw)


def _in_base64(what: str, raw: bytes) -> Iterator[Form]:
    """Yield what of a base64 text follows from `raw` alone, wherever in it `raw` begins."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw).rstrip(b"=")
        whole = (before + len(raw)) // 3 * 4
        core = text[(0, 2, 3)[before] : whole]
        for name, each in (("base64", core), ("base64url", core.translate(_URL))):
            if len(each) >= WINDOW_BYTES:
                yield Form(f"{what}, {name} at {before}", each)


_URL = bytes.maketrans(b"+/", b"-_")


def _hashed(what: str, text: str) -> Iterator[Form]:
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256"):
        digest = hashlib.new(name, text.encode(), usedforsecurity=False).digest()[:16]
        yield Form(f"{what}, {name}", digest)
        yield Form(f"{what}, {name} in hexadecimal", digest.hex().encode())


class Search:
    """Looks for every form of everybody, in one pass over the bytes."""

    def __init__(self, planted: list[Planted]) -> None:
        self._by_window: dict[bytes, list[Form]] = {}
        self.forms = 0
        for number, one in enumerate(planted):
            for form in {each.raw: each for each in forms(one)}.values():
                named = Form(f"person {number} ({one.kind}): {form.what}", *_rest(form))
                self._by_window.setdefault(form.raw[:WINDOW_BYTES], []).append(named)
                self.forms += 1

    def hits(self, where: str, raw: bytes) -> Iterator[Hit]:
        """Yield what of whom stands in `raw`."""
        by_window = self._by_window
        for at in range(len(raw) - WINDOW_BYTES + 1):
            found = by_window.get(raw[at : at + WINDOW_BYTES])
            for form in found or ():
                end = at + len(form.raw)
                around = raw[max(0, at - 1) : at] + raw[end : end + 1]
                if raw[at:end] == form.raw and not (form.stands_alone and _has_digit(around)):
                    yield Hit(where, form.what)


def _rest(form: Form) -> tuple[bytes, bool]:
    return form.raw, form.stands_alone


def _has_digit(raw: bytes) -> bool:
    return any(byte in b"0123456789" for byte in raw)
