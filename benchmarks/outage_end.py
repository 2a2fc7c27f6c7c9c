"""The end of an outage: the outbox meets a broker and a ledger, and every event must arrive.

The real courier, mosquitto with its default settings, and `kiosk-ledger ingest` on SQLite.
"""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kiosk.door.event import ClockReading
from kiosk.outbox.sqlite import SqliteOutbox
from kiosk.uplink import mqtt
from kiosk.uplink.courier import CourierState, CourierThread
from provisioning.broker import Broker, end

_FASTEST_HZ = 10_000.0
_LOOK_S = 1.0
_CONFIG = """
[storage]
url = "sqlite:///{database}"
[source]
kind = "mqtt"
host = "127.0.0.1"
port = {port}
tls = false
[log]
level = "error"
"""


def deliver(
    outbox: SqliteOutbox,
    source: str,
    reading: Callable[[], ClockReading],
    folder: Path,
    patience_s: float,
) -> int:
    """Drain `outbox` until the ledger has acknowledged all of it; return its rows in the ledger.

    What has not arrived after `patience_s` is missing from the number.
    """
    database = folder / "ledger.db"
    broker = Broker(folder, verbose=False)
    broker.start()
    try:
        with _ledger(folder, database, broker.port):
            _drain(outbox, source, reading, broker.port, patience_s)
    finally:
        broker.stop()
    with closing(sqlite3.connect(database)) as db:
        stored: int = db.execute("SELECT count(*) FROM event").fetchone()[0]
    return stored


def _drain(
    outbox: SqliteOutbox,
    source: str,
    reading: Callable[[], ClockReading],
    port: int,
    patience_s: float,
) -> None:
    uplink = mqtt.build(
        mqtt.Settings(host="127.0.0.1", port=port, tls=False), source, b'{"online":false}'
    )
    courier = CourierThread(
        outbox.sibling,
        uplink,
        time.monotonic,
        _unheard,
        reading=reading,
        drain_hz=_FASTEST_HZ,
    )
    courier.start()
    try:
        until_s = time.monotonic() + patience_s
        waiting = threading.Event()
        while outbox.depth().unacknowledged and time.monotonic() < until_s:
            waiting.wait(_LOOK_S)
    finally:
        courier.close(b'{"online":false}', 5.0)


def _unheard(state: CourierState) -> None:
    """Ask the outbox, which knows what arrived; not the courier."""
    del state


@contextmanager
def _ledger(folder: Path, database: Path, port: int) -> Iterator[None]:
    config = folder / "ledger.toml"
    config.write_text(_CONFIG.format(database=database, port=port), encoding="utf-8")
    command = [sys.executable, "-m", "ledger", "ingest", "--config", str(config)]
    process = subprocess.Popen(command)  # noqa: S603 - our own program
    try:
        yield
    finally:
        end(process)
