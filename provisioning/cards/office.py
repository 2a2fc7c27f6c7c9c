"""The ward's folder opened for one command, and what a command shows when it cannot be done."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from provisioning.cards.code import Issuer
from provisioning.cards.desk import Desk, Press
from provisioning.cards.folder import Files, Folder
from provisioning.cards.form import Form
from provisioning.cards.options import Bar
from provisioning.cards.register import Card, Register
from provisioning.errors import ProvisioningError
from provisioning.passphrase import passphrase


@dataclass(frozen=True, slots=True)
class Office:
    """The ward's folder, opened for one command."""

    folder: Folder
    register: Register
    desk: Desk

    def cards(self, numbers: list[int] | None) -> list[Card]:
        """Return the cards with these numbers, each once."""
        return [self.register.card(number) for number in dict.fromkeys(numbers or ())]

    def press(
        self, pdf: Path, form: Form, passphrase_file: Path | None, source: str = "the list"
    ) -> Press:
        """Return what prints; the passphrase is asked for when all else is known to be right."""
        # Only what prints needs reportlab.
        from provisioning.cards import printing  # noqa: PLC0415
        from provisioning.paper import fonts  # noqa: PLC0415

        ward = self.register.ward

        def issuer() -> Issuer:
            return self.folder.open_key(passphrase(passphrase_file, str(self.folder.key)), ward)

        def draw(cards: Sequence[tuple[Card, str]]) -> bytes:
            return printing.pdf(cards, ward, form, Bar("printing"))

        return Press(pdf, issuer, draw, fonts.missing, source)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Office]:
    """Open a ward's folder, and end what an earlier command was cut off in.

    Raises:
        ProvisioningError: It is no such folder, or another command is at work in it.
    """
    folder = Folder(path)
    if not path.is_dir():
        raise ProvisioningError(f"{path}: there is no such folder; make one: cards init")
    with folder.locked(), Register.opened(folder.register) as register:
        desk = Desk(register, int(time.time()), Files())
        for told in desk.settle():
            typer.echo(told, err=True)
        yield Office(folder, register, desk)
