"""A ward's clerk for tests: a register, a key of nobody, and a disk that fails when told to."""

import contextlib
import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.cards import days, people
from provisioning.cards.code import Issuer
from provisioning.cards.desk import Defaults, Desk, Press
from provisioning.cards.folder import Files
from provisioning.cards.people import People
from provisioning.cards.register import Card, Register, Ward

ISSUER = Issuer("vn-00070", Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
WARD = Ward(ISSUER.name, ISSUER.kid, "Phường Thử", "024 0000 0000")
TODAY, LAST = date(2026, 9, 21), date(2027, 9, 20)
NOW_S = days.start_s(TODAY) + 36_000
DEFAULTS = Defaults(TODAY, LAST)
PEOPLE = "name,birth year\nTrần Thị Bình,1950\nNguyễn Văn An,\nĐặng Thùy Ý,2012\n"


@dataclass
class FailingFiles(Files):
    """A disk that refuses what it is told to refuse, and notes what it did."""

    refuses: str = ""
    done: list[str] = field(default_factory=list)

    def write_new(self, path: Path, raw: bytes) -> None:
        self._do("write")
        super().write_new(path, raw)

    def rename(self, draft: Path, target: Path) -> None:
        self._do("rename")
        super().rename(draft, target)

    def _do(self, what: str) -> None:
        if what == self.refuses:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.done.append(what)


def listed(text: str = PEOPLE) -> People:
    return people.parse(text)


def drawn(cards: Sequence[tuple[Card, str]]) -> bytes:
    """Return a file in which a test can see which codes were printed."""
    return "".join(f"{card.number} {code}\n" for card, code in cards).encode()


def press(target: Path) -> Press:
    return Press(target, lambda: ISSUER, drawn)


def printed(path: Path) -> dict[int, bytes]:
    """Return the codes in such a file, by the card's number."""
    lines = (line.partition(b" ") for line in path.read_bytes().splitlines())
    return {int(number): code for number, _, code in lines}


@contextlib.contextmanager
def desk(folder: Path, now_s: int = NOW_S, files: Files | None = None) -> Iterator[Desk]:
    """Open the register in a folder, made where there is none."""
    path = folder / "register.db"
    if not path.exists():
        Register.create(path, WARD)
    with Register.opened(path) as register:
        yield Desk(register, now_s, files or Files())
