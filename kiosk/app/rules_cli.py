"""`kiosk rules explain`: would this card pass here, and what does each rule say of it?

For a technician and a venue. The payload comes from standard input or from a picture, never from
the command line, which others can read; nothing that is printed tells whose card it is. Nothing is
recorded and no file is changed.
"""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kiosk.app import payload_source
from kiosk.app.config_problems import one_line
from kiosk.app.settings import DEFAULT_PATH, load_kiosk
from kiosk.errors import OutboxError

MOST_INSIDE = 100_000
EXIT_REFUSED = 1
EXIT_UNANSWERED = 2

rules_app = typer.Typer(
    help="Try the rules of this door.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@rules_app.callback()
def _group() -> None:
    """Keep `explain` a command of its own."""


ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The settings file of the door.")
]
Picture = Annotated[
    Path | None,
    typer.Option("--picture", metavar="FILE", help="Read the code in this picture instead."),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="Judge as at 2026-11-22T08:00+07:00.")
]
Inside = Annotated[
    int | None,
    typer.Option("--inside", min=0, max=MOST_INSIDE, help="Judge as if so many were inside."),
]
OutboxFile = Annotated[
    Path | None, typer.Option("--outbox", metavar="FILE", help="Who passed: this outbox file.")
]
NoClock = Annotated[
    bool, typer.Option("--no-clock", help="Judge as if nothing had synchronised the clock.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@rules_app.command()
def explain(
    config: ConfigFile = DEFAULT_PATH,
    picture: Picture = None,
    at: At = None,
    inside: Inside = None,
    outbox: OutboxFile = None,
    *,
    no_clock: NoClock = False,
    as_json: AsJson = False,
) -> None:
    """Say what each rule says of the payload on standard input; exit with 1 where it is refused."""
    # The eye runs from the same program and must not import lists, keys and the outbox.
    from kiosk.app import rules_explain  # noqa: PLC0415

    if at is not None and no_clock:
        raise typer.BadParameter("give --at or --no-clock, not both")
    time = None if at is None else _time(at)
    settings = load_kiosk(config, os.environ)
    raw = _payload(picture)
    asked = rules_explain.Asked(raw, time, not no_clock, inside, outbox)
    try:
        explained = rules_explain.explain(settings, asked)
    except OutboxError as error:
        typer.echo(one_line(str(error)), err=True)
        raise typer.Exit(EXIT_UNANSWERED) from None
    if as_json:
        typer.echo(json.dumps(explained.as_json(), indent=1, ensure_ascii=False))
    else:
        for line in explained.as_lines():
            typer.echo(line)
    raise typer.Exit(0 if explained.decision.accepted else EXIT_REFUSED)


def _payload(picture: Path | None) -> bytes:
    try:
        if picture is None:
            return payload_source.from_stream(sys.stdin.buffer)
        return payload_source.from_picture(picture, os.environ)
    except payload_source.NoPayload as error:
        typer.echo(one_line(str(error)), err=True)
        raise typer.Exit(EXIT_UNANSWERED) from None


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("--at: write a time such as 2026-11-22T08:00+07:00") from None
    if time.tzinfo is None:
        raise typer.BadParameter(f"--at: add the zone, such as {text}+07:00")
    return time
