"""`kiosk-provision onboarding`: the key, and the codes that make doors of kiosks.

Each code holds a new claim, as `device enrol` makes one: whoever holds it up first has it.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from kiosk.errors import OnboardingError
from kiosk.onboarding.bootstrap import read_public
from provisioning import operator_key
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.fleet import fleet_file, many, names
from provisioning.fleet.commands import group
from provisioning.fleet.fleet_file import Row
from provisioning.fleet.folder import FleetFolder, write
from provisioning.fleet.options import (
    DEFAULT_FOLDER,
    Folder,
    PassphraseFile,
    pin_of,
    registrar_of,
    server_of,
    shown,
)
from provisioning.onboarding.desk import (
    Claims,
    Onboarding,
    Terms,
    broker_of,
    code_for,
    codes,
    wifi_of,
)
from provisioning.onboarding.picture import png

onboarding_app = group("Onboarding codes: a kiosk becomes a door by a code held before its eye.")

_DEFAULT_KEY = Path("onboarding.pem")
_FORMS = (".png", ".pdf", ".txt")

Name = Annotated[str, typer.Argument(metavar="SITE/DEVICE", help="As in hk-042/door-1.")]
BrokerName = Annotated[
    str, typer.Option("--broker", metavar="HOST[:PORT]", help="Where the kiosk sends, by TLS.")
]
Ssid = Annotated[
    str | None, typer.Option("--ssid", help="The Wi-Fi; absent: a cable, or what is there.")
]
WifiPassword = Annotated[
    Path | None,
    typer.Option("--wifi-password-file", metavar="FILE", help="Its first line is the password."),
]
Hidden = Annotated[bool, typer.Option("--hidden", help="The Wi-Fi does not tell its name.")]
Server = Annotated[str | None, typer.Option(help="Where to redeem, if not as usual.")]
Hours = Annotated[int | None, typer.Option(min=1, max=2160, help="How long the claim waits.")]
KeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The key, made by `onboarding key`.")
]
KeyPassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--key-passphrase-file", metavar="FILE", help="Of the onboarding key; absent: asked for."
    ),
]


@onboarding_app.command("key")
def make_key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The new key.")] = _DEFAULT_KEY,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", metavar="FILE", help="Its passphrase; absent: asked for"),
    ] = None,
) -> None:
    """Make the key with which onboarding codes are signed, and beside it the public one."""
    with one_line_errors():
        public_path, name = operator_key.make(path, passphrase_file)
        typer.echo(f"{path}: whoever has it and its passphrase can tell new kiosks whose they are")
        typer.echo(f"{public_path}: key {name}, for onboarding.signers of every image")


@onboarding_app.command("code")
def make_code(  # noqa: PLR0913 - a command has as many arguments as options
    name: Name,
    broker: BrokerName,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The code: .png, .pdf or .txt.")],
    ssid: Ssid = None,
    wifi_password_file: WifiPassword = None,
    *,
    hidden: Hidden = False,
    bootstrap: Annotated[
        str, typer.Option(metavar="KEY", help="What `kiosk bootstrap-key` prints: seals to it.")
    ] = "",
    key: KeyFile = _DEFAULT_KEY,
    key_passphrase_file: KeyPassphraseFile = None,
    server: Server = None,
    hours: Hours = None,
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a claim and the code for one kiosk, as a picture for a phone or a page for the bin."""
    with one_line_errors():
        _check_form(out)
        fleet = FleetFolder(folder)
        place = server_of(server, fleet)
        row = _row(fleet, name, bootstrap)
        wifi = wifi_of(ssid, wifi_password_file, hidden=hidden)
        private = operator_key.opened(key, key_passphrase_file)
        terms = Terms(*broker_of(broker), wifi, private, int(time.time()))
        claims = Claims(place, pin_of(fleet))
        _files(out, [code_for(claims.tried(row), terms)])
        registrar = registrar_of(folder, passphrase_file)
        made = code_for(many.by_claim(registrar, place, claims.pin, hours)(row), terms)
        _write(_files(out, [made]))
        _say(made, out)


@onboarding_app.command("codes")
def make_codes(  # noqa: PLR0913 - a command has as many arguments as options
    file: Annotated[
        Path,
        typer.Argument(
            metavar="CSV", help="Columns site, device, title, bootstrap, ssid, wifi password."
        ),
    ],
    broker: BrokerName,
    out: Annotated[
        Path, typer.Option(metavar="PATH", help="A .pdf with a page each, or a folder of pictures.")
    ],
    ssid: Ssid = None,
    wifi_password_file: WifiPassword = None,
    *,
    hidden: Hidden = False,
    key: KeyFile = _DEFAULT_KEY,
    key_passphrase_file: KeyPassphraseFile = None,
    server: Server = None,
    hours: Hours = None,
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that are enrolled, or whose claim waits.")
    ] = False,
) -> None:
    """Make claims and codes for all kiosks of a fleet file; those that have one are left alone."""
    with one_line_errors():
        if out.exists() or out.suffix not in {"", ".pdf"}:
            raise ProvisioningError(f"{out}: is there, or neither a .pdf nor a folder's name")
        rows, fleet = fleet_file.read(file), FleetFolder(folder)
        place = server_of(server, fleet)
        wifi = wifi_of(ssid, wifi_password_file, hidden=hidden)
        private = operator_key.opened(key, key_passphrase_file)
        terms = Terms(*broker_of(broker), wifi, private, int(time.time()))
        claims = Claims(place, pin_of(fleet))
        _files(out, list(codes([claims.tried(row) for row in rows], terms)))
        registrar = registrar_of(folder, passphrase_file)
        make = many.by_claim(registrar, place, claims.pin, hours)
        found = list(many.enrol(registrar, rows, make, int(time.time()), again=again))
        made = list(codes(found, terms))
        _write(_files(out, made))
        for each in made:
            _say(each, out)
        for left in (each for each in found if each.code is None):
            typer.echo(f"{left.row.name}: {left.done}; left alone (--again makes a new one)")


def _row(fleet: FleetFolder, name: str, bootstrap: str) -> Row:
    site, device = names.split(name)
    if bootstrap:
        try:
            read_public(bootstrap)
        except OnboardingError as error:
            raise ProvisioningError(f"--bootstrap: {error}") from None
    with closing(fleet.roll()) as roll:
        return Row(site, device, roll.titles().get(site, ""), bootstrap)


def _check_form(out: Path) -> None:
    if out.suffix not in _FORMS:
        raise ProvisioningError(f"{out}: name a file that ends with {', '.join(_FORMS)}")


def _files(out: Path, made: Sequence[Onboarding]) -> dict[Path, bytes]:
    """Return what is written where: one file with all of them, or a folder of pictures.

    Raises:
        ProvisioningError: One cannot be drawn; so this is asked before a claim is made.
    """
    if out.suffix == ".pdf":
        from provisioning.onboarding.sheet import pdf  # noqa: PLC0415 - only paper needs it

        return {out: pdf(made)} if made else {}
    if out.suffix == ".png":
        return {out: png(made[0].text)}
    if out.suffix == ".txt":
        return {out: f"{made[0].text}\n".encode()}
    return {
        out / each.made.row.site / f"{each.made.row.device}.png": png(each.text) for each in made
    }


def _write(files: dict[Path, bytes]) -> None:
    for path, raw in files.items():
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ProvisioningError(f"{path}: cannot be made: {error.strerror}") from None
        write(path, raw)


def _say(made: Onboarding, out: Path) -> None:
    if made.is_open:
        said = "whoever sees it can read the Wi-Fi password"
    elif made.wifi is not None and made.wifi.password is not None:
        said = "the Wi-Fi password is sealed to this kiosk"
    else:
        said = "no password is in it"
    until = shown(made.made.until_s)
    typer.echo(f"{made.made.row.name}: {out}, good once, until {until}; {said}")
