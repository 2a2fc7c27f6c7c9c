"""The command `kiosk-ledger`: every command takes `--config FILE`, and fails in one line.

The packages that store are loaded by the commands that need them.
"""

import getpass
import json
import os
import signal
import sys
import time
import unicodedata
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk import __version__
from ledger import logs, settings, shown
from ledger.errors import EXIT_SETTINGS, LedgerError, SettingsError

if TYPE_CHECKING:
    from ledger.persons import Asking
    from ledger.storage.opening import Database

app = typer.Typer(
    name="kiosk-ledger",
    help="The receiving end: stores what kiosks send, each event once, and tells them so.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)

_POLL_S = 0.5
_DAY_S = 86400.0
_EXPIRE_AT_ONCE = 1000

Config = Annotated[Path, typer.Option("--config", help="The settings file.", show_default=True)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Handles = Annotated[
    list[str] | None,
    typer.Option("--handle", metavar="HANDLE", help="32 hex digits; may be given again."),
]
Reason = Annotated[
    str, typer.Option(help="Why; kept with who asked and which events. Name nobody in it.")
]
Who = Annotated[str | None, typer.Option(help="Who asks; absent: whoever is logged in.")]


@app.command()
def ingest(config: Config = settings.DEFAULT_PATH) -> None:
    """Store what comes in, until SIGTERM."""
    from ledger.alive import Alive  # noqa: PLC0415 - see above
    from ledger.ingest import Ingest, Pace, spare_the_collector  # noqa: PLC0415

    loaded = settings.load(config)
    source = settings.build_source(loaded, config)
    database = _database(config)
    logs.configure(loaded.log.format, loaded.log.level)
    database.migrate()
    retention_s = loaded.storage.retention_days * _DAY_S
    pace = Pace(loaded.ingest.tell_s, loaded.ingest.gap_s, retention_s)
    worker = Ingest(source, database.storage(), pace, alive=Alive(os.environ))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stopping.set())
    spare_the_collector()
    worker.run()


@app.command()
def migrate(config: Config = settings.DEFAULT_PATH) -> None:
    """Bring the tables to the newest version; `ingest` does so too."""
    before, after = _database(config).migrate()
    if before == after:
        typer.echo(f"the tables are of version {after} already")
    else:
        typer.echo(f"the tables are of version {after} now; before: {before or 'none'}")


@app.command()
def kiosks(
    config: Config = settings.DEFAULT_PATH,
    silent: Annotated[
        str, typer.Option(help="Only those without an event for so long: 90s, 30m, 24h, 7d.")
    ] = "0s",
    *,
    as_json: AsJson = False,
) -> None:
    """List kiosks, the most silent first."""
    from ledger import listing  # noqa: PLC0415

    silent_s = shown.seconds(silent)
    lines = listing.kiosks(_database(config), time.time_ns() // 1000, silent_s)
    _print([listing.as_fields(line) for line in lines], as_json=as_json)


@app.command()
def gaps(
    config: Config = settings.DEFAULT_PATH,
    *,
    written_off: Annotated[
        bool, typer.Option("--written-off", help="Those that were given up instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List numbers that are missing; exit code 1 where there are some."""
    from ledger import listing  # noqa: PLC0415

    lines = listing.gaps(_database(config), written_off=written_off)
    _print([listing.as_fields(line) for line in lines], as_json=as_json)
    raise typer.Exit(int(bool(lines) and not written_off))


@app.command()
def tail(
    config: Config = settings.DEFAULT_PATH,
    kiosk: Annotated[str | None, typer.Option(help="Only this one: hk-042/door-1.")] = None,
    count: Annotated[int, typer.Option(help="End after so many; 0: never.")] = 0,
    *,
    handles: Annotated[bool, typer.Option("--handles", help="Show handles too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Follow what comes in, from now on."""
    from ledger import following, listing  # noqa: PLC0415

    follower = following.Tail(_database(config), kiosk, handles=handles)
    sys.stderr.write("following\n")
    left = count or -1
    while left:
        for line in follower.more():
            fields = listing.as_fields(line)
            typer.echo(json.dumps(fields) if as_json else shown.event_line(fields))
            left -= 1
            if not left:
                return
        time.sleep(_POLL_S)


@app.command()
def resend(
    kiosk: Annotated[str, typer.Argument(help="Which one: hk-042/door-1.")],
    first: Annotated[int, typer.Option("--from", min=1, help="The first number wanted again.")],
    config: Config = settings.DEFAULT_PATH,
    epoch: Annotated[str | None, typer.Option(help="Of this epoch; absent: the newest.")] = None,
) -> None:
    """Count the rows of a kiosk anew, and let it send a number and all after it again."""
    from ledger import listing  # noqa: PLC0415

    chosen, missing = listing.ask_again(_database(config), kiosk, first, epoch)
    typer.echo(
        f"{kiosk} is asked for {chosen}:{first} and all after it, by the ledger that runs, within "
        f"seconds; {missing} are missing now"
    )


@app.command("write-off")
def write_off(
    kiosk: Annotated[str, typer.Argument(help="Which one: hk-042/door-1.")],
    last: Annotated[int, typer.Option("--to", min=1, help="The last number that is given up.")],
    config: Config = settings.DEFAULT_PATH,
    epoch: Annotated[str | None, typer.Option(help="Of this epoch; absent: the newest.")] = None,
) -> None:
    """Give up numbers that no longer exist anywhere, so that the kiosk's others can be let go."""
    from ledger import listing  # noqa: PLC0415

    now_us = time.time_ns() // 1000
    chosen, count = listing.write_off(_database(config), kiosk, last, epoch, now_us)
    typer.echo(f"{kiosk}: {count} numbers of {chosen} are given up; see gaps --written-off")


@app.command("open")
def open_events(  # noqa: PLR0913 - each is an option of the command
    key: Annotated[Path, typer.Option(metavar="FILE", help="The authority's private key.")],
    reason: Reason,
    config: Config = settings.DEFAULT_PATH,
    handle: Handles = None,
    event: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="EPOCH:SEQ", help="As tail shows it; may be given again."),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its first line; absent: ask for it.")
    ] = None,
    who: Who = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say whose the chosen events were; leaves an audit line. Exit code 1 where one stays shut."""
    from ledger import authority, persons  # noqa: PLC0415

    opener = authority.authority(key, _passphrase(passphrase_file))
    found = [
        asdict(each)
        for each in persons.open_identities(
            _database(config), opener, _asking(who, reason), handle or [], event or []
        )
    ]
    _print(found, as_json=as_json)
    raise typer.Exit(int(any(each["why_not"] for each in found)))


@app.command()
def erase(
    reason: Reason,
    config: Config = settings.DEFAULT_PATH,
    handle: Handles = None,
    who: Who = None,
) -> None:
    """Blank a person's handles and identities; numbers stay. Leaves an audit line."""
    from ledger import persons  # noqa: PLC0415

    events, unread = persons.erase(_database(config), _asking(who, reason), handle or [])
    typer.echo(f"{events} events and {unread} unread messages are blank now")


@app.command()
def expire(config: Config = settings.DEFAULT_PATH) -> None:
    """Blank what `storage.retention_days` has ended for; `ingest` does so all the time."""
    database = _database(config)
    database.migrate()
    storage = database.storage()
    kept_s = settings.load(config).storage.retention_days * _DAY_S
    try:
        while storage.expire(int((time.time() - kept_s) * 1e6), _EXPIRE_AT_ONCE):
            pass
    finally:
        storage.close()
    typer.echo(f"nothing older than {kept_s / _DAY_S:g} days holds a person any more")


def _asking(who: str | None, reason: str) -> "Asking":
    from ledger.persons import Asking  # noqa: PLC0415

    if not reason.strip():
        raise SettingsError("--reason: say why")
    name = who or os.environ.get("SUDO_USER") or getpass.getuser()
    return Asking(name, reason.strip(), time.time_ns() // 1000)


def _passphrase(file: Path | None) -> str:
    if file is None:
        asked: str = typer.prompt("Passphrase", hide_input=True, err=True)
        return unicodedata.normalize("NFC", asked)
    try:
        # Keyboards write Vietnamese letters in two ways; keys are made with this one.
        first = file.read_text("utf-8").partition("\n")[0].rstrip("\r")
        return unicodedata.normalize("NFC", first)
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{file}: no passphrase can be read from it") from None


def _database(config: Path) -> "Database":
    from ledger.storage.opening import Database  # noqa: PLC0415

    loaded = settings.load(config)
    return Database(loaded.storage.url.get_secret_value())


def _print(lines: list[dict[str, Any]], *, as_json: bool) -> None:
    for text in [json.dumps(line) for line in lines] if as_json else shown.table(lines):
        typer.echo(text)


def _version(value: bool) -> None:  # noqa: FBT001 - typer's callback
    if value:
        typer.echo(f"kiosk-ledger {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; an error of ours is lines on standard error, never a traceback."""
    try:
        app()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_SETTINGS)
    except LedgerError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
