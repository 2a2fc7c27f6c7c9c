"""Cards for the benchmark: issued from a list of synthetic people, and every kind of bad card.

They are issued, revoked and printed by the product's own desk; forgeries are made of a good card's
code. Nobody in the lists exists.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.scenes.dice import dice
from kiosk.door.reason import Reason
from kiosk.eye.people import person
from kiosk.lists.book import Book
from kiosk.lists.form import ListName, revoked_key
from kiosk.lists.manifest import Manifest
from kiosk.lists.shards import SignedList
from kiosk.payloads.card import PREFIX
from kiosk.payloads.parts import base45, cose
from kiosk.payloads.parts.trust import Algorithm, IssuerKey
from provisioning.cards import days, people, printing
from provisioning.cards.code import Issuer, text_of
from provisioning.cards.desk import Defaults, Desk, Press
from provisioning.cards.folder import Files
from provisioning.cards.form import Form
from provisioning.cards.register import Card, Register, Ward
from provisioning.lists.making import made, sharded, sharded_issuers

TODAY = date(2026, 9, 21)
NOW_S = days.start_s(TODAY) + 36_000
WARD = "vn-00070"
_PAYLOAD, _SIGNATURE = 2, 3

Printable = tuple[Card, str]


@dataclass(frozen=True, slots=True)
class Case:
    """Cards of one kind, and what a door must say of them."""

    name: str
    reason: Reason
    cards: Sequence[Printable]


@dataclass(slots=True)
class Issued:
    """The ward's register and key, as after a day's work."""

    register: Register
    issuer: Issuer
    folder: Path

    def cards(
        self, name: str, count: int, days_from: tuple[date, date], form: Form = Form.CARD
    ) -> list[Printable]:
        """Issue cards to so many people on the first day; return them with their codes."""
        now_s = min(NOW_S, days.start_s(days_from[0]))
        source = self.folder / f"{name}.csv"
        with source.open("w", encoding="utf-8-sig", newline="") as out:
            rows = csv.writer(out, delimiter=";")
            rows.writerow(("Họ và tên", "Ghi chú", "Loại thẻ", "Chẵn lẻ", "Số lượt"))
            for number in range(count):
                who = person(dice("cards", name, number)).split("|")[2]
                kind = ("người dân", "nhân viên", "trẻ em", "người đi kèm")[number % 4]
                parity = ("", "lẻ")[number // 2 % 2]
                rows.writerow(
                    (who, f"{name} {number}", kind, parity, ("", "5 trong 15")[number % 2])
                )
        desk = Desk(self.register, now_s, Files(), dice("ids", name).randbytes)
        press = Press(
            self.folder / f"{name}.pdf",
            lambda: self.issuer,
            lambda cards: printing.pdf(cards, self.register.ward, form),
        )
        issued = desk.issue(people.read(source), Defaults(*days_from), press)
        return [(card, text_of(card.card_id, card.terms, self.issuer)) for card in issued]

    def book(self, *issuers: Issuer) -> Book:
        """Return what a door knows: these issuers, and the cards that the register revoked."""
        keys = [
            IssuerKey(each.kid, Algorithm.EDDSA, each.public, each.name, frozenset({"card"}))
            for each in issuers
        ]
        gone = (revoked_key("card", each.hex()) for each in self.register.revoked_ids())
        operator = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)
        held = {}
        for name, shards in (
            (ListName.ISSUERS, sharded_issuers(keys)),
            (ListName.REVOKED, sharded(gone)),
        ):
            signed = made(Manifest(name, 1, NOW_S, 0), shards, operator)
            held[name] = SignedList(signed.manifest, signed.raw, signed.shards)
        return Book(held, {})


def issuer(name: str, seed: int) -> Issuer:
    """Return an issuer with a key of nobody."""
    return Issuer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def new_register(folder: Path, ward: Issuer) -> Path:
    """Make a register."""
    path = folder / "register.db"
    Register.create(path, Ward(ward.name, ward.kid, "Phường Thử Nghiệm", "024 0000 0000"))
    return path


def cases(issued: Issued, good: int, bad: int) -> list[Case]:
    """Return good cards and every kind of bad ones."""
    year, day = timedelta(days=365), timedelta(days=1)
    fine = issued.cards("good", good, (TODAY, TODAY + year))
    spare = issued.cards("spare", bad, (TODAY, TODAY + year))
    gone = issued.cards("revoked", bad, (TODAY, TODAY + year))
    old = issued.cards("expired", bad, (TODAY - year, TODAY - day))
    early = issued.cards("early", bad, (TODAY + day, TODAY + year))
    Desk(issued.register, NOW_S, Files()).revoke([card for card, _ in gone], "lost")
    stranger, thief = issuer("vn-00071", 7), issuer(WARD, 8)
    return [
        Case("good", Reason.OK, fine),
        Case("forged", Reason.FORGED, [(c, _resigned(code, thief)) for c, code in spare]),
        Case("altered", Reason.FORGED, [(c, _altered(code)) for c, code in spare]),
        Case("expired", Reason.EXPIRED, old),
        Case("not yet valid", Reason.NOT_YET_VALID, early),
        Case("revoked", Reason.REVOKED, gone),
        Case(
            "wrong issuer",
            Reason.UNTRUSTED_ISSUER,
            [(card, text_of(card.card_id, card.terms, stranger)) for card, _ in spare],
        ),
    ]


def _resigned(code: str, thief: Issuer) -> str:
    """Return a code with all that the ward wrote and another's signature, under the ward's name."""
    header, unprotected, payload, _ = _parts(code)
    signed = cose.Envelope(Algorithm.EDDSA, b"", header, payload, b"").signed
    return _code([header, unprotected, payload, thief.private.sign(signed)])


def _altered(code: str) -> str:
    """Return a code that is valid for longer than the ward signed: one bit more."""
    header, unprotected, payload, signature = _parts(code)
    claims = cbor2.loads(payload)
    claims[4] |= 1 << 27
    if cbor2.dumps(claims) == payload:
        claims[4] += 1
    return _code([header, unprotected, cbor2.dumps(claims), signature])


def _parts(code: str) -> list[bytes]:
    found: list[bytes] = cbor2.loads(base45.decode(code.encode().removeprefix(PREFIX))).value
    return found


def _code(parts: list[bytes]) -> str:
    envelope = cbor2.dumps(cbor2.CBORTag(cose.COSE_SIGN1, parts))
    return (PREFIX + base45.encode(envelope)).decode()
