"""`kiosk-provision poster`: the poster for a venue's door."""

from pathlib import Path
from typing import Annotated

import typer

from provisioning.cards.options import Pdf, short
from provisioning.cards.words import tidied
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.key_file import write_new

LONGEST_VENUE, LONGEST_TEXT, LONGEST_CONTACT = 60, 200, 100


def poster(  # noqa: PLR0913, PLR0917 - a command has as many arguments as options
    venue: Annotated[str, typer.Option(help="The venue's name.")],
    purpose: Annotated[str, typer.Option(help="Why people are recorded.")],
    legal_basis: Annotated[str, typer.Option(help="On what ground: consent, or which order.")],
    retention_days: Annotated[
        int, typer.Option(min=1, max=3660, help="As outbox.retention_days, and at the ledger.")
    ],
    contact: Annotated[str, typer.Option(help="Whom people ask about their data.")],
    pdf: Pdf,
    purpose_en: Annotated[str, typer.Option(help="The purpose in English.")] = "",
    legal_basis_en: Annotated[str, typer.Option(help="The legal basis in English.")] = "",
    authority: Annotated[
        str, typer.Option(help="Who can open sealed identities, where the kiosk seals them.")
    ] = "",
) -> None:
    """Draw the poster beside the door: how to use the kiosk, what it shows, what is recorded."""
    with one_line_errors():
        given = {
            "--venue": (venue, LONGEST_VENUE),
            "--purpose": (purpose, LONGEST_TEXT),
            "--legal-basis": (legal_basis, LONGEST_TEXT),
            "--contact": (contact, LONGEST_CONTACT),
        }
        for option, (text, _) in given.items():
            if not tidied(text):
                raise ProvisioningError(f"{option}: say it; people have a right to know")
        given |= {
            "--purpose-en": (purpose_en, LONGEST_TEXT),
            "--legal-basis-en": (legal_basis_en, LONGEST_TEXT),
            "--authority": (authority, LONGEST_VENUE),
        }
        said = {option: short(option, *each) for option, each in given.items()}
        _write(said, retention_days, pdf)
        typer.echo(f"{pdf}: one A4 page")


def _write(said: dict[str, str], retention_days: int, pdf: Path) -> None:
    # Only what prints needs reportlab.
    from provisioning.paper import fonts  # noqa: PLC0415
    from provisioning.poster import layout  # noqa: PLC0415

    for option, text in said.items():
        if letters := fonts.missing(text):
            raise ProvisioningError(f"{option}: no font here prints {letters}")
    notice = layout.Notice(
        said["--venue"],
        (said["--purpose"], said["--purpose-en"]),
        (said["--legal-basis"], said["--legal-basis-en"]),
        retention_days,
        said["--contact"],
        said["--authority"],
    )
    try:
        write_new(pdf, layout.pdf(notice))
    except FileExistsError:
        raise ProvisioningError(f"{pdf}: is there already: name another file") from None
    except OSError as error:
        raise ProvisioningError(f"{pdf}: cannot be written: {error.strerror}") from None
