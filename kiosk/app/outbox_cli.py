"""`kiosk outbox`: look into the outbox, get its events out, have them delivered again.

For a technician, on a running kiosk and on a card from a dead one. What is printed holds no handle;
what is exported does, and says so.
"""

import contextlib
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.app import payload_source
from kiosk.app.command_errors import EXIT_TROUBLE, one_line_errors
from kiosk.app.config_problems import one_line
from kiosk.app.settings import DEFAULT_PATH, load_kiosk
from kiosk.errors import OutboxError, SettingsError

if TYPE_CHECKING:
    # Only the commands import it: the eye runs from the same program and holds no outbox.
    from kiosk.outbox.sqlite import Settings, SqliteOutbox
    from kiosk.outbox.store.reading import Account

_DAY_S = 86400
_HANDLE = re.compile(r"[0-9a-f]{32}")
_TRIES, _PAUSE_S = 20, 0.1

outbox_app = typer.Typer(
    help="Look into the outbox, rescue its events, have them delivered again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The settings file that names the outbox.")
]
OutboxFile = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="Read this outbox file; no settings are needed."),
]


@outbox_app.command()
def status(
    config: ConfigFile = DEFAULT_PATH,
    file: OutboxFile = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Read the whole file; exit with 1 if it is damaged.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how much waits, for how long, and whether the file is whole."""
    from kiosk.outbox.store import reading  # noqa: PLC0415 - the eye must not import this

    with one_line_errors():
        account = reading.account(_path(config, file), check=check)
        if as_json:
            typer.echo(json.dumps(asdict(account), indent=1))
        else:
            for name, value in _told(account):
                typer.echo(f"{name:16}{value}")
        if account.integrity not in (None, "ok"):
            raise typer.Exit(EXIT_TROUBLE)


def _told(account: "Account") -> Iterator[tuple[str, str]]:
    yield "epoch", f"{account.epoch}, numbered up to {account.last_seq}"
    yield "events", str(account.rows)
    yield "unsent", str(account.unsent)
    yield "unacknowledged", str(account.unacknowledged)
    waited_s = account.oldest_unsent_s
    yield "oldest unsent", "none" if waited_s is None else f"{waited_s / 3600:.1f} hours"
    yield "age", f"{account.age_s / _DAY_S:.1f} days"
    yield "size", f"{account.size_bytes / 1e6:.1f} MB"
    yield "schema version", str(account.schema_version)
    yield "integrity", account.integrity or "not checked (--check)"
    yield "set aside", ", ".join(account.damaged_files) or "none"


@outbox_app.command("list")
def list_events(config: ConfigFile = DEFAULT_PATH, file: OutboxFile = None) -> None:
    """Print one line for each event: number, time, verdict, reason and state; nobody's handle."""
    from kiosk.outbox.store import reading  # noqa: PLC0415 - the eye must not import this

    with one_line_errors():
        for line in reading.lines(_path(config, file)):
            shown = (
                f"{line.epoch}:{line.seq}",
                line.time or "unreadable",
                line.verdict or line.name,
                line.reason or "-",
                f"{line.state}, expired" if line.expired else line.state,
            )
            typer.echo("\t".join(shown))


@outbox_app.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write, a line each.")],
    config: ConfigFile = DEFAULT_PATH,
    file: OutboxFile = None,
    *,
    unacknowledged: Annotated[
        bool, typer.Option("--unacknowledged", help="Only what no ledger has acknowledged.")
    ] = False,
) -> None:
    """Write the events, byte for byte, one a line; of a damaged file all that can be read.

    The file holds handles: treat it as a list of residents.
    """
    from kiosk.outbox.store import reading  # noqa: PLC0415 - the eye must not import this

    with one_line_errors():
        path = _path(config, file)
        count = _write(target, reading.bodies(path, unacknowledged=unacknowledged))
        typer.echo(f"{one_line(str(target))}: {count} events")


@outbox_app.command()
def resend(
    config: ConfigFile = DEFAULT_PATH,
    epoch: Annotated[
        str | None, typer.Option("--epoch", help="Only events of this epoch; else of each.")
    ] = None,
    from_seq: Annotated[
        int, typer.Option("--from", metavar="SEQ", min=1, help="From this number on.")
    ] = 1,
) -> None:
    """Have what was sent delivered once more; the running kiosk does it."""
    from kiosk.outbox.sqlite import build  # noqa: PLC0415 - see above

    with one_line_errors():
        settings = _settings(config)
        if not settings.path.is_file():
            raise OutboxError(f"{settings.path}: there is no outbox")
        # A sibling never sets a file aside: that is for the door to do.
        outbox = build(settings, "").sibling()
        try:
            typer.echo(f"{outbox.resend(epoch, from_seq)} events will be sent again")
        finally:
            outbox.close()


@outbox_app.command()
def erase(
    handle: Annotated[
        list[str],
        typer.Option("--handle", metavar="HANDLE", help="32 hex digits; as often as it takes."),
    ],
    config: ConfigFile = DEFAULT_PATH,
) -> None:
    """Blank a person's events, whatever their age; their numbers stay. Works beside the kiosk."""
    with one_line_errors():
        if not all(_HANDLE.fullmatch(each) for each in handle):
            raise OutboxError("a handle is 32 hex digits; kiosk-provision keys handle computes it")
        with _beside(_settings(config)) as outbox:
            count = sum(outbox.erase(each) for each in handle)
            typer.echo(f"{count} events are blank now")


@outbox_app.command()
def forget(config: ConfigFile = DEFAULT_PATH) -> None:
    """Forget when the card on standard input passed, and how often. Then restart the kiosk."""
    from kiosk.app.outbox_person import mark_in  # noqa: PLC0415 - see above

    with one_line_errors():
        own = load_kiosk(config, os.environ)
        mark = mark_in(_payload(), own)
        with _beside(_settings(config)) as outbox:
            typer.echo(f"{outbox.forget(mark)} rows are gone; restart the kiosk if it runs")


def _payload() -> bytes:
    """Return what is on standard input: a person's number must not stand on a command line.

    Raises:
        OutboxError: There is nothing, or more than a code holds.
    """
    try:
        return payload_source.from_stream(sys.stdin.buffer)
    except payload_source.NoPayload as error:
        raise OutboxError(str(error)) from None


@contextlib.contextmanager
def _beside(settings: "Settings") -> Iterator["SqliteOutbox"]:
    """Give the outbox, beside a kiosk that may use it; afterwards no old page is left in its log.

    Raises:
        OutboxError: There is none, and none is made.
    """
    from kiosk.outbox.sqlite import build  # noqa: PLC0415 - see above
    from kiosk.outbox.store import damage  # noqa: PLC0415 - see above

    if not settings.path.is_file():
        raise OutboxError(f"{settings.path}: there is no outbox")
    outbox = build(settings, "").sibling()
    try:
        yield outbox
        if not _try_often(outbox.empty_log):
            typer.echo("the log beside the outbox still holds old pages; restart the kiosk")
    finally:
        outbox.close()
    for each in damage.set_aside_files(settings.path):
        typer.echo(f"{each.name} was set aside, is not searched, and may hold the person")


def _try_often(attempt: Callable[[], bool]) -> bool:
    """Try until it succeeds, for some seconds: the kiosk uses the file in between."""
    for _ in range(_TRIES):
        if attempt():
            return True
        time.sleep(_PAUSE_S)
    return False


def _path(config: Path, file: Path | None) -> Path:
    return _settings(config).path if file is None else file


def _settings(config: Path) -> "Settings":
    from kiosk.outbox.sqlite import Settings  # noqa: PLC0415 - see above

    settings = load_kiosk(config, os.environ).outbox.settings
    if not isinstance(settings, Settings):
        raise SettingsError(f"{config}: outbox.kind: only sqlite has a file to look into")
    return settings


def _write(target: Path, bodies: Iterator[bytes]) -> int:
    """Write all of it or nothing, readable by its owner only; returns how many."""
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}.draft")
    count = 0
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for body in bodies:
                out.write(body + b"\n")
                count += 1
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    except OSError as error:
        why = f"{target}: cannot be written: {error.strerror or 'unknown reason'}"
        raise OutboxError(why) from error
    finally:
        # A disk that takes no writes refuses this too, and has been told of above.
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return count
