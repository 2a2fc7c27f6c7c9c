"""`kiosk-provision cards`: what a ward's clerk does, on a machine without a network.

What is printed here holds no code and no card's random number, but `revoked`, which is for doors.
Names stand in `list`: the register is the clerk's own.
"""

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from provisioning.cards import cells, days, people
from provisioning.cards.desk import Defaults
from provisioning.cards.folder import Folder
from provisioning.cards.form import Form
from provisioning.cards.office import opened
from provisioning.cards.options import (
    LONGEST_WHY,
    FolderOption,
    From,
    Numbers,
    OneNumber,
    PassphraseFile,
    Pdf,
    Until,
    ValidDays,
    Why,
    counted,
    read,
    short,
    span,
)
from provisioning.cards.register import Card, State
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.key_file import write_new
from provisioning.passphrase import passphrase

LONGEST_TITLE = LONGEST_CONTACT = 40
_WARD = re.compile(r"[0-9a-z-]{1,16}")

cards_app = typer.Typer(
    help="A ward's own cards: issue, print, replace, extend, revoke. No network is needed.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

FormOption = Annotated[
    Form, typer.Option("--form", help="sheet: two large ones a page; card: ten of ID-1's size.")
]


@cards_app.command()
def init(
    ward: Annotated[str, typer.Option(help="The ward's short name in every card: vn-00070.")],
    folder: FolderOption,
    name: Annotated[str, typer.Option(help="What cards call the ward: Phường Phúc Tân.")] = "",
    contact: Annotated[str, typer.Option(help="Whom to tell of a lost card: a number.")] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the ward's key and an empty register."""
    with one_line_errors():
        if not _WARD.fullmatch(ward):
            raise ProvisioningError("--ward: 1 to 16 small letters, digits and hyphens")
        place = Folder(folder)
        issuer = place.make(
            ward,
            short("--name", name, LONGEST_TITLE),
            short("--contact", contact, LONGEST_CONTACT),
            passphrase(passphrase_file, "the new key", new=True),
        )
        typer.echo(f"{place.key}: the key; keep it, and a copy, away from every network")
        typer.echo(f"{place.register}: the register; it holds names, keep it as you keep those")
        typer.echo(f"{place.public}: key {issuer.kid.hex()}, for the list of trusted issuers")


@cards_app.command()
def rekey(folder: FolderOption, passphrase_file: PassphraseFile = None) -> None:
    """Make the ward's next key, in the same folder; cards that were signed before stay good."""
    with one_line_errors(), opened(folder) as office:
        place = office.folder
        secret = passphrase(passphrase_file, str(place.key))
        issuer, before = place.rekey(office.register, secret)
        typer.echo(f"{place.key}: key {issuer.kid.hex()}, with the same passphrase; copy it anew")
        typer.echo(f"{place.public}, {before}: both, for the list of trusted issuers")
        typer.echo("issue no card before doors have that list")


@cards_app.command()
def issue(  # noqa: PLR0913, PLR0917 - a command has as many arguments as options
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="The people; docs name the columns.")],
    folder: FolderOption,
    pdf: Pdf,
    form: FormOption = Form.SHEET,
    valid_days: ValidDays = None,
    first: From = None,
    last: Until = None,
    card_class: Annotated[
        str | None, typer.Option("--class", help="Of whoever's line names none; else resident.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    *,
    second: Annotated[
        bool, typer.Option("--second", help="Also to those who hold a card already.")
    ] = False,
) -> None:
    """Issue a card to everybody in a list, or to nobody while a line of it is wrong."""
    with one_line_errors(), opened(folder) as office:
        begin, end = span(office.desk.now_s, first, last, valid_days)
        chosen = read("--class", card_class, cells.card_class)
        defaults = Defaults(begin, end, *([chosen] if chosen else ()))
        press = office.press(pdf, form, passphrase_file, str(csv))
        issued = office.desk.issue(people.read(csv), defaults, press, second=second)
        numbers = f"numbers {issued[0].number} to {issued[-1].number}"
        typer.echo(f"{counted(len(issued))} issued, {numbers}: {pdf}")


@cards_app.command()
def reprint(
    folder: FolderOption,
    pdf: Pdf,
    numbers: Numbers = None,
    printing: Annotated[
        int | None, typer.Option(help="All cards of an earlier printing instead.")
    ] = None,
    form: FormOption = Form.SHEET,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Print cards once more: the same codes."""
    with one_line_errors(), opened(folder) as office:
        if bool(numbers) == (printing is not None):
            raise ProvisioningError("name cards, or a printing: --printing NUMBER")
        chosen = office.cards(numbers) if printing is None else office.register.cards_of(printing)
        done = office.desk.reprint(chosen, office.press(pdf, form, passphrase_file))
        typer.echo(f"{counted(len(done))} printed again: {pdf}")


@cards_app.command()
def replace(
    numbers: OneNumber,
    folder: FolderOption,
    pdf: Pdf,
    why: Why = "",
    last: Until = None,
    form: FormOption = Form.SHEET,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Revoke cards that were lost or are wrong, and issue new ones on the same terms."""
    with one_line_errors(), opened(folder) as office:
        reason, end = short("--why", why, LONGEST_WHY), read("--until", last, cells.day)
        press = office.press(pdf, form, passphrase_file)
        chosen = office.cards(numbers)
        done = office.desk.replace(chosen, reason, end, press)
        for old, new in zip(chosen, done, strict=True):
            typer.echo(f"card {old.number} is revoked, card {new.number} takes its place")
        typer.echo(f"{pdf}; doors learn it from the list of revoked cards: cards revoked")


@cards_app.command()
def extend(  # noqa: PLR0913, PLR0917 - see above
    folder: FolderOption,
    pdf: Pdf,
    numbers: Numbers = None,
    ending_by: Annotated[
        str | None,
        typer.Option("--ending-by", metavar="DAY", help="All in use whose last day is by then."),
    ] = None,
    valid_days: ValidDays = None,
    last: Until = None,
    form: FormOption = Form.SHEET,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Print new codes of the same cards, valid for longer; the old codes end on their own day."""
    with one_line_errors(), opened(folder) as office:
        _, end = span(office.desk.now_s, None, last, valid_days)
        if end is None:
            raise ProvisioningError("until when? --until DAY or --valid-days N")
        by = read("--ending-by", ending_by, cells.day)
        if bool(numbers) == (by is not None):
            raise ProvisioningError("name cards, or a day: --ending-by DAY")
        chosen = office.cards(numbers) if by is None else office.desk.ending(by)
        done = office.desk.extend(chosen, end, office.press(pdf, form, passphrase_file))
        typer.echo(f"{counted(len(done))} valid until {days.shown(end)}: {pdf}")


@cards_app.command()
def revoke(numbers: OneNumber, folder: FolderOption, why: Why = "") -> None:
    """Enter that cards must not be used any more."""
    with one_line_errors(), opened(folder) as office:
        office.desk.revoke(office.cards(numbers), short("--why", why, LONGEST_WHY))
        typer.echo(f"{counted(len(set(numbers)))} revoked, as soon as doors have the new list:")
        typer.echo("cards revoked --out FILE, then lists revoked FILE")


@cards_app.command()
def forget(numbers: OneNumber, folder: FolderOption) -> None:
    """Blank whose cards these were, once they are revoked or have expired."""
    with one_line_errors(), opened(folder) as office:
        office.desk.forget(office.cards(numbers))
        typer.echo(f"{counted(len(set(numbers)))} without a name now; printed files hold it still")


@cards_app.command("list")
def list_cards(
    folder: FolderOption,
    fragment: Annotated[
        str, typer.Argument(metavar="NAME", help="Part of a name; marks and capitals are ignored.")
    ] = "",
    state: Annotated[State | None, typer.Option(help="Only cards of this state.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Show who holds which card. Names are shown: mind who looks."""
    with one_line_errors(), opened(folder) as office:
        for card in office.register.search(fragment, state):
            fields = _fields(card, office.desk.now_s)
            if as_json:
                typer.echo(json.dumps(fields, ensure_ascii=False))
            else:
                typer.echo("\t".join("" if v is None else str(v) for v in fields.values()))


@cards_app.command()
def revoked(
    folder: FolderOption,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new file; absent: standard output.")
    ] = None,
) -> None:
    """Write the random numbers of all revoked cards, one a line, for `lists revoked`."""
    with one_line_errors(), opened(folder) as office:
        lines = [card_id.hex() for card_id in office.register.revoked_ids()]
        if out is None:
            for line in lines:
                typer.echo(line)
            return
        try:
            write_new(out, "".join(f"{line}\n" for line in lines).encode())
        except FileExistsError:
            raise ProvisioningError(f"{out}: is there already: name another file") from None
        except OSError as error:
            raise ProvisioningError(f"{out}: cannot be written: {error.strerror}") from None
        typer.echo(f"{out}: {counted(len(lines))}")


def _fields(card: Card, now_s: int) -> dict[str, object]:
    terms, state = card.terms, card.state.value
    if card.state is State.VALID and terms.until_s <= now_s:
        state = "expired"
    quota = terms.quota and f"{terms.quota.visits} in {terms.quota.days}"
    return {
        "number": card.number,
        "state": state,
        "name": card.person.name,
        "born": card.person.born,
        "note": card.person.note,
        "class": terms.card_class.value,
        "parity": terms.parity and terms.parity.value,
        "quota": quota,
        "from": days.day_of(terms.from_s).isoformat(),
        "until": days.last_day(terms.until_s).isoformat(),
        "issued": days.day_of(card.issued_s).isoformat(),
        "why": card.why,
        "replaced_by": card.replaced_by,
    }
