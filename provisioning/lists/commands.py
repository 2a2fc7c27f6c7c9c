"""`kiosk-provision lists`: make an operator's key, make lists, publish them, look at them.

An error is one line for each thing that is wrong, and then nothing was made.
"""

import time
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.identity.periods import SiteKey, site_key_in
from kiosk.lists.drain import said as said_rate
from kiosk.lists.form import ListName
from kiosk.lists.manifest import Manifest
from provisioning import issuer_file, operator_key
from provisioning.command_line import PassphraseFile, one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.lists import drain as rates
from provisioning.lists import folder as folders
from provisioning.lists import sources
from provisioning.lists.making import made, next_version, sharded, sharded_issuers
from provisioning.lists.publish import Post, broker_in, publish
from provisioning.lists.showing import called, contents, lines

LONGEST_FILE_BYTES = 4096

lists_app = typer.Typer(
    help="Trusted issuers, revoked cards, declared and barred people: for all doors.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Folder = Annotated[
    Path, typer.Option("--folder", metavar="FOLDER", help="Where the lists are kept.")
]
KeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The operator's key, made by `lists key`.")
]
SiteKeyFile = Annotated[
    Path,
    typer.Option(
        "--site-key", metavar="FILE", help="The site's key of the present period, as at its doors."
    ),
]
Site = Annotated[
    str | None, typer.Option("--site", help="The site, where its key file does not name it.")
]
PeopleFile = Annotated[Path, typer.Argument(metavar="CSV", help="The ward's list of people.")]

_DEFAULT_FOLDER = Path("lists")
_DEFAULT_KEY = Path("operator.pem")


@lists_app.command("key")
def make_key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The new key.")] = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the key with which an operator signs lists, and beside it the public one for kiosks."""
    with one_line_errors():
        public_path, name = operator_key.make(path, passphrase_file)
        typer.echo(f"{path}: keep it away from every network")
        typer.echo(f"{public_path}: key {name}, for lists.signers of every kiosk")


@lists_app.command()
def issuers(
    files: Annotated[list[Path], typer.Argument(metavar="ISSUER.json...", help="All of them.")],
    folder: Folder = _DEFAULT_FOLDER,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the list of trusted issuers from their public keys."""
    with one_line_errors():
        keys = {(found.kid, found.public): found for found in map(issuer_file.read, files)}
        held = sharded_issuers(keys.values())
        _make(ListName.ISSUERS, held, folder, operator_key.opened(key, passphrase_file))


@lists_app.command()
def revoked(
    cards: Annotated[Path, typer.Argument(metavar="FILE", help="Card numbers in hex, one a line.")],
    folder: Folder = _DEFAULT_FOLDER,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the list of revoked cards: all that are revoked, not only the new ones."""
    with one_line_errors():
        held = sharded(sources.revoked_cards(cards))
        _make(ListName.REVOKED, held, folder, operator_key.opened(key, passphrase_file))


@lists_app.command()
def declared(
    people: PeopleFile,
    site_key: SiteKeyFile,
    site: Site = None,
    folder: Folder = _DEFAULT_FOLDER,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a site's list of declarations, from the columns kind, id and valid_until."""
    with one_line_errors():
        found, its_key = sources.people(people, declared=True), _site_key(site_key)
        held = sharded(sources.declared_entries(found, its_key))
        private = operator_key.opened(key, passphrase_file)
        _make(ListName.DECLARED, held, folder, private, (_site(its_key, site), its_key))


@lists_app.command()
def barred(
    people: PeopleFile,
    site_key: SiteKeyFile,
    site: Site = None,
    folder: Folder = _DEFAULT_FOLDER,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a site's list of people who may pass nowhere, from the columns kind and id."""
    with one_line_errors():
        found, its_key = sources.people(people, declared=False), _site_key(site_key)
        held = sharded(sources.barred_entries(found, its_key))
        private = operator_key.opened(key, passphrase_file)
        _make(ListName.BARRED, held, folder, private, (_site(its_key, site), its_key))


@lists_app.command()
def drain(
    hz: Annotated[
        float | None, typer.Option("--hz", help="Events a second that one kiosk may send.")
    ] = None,
    *,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Let each kiosk's own settings hold again.")
    ] = False,
    folder: Folder = _DEFAULT_FOLDER,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Tell all kiosks how fast they may work off a queue of events."""
    with one_line_errors():
        if (hz is None) != withdraw:
            raise ProvisioningError("give --hz, or --withdraw")
        rate = rates.make(folder, hz, operator_key.opened(key, passphrase_file), int(time.time()))
        typer.echo(f"drain: version {rate.version}, {rates.words_of(rate)}")


@lists_app.command("publish")
def publish_lists(
    broker: Annotated[
        Path,
        typer.Option(
            "--broker",
            metavar="FILE",
            help="TOML: host, port, tls, ca_file, ... as in a kiosk's [uplink].",
        ),
    ],
    folder: Folder = _DEFAULT_FOLDER,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Send shards too that the broker says it has.")
    ] = False,
) -> None:
    """Put the folder's lists and drain rate on a broker, which retains them; only what changed."""
    with one_line_errors():
        settings, (lists, rate) = broker_in(broker), contents(folder)
        with Post(settings) as post:
            for each in lists:
                sent = publish(post, each, everything=everything)
                said = "is there already" if sent is None else f"{sent} shards sent"
                typer.echo(f"{called(each.manifest)}: version {each.manifest.version}, {said}")
            if rate is not None:
                said = "sent" if rates.publish(post, rate) else "is there already"
                typer.echo(f"drain: version {said_rate(rate).version}, {said}")


@lists_app.command()
def show(
    folder: Folder = _DEFAULT_FOLDER,
    signers: Annotated[
        list[Path] | None, typer.Option("--signer", help="A public key that must have signed.")
    ] = None,
) -> None:
    """Verify the folder's lists as a kiosk does, and say what they hold."""
    with one_line_errors():
        for line in lines(folder, signers or []):
            typer.echo(line)


def _make(
    name: ListName,
    held: dict[int, bytes],
    folder: Path,
    private: Ed25519PrivateKey,
    of_site: tuple[str, SiteKey] | None = None,
) -> None:
    site, periods = None, tuple[int, ...]()
    if of_site is not None:
        site = of_site[0]
        keys = sources.periods_of(of_site[1])
        periods = tuple(key.period for key in keys if key.period is not None)
    now_s = int(time.time())
    before = folders.latest(folder, name, site)
    version = next_version(None if before is None else before.version, now_s)
    found = made(Manifest(name, version, now_s, 0, {}, site, periods), held, private)
    folders.write(folder, found)
    typer.echo(f"{called(found.manifest)}: version {version}, {found.manifest.entries} entries")


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_FILE_BYTES).decode()
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProvisioningError(f"{path}: no text") from None


def _site_key(path: Path) -> SiteKey:
    try:
        return site_key_in(_text_of(path))
    except ValueError as error:
        raise ProvisioningError(f"{path}: what the file holds {error}") from None


def _site(key: SiteKey, given: str | None) -> str:
    named = None if key.terms is None else key.terms.site
    if named is not None and given not in (None, named):
        raise ProvisioningError(f"--site {given}: the key is that of {named}")
    site = named or given
    if site is None:
        raise ProvisioningError("whose key is it? give --site")
    return site
