"""Is anything lost that was shown green, whatever is killed or goes wrong between door and ledger?

Real kiosks, mosquitto with its defaults and the real ledger run side by side, a row of the matrix
for each fault and one for all together; then what was shown is held against what is stored. Two
controls, the kiosk without one of its promises each, must lose where the matrix says so. They go on
until their fault had its chances, counted in events; only then does a loss of nothing say anything.
"""

import argparse
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.chaos.plan import ACTIVE_AT_ONCE, Row, Share, matrix, shares
from benchmarks.chaos.processes import Cradle
from benchmarks.chaos.ran import Ran
from benchmarks.chaos.report import broken, page, remarks, summary, table
from benchmarks.chaos.slots import Slots
from benchmarks.chaos.world import Called, Frame, World

EVENTS = 30_000
MINUTES = 5.0
_LOOK_S = 0.5


def run(rows: Sequence[Row], parts: dict[Row, Share], frame: Frame) -> list[Ran]:
    """Run rows side by side; returns what became of each, in the order of `rows`.

    Raises:
        Called: The run was called off.
    """
    with ThreadPoolExecutor(len(rows), "world") as pool:
        futures: dict[Future[Ran], Row] = {
            pool.submit(World(row, parts[row], frame).run): row for row in rows
        }
        try:
            for future in as_completed(futures):
                say(summary(future.result()))
        except BaseException:
            # One world that failed ends all: what is left would only take its time.
            frame.off.set()
            raise
    return [future.result() for future in futures]


def chosen(names: Sequence[str]) -> tuple[Row, ...]:
    """Return the rows of the matrix that hold one of these words in their name; none: all."""
    return tuple(row for row in matrix() if not names or any(name in row.place for name in names))


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def folder_for(parent: Path | None, *, keep: bool) -> Iterator[Path]:
    """Give a folder for all disks; it is gone afterwards, unless somebody wants to look at it."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-loss-", dir=parent))
    try:
        yield folder
    finally:
        if keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def called_off_by_signals(off: threading.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the run in order."""
    before = {
        number: signal.signal(number, lambda *_: off.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loss", description=__doc__)
    add = parser.add_argument
    add(
        "--events", type=int, default=EVENTS, metavar="N", help="so many green, in all rows of ours"
    )
    add("--kills", type=int, default=0, metavar="N", help="at least so many, in all rows of ours")
    add("--minutes", type=float, default=MINUTES, metavar="M")
    add("--seed", type=int, default=1, metavar="S")
    add("--row", action="append", default=[], metavar="WORDS", help="only rows with these words")
    add("--database", metavar="URL", help="a PostgreSQL server for the ledgers; else SQLite")
    add("--folder", type=Path, metavar="FOLDER", help="where the disks of all programs are")
    add("--keep", action="store_true", help="leave the folder there, to look for a cause")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    add("--page", type=Path, metavar="FILE", help="put the table into this page")
    return parser.parse_args(given)


def command_of(options: argparse.Namespace) -> str:
    """Return the command that makes such a run again; where it wrote to is nobody's concern.

    >>> command_of(_arguments(["--minutes", "2", "--row", "ours-cut", "--folder", "somewhere"]))
    'python -m benchmarks.loss --minutes 2 --events 30000 --seed 1 --row ours-cut'
    """
    words = f"--minutes {options.minutes:g} --events {options.events} --seed {options.seed}"
    kills = [f"--kills {options.kills}"] if options.kills else []
    only = [f"--row {row}" for row in options.row]
    return " ".join(["python -m benchmarks.loss", words, *kills, *only])


def told(ran: Sequence[Ran], options: argparse.Namespace, took_s: float) -> dict[str, Any]:
    """Return the figures as JSON holds them."""
    rows = [
        {
            "variant": each.row.variant.value,
            "fault": each.row.name,
            **asdict(each.judgement),
            "kills": each.kills,
            "pauses": each.pauses,
            "cuts": each.cuts,
            "sent_again": each.repeated,
            "receive_maximum_exceeded": each.exceeded,
            "chances": each.chances,
            "chances_wanted": each.row.chances,
            "active_s": round(each.active_s, 1),
            "settled_s": None if each.settled_s is None else round(each.settled_s, 1),
            "restarted": each.restarted,
            "still_came": each.still_came,
            "ends": each.ends,
            "remarks": each.remarks,
            "verdict": each.verdict.value,
            "kept": each.kept,
        }
        for each in ran
    ]
    return {"seed": options.seed, "minutes": options.minutes, "took_s": round(took_s), "rows": rows}


def main(given: Sequence[str] | None = None) -> int:
    """Run the matrix; return 1 when ours lost anything, a control nothing, or not all is told."""
    options = _arguments(sys.argv[1:] if given is None else given)
    rows = chosen(options.row)
    if not rows:
        say("no row has these words in its name: " + ", ".join(row.place for row in matrix()))
        return 1
    begun_s = time.monotonic()
    off = threading.Event()
    try:
        with (
            folder_for(options.folder, keep=options.keep) as folder,
            called_off_by_signals(off),
            Cradle() as cradle,
        ):
            frame = Frame(
                Path(folder), cradle, options.seed, options.database,
                Slots(ACTIVE_AT_ONCE, rows, off), off,
            )  # fmt: skip
            ran = run(rows, shares(rows, options.minutes, options.events, options.kills), frame)
    except Called:
        say("called off")
        return 130
    took_s = time.monotonic() - begun_s
    wrong = broken(ran, options.events, options.kills)
    say(table(ran))
    for line in (*remarks(ran), *wrong):
        say(line)
    say(f"{took_s:.0f} s; seed {options.seed}; {'NOT as promised' if wrong else 'as promised'}")
    if options.json is not None:
        text = json.dumps(told(ran, options, took_s), indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.page is not None:
        before = options.page.read_text(encoding="utf-8")
        words = command_of(options)
        options.page.write_text(page(before, ran, words, took_s), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
