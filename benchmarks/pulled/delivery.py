"""Where the guest's events go: a real broker and the real ledger, on a disk that nobody cuts."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pulled.plan import LEDGER
from provisioning.broker import Broker, end

_LOOK_S = 0.05
_SETTINGS = """\
[storage]
url = "sqlite:///{database}"
[source]
kind = "mqtt"
host = "127.0.0.1"
port = {port}
tls = false
"""


@contextlib.contextmanager
def delivering(scratch: Path, share: Path) -> Iterator[int]:
    """Run a broker and a ledger and give the broker's port.

    What the ledger has is taken from the shared folder and put back there.
    """
    database, kept = scratch / LEDGER, share / LEDGER
    if kept.exists():
        shutil.copyfile(kept, database)
    with Broker(scratch, verbose=False) as broker:
        config = scratch / "ledger.toml"
        config.write_text(_SETTINGS.format(database=database, port=broker.port), "utf-8")
        ledger = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "ledger", "ingest", "--config", str(config)],
            stdin=subprocess.DEVNULL,
        )
        try:
            yield broker.port
        finally:
            end(ledger)
    shutil.copyfile(database, kept)


def wait_for(scratch: Path, event_id: str, patience_s: float) -> None:
    """Wait until the ledger has everything up to an event.

    Raises:
        TimeoutError: It does not get it.
    """
    epoch, _, seq = event_id.partition(":")
    by_s = time.monotonic() + patience_s
    while stored_in(scratch / LEDGER).get(epoch, 0) < int(seq):
        if time.monotonic() > by_s:
            raise TimeoutError("the ledger does not get what was shown green")
        time.sleep(_LOOK_S)


def stored_in(ledger: Path) -> dict[str, int]:
    """Return for each epoch up to which number a ledger has everything; nothing where none is."""
    if not ledger.exists():
        return {}
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        try:
            return dict(db.execute("SELECT epoch, upto FROM series"))
        except sqlite3.OperationalError:
            # It has just been made, and has no tables yet.
            return {}
