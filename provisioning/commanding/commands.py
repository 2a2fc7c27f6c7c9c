"""`kiosk-provision command`: find a kiosk, test its lights, turn it, restart it, slow all down.

One line for each kiosk says what it answered; the exit code is 0 when all of them did what they
were told.
"""

import re
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kiosk.commands.form import CommandName
from kiosk.door.event import source_of
from provisioning import operator_key
from provisioning.command_line import PassphraseFile, one_line_errors
from provisioning.commanding.exchange import Exchange, Orders
from provisioning.errors import ProvisioningError
from provisioning.lists import drain as rates
from provisioning.lists.publish import Post, broker_in

PATIENCE_S = 10.0

command_app = typer.Typer(
    help="Commands to kiosks: signed, over a broker, each answered.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Kiosks = Annotated[
    list[str], typer.Argument(metavar="SITE/DEVICE...", help="The kiosks, such as hk-042/door-1.")
]
BrokerFile = Annotated[
    Path,
    typer.Option(
        "--broker",
        metavar="FILE",
        help="TOML: host, port, tls, ca_file, ... as in a kiosk's [uplink].",
    ),
]
KeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The key, made by `command key`.")
]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for each answer.")]

_DEFAULT_KEY = Path("commands.pem")
_LISTS_KEY = Path("operator.pem")
_LISTS_FOLDER = Path("lists")
_KIOSK = re.compile(r"([a-z0-9][a-z0-9-]{0,62})/([a-z0-9][a-z0-9-]{0,62})")


class To(StrEnum):
    """Where a kiosk can be turned."""

    IN = "in"
    OUT = "out"
    SETTINGS = "settings"


@command_app.command("key")
def make_key(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The new key.")] = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make the key with which commands are signed, and beside it the public one for kiosks."""
    with one_line_errors():
        public_path, name = operator_key.make(path, passphrase_file)
        typer.echo(f"{path}: whoever has it and its passphrase commands the kiosks that name it")
        typer.echo(f"{public_path}: key {name}, for commands.signers of those kiosks")


@command_app.command()
def identify(
    kiosks: Kiosks,
    broker: BrokerFile,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
    wait: Wait = PATIENCE_S,
) -> None:
    """Let a kiosk flash and sound until somebody has found it."""
    _tell(CommandName.IDENTIFY, {}, kiosks, broker, (key, passphrase_file, wait))


@command_app.command("test-lights")
def show_lights(
    kiosks: Kiosks,
    broker: BrokerFile,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
    wait: Wait = PATIENCE_S,
) -> None:
    """Let a kiosk show every signal in turn; green never without red, as nothing is recorded."""
    _tell(CommandName.TEST_LIGHTS, {}, kiosks, broker, (key, passphrase_file, wait))


@command_app.command()
def direction(
    kiosks: Kiosks,
    broker: BrokerFile,
    to: Annotated[To, typer.Option("--to", help="settings: as its settings say.")],
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
    wait: Wait = PATIENCE_S,
) -> None:
    """Let a kiosk count people in or out, until it is told otherwise."""
    _tell(CommandName.DIRECTION, {"to": to.value}, kiosks, broker, (key, passphrase_file, wait))


@command_app.command()
def restart(
    kiosks: Kiosks,
    broker: BrokerFile,
    key: KeyFile = _DEFAULT_KEY,
    passphrase_file: PassphraseFile = None,
    wait: Wait = PATIENCE_S,
) -> None:
    """Let a kiosk's program end in order and be started again."""
    _tell(CommandName.RESTART, {}, kiosks, broker, (key, passphrase_file, wait))


@command_app.command()
def drain(
    broker: BrokerFile,
    hz: Annotated[
        float | None, typer.Option("--hz", help="Events a second that one kiosk may send.")
    ] = None,
    *,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Let each kiosk's own settings hold again.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Where the lists are kept.")
    ] = _LISTS_FOLDER,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The key of the lists.")
    ] = _LISTS_KEY,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Tell all kiosks how fast to send: `lists drain`, and of `lists publish` the rate, in one."""
    with one_line_errors():
        if (hz is None) != withdraw:
            raise ProvisioningError("give --hz, or --withdraw")
        settings, private = broker_in(broker), operator_key.opened(key, passphrase_file)
        with Post(settings) as post:
            rate = rates.make(folder, hz, private, int(time.time()))
            rates.publish(post, rates.read(folder) or b"")
        typer.echo(f"drain: version {rate.version}, {rates.words_of(rate)}, sent to all kiosks")


def _tell(
    name: CommandName,
    arguments: dict[str, str],
    kiosks: list[str],
    broker: Path,
    how: tuple[Path, Path | None, float],
) -> None:
    key, passphrase_file, wait_s = how
    with one_line_errors():
        sources = {each: _source(each) for each in kiosks}
        settings = broker_in(broker)
        orders = Orders(name, arguments, operator_key.opened(key, passphrase_file))
        with Exchange(settings, wait_s) as exchange:
            done = [_ask(exchange, each, source, orders) for each, source in sources.items()]
    if not all(done):
        raise typer.Exit(1)


def _ask(exchange: Exchange, kiosk: str, source: str, orders: Orders) -> bool:
    """Command one kiosk and say in one line what became of it; tell whether it was done."""
    try:
        reply, took_s = exchange.ask(source, orders)
    except ProvisioningError as error:
        typer.echo(f"{kiosk}: {error}", err=True)
        return False
    took = f"answered after {took_s * 1000:.0f} ms"
    if reply.done:
        typer.echo(f"{kiosk}: {orders.name}: {reply.words} ({took})")
    else:
        typer.echo(f"{kiosk}: refused ({reply.refusal}): {reply.words} ({took})", err=True)
    return reply.done


def _source(kiosk: str) -> str:
    match = _KIOSK.fullmatch(kiosk)
    if match is None:
        raise ProvisioningError(f"{kiosk}: no kiosk; write SITE/DEVICE, such as hk-042/door-1")
    return source_of(match[1], match[2])
