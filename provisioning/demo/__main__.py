"""`bash provisioning/demo.sh`: see the door work, without a Pi."""

import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from kiosk.door.event import source_of
from provisioning.broker import Broker
from provisioning.demo.cases import CASES
from provisioning.demo.door import DEVICE, SITE, DoorProcess
from provisioning.demo.pictures import play_pictures
from provisioning.demo.play import DoorEndedError, Outcome, Play, Stage, wait_until_ready
from provisioning.demo.screen import Screen
from provisioning.demo.subscriber import Subscriber
from provisioning.demo.summary import Summary, recorded_ids, summarise, table

EXIT_INTERRUPTED = 130


def demo(
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the summary to this file.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Play the pictures in this folder instead.")
    ] = None,
    gif: Annotated[Path | None, typer.Option(help="Draw the run as an animated picture.")] = None,
    *,
    forever: Annotated[bool, typer.Option(help="Begin again until Ctrl-C.")] = False,
) -> None:
    """Hold up cards before the real daemon on mock pins, with a real broker on loopback."""
    screen = Screen()
    try:
        with tempfile.TemporaryDirectory(prefix="kiosk-demo-") as folder:
            if pictures is not None:
                summary = _pictures(Path(folder), pictures, screen)
            else:
                summary = _cards(Path(folder), screen, gif, forever=forever)
    except KeyboardInterrupt:
        screen.say("\ninterrupted: everything that was started has been stopped")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except (DoorEndedError, RuntimeError, OSError) as error:
        screen.say(f"the demonstration failed: {error}")
        raise typer.Exit(1) from None
    if json_file is not None:
        json_file.write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    screen.say(f"\n{table(summary)}")
    failed = bool(summary["lost"] or summary["not_as_expected"])
    screen.say("something was lost or not as expected" if failed else "nothing was lost")
    raise typer.Exit(int(failed))


def _cards(folder: Path, screen: Screen, gif: Path | None, *, forever: bool) -> Summary:
    stage = Stage(folder / "stage.json")
    outcomes: list[Outcome] = []
    camera = f'kind = "synthetic"\nstage = "{stage.path}"\nfps = 15'
    with _door(folder, camera, screen) as (door, subscriber):
        play = Play(door, subscriber, stage, screen.outcome)
        while True:
            outcomes += [play.case(case) for case in CASES]
            if not forever:
                break
    summary = summarise(outcomes, door.outbox, subscriber)
    if gif is not None:
        from provisioning.demo.animation import draw_run  # noqa: PLC0415 - Pillow only for this

        draw_run(outcomes, gif, folder)
        screen.say(f"drawn: {gif}")
    return summary


def _pictures(folder: Path, pictures: Path, screen: Screen) -> Summary:
    camera = f'kind = "replay"\nfolder = {json.dumps(str(pictures.resolve()))}\nfps = 20'
    with _door(folder, camera, screen) as (door, subscriber):
        outcomes, read = play_pictures(door, subscriber, pictures, screen.say)
    return {**summarise(outcomes, door.outbox, subscriber), **read}


@contextmanager
def _door(folder: Path, camera: str, screen: Screen) -> Iterator[tuple[DoorProcess, Subscriber]]:
    """Run broker, subscriber and door; all are gone afterwards, whatever happens."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(Broker(folder))
        subscriber = Subscriber(running.port, source_of(SITE, DEVICE))
        stack.callback(subscriber.close)
        door = DoorProcess(folder, running.port, camera)
        stack.callback(door.stop)
        screen.say(f"MOCK pins; mosquitto on 127.0.0.1:{running.port}; the door is starting")
        wait_until_ready(door, subscriber)
        screen.say("ready\n")
        yield door, subscriber
        # Nothing may be under way when the figures are taken: the door first, then its events.
        door.stop()
        subscriber.wait_for(recorded_ids(door.outbox), 5.0)


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # A shell that starts us in the background ignores SIGINT for us; SIGTERM means the same.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(demo)
    app(prog_name="bash provisioning/demo.sh", args=sys.argv[1:])
