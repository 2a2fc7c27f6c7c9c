"""One process that drains a queue: `bare` counts, a ledger stores. Told by `benchmarks.ledger`.

It says `ready` when everything is loaded, begins at a line on standard input, and ends with a JSON
line: how many, in how many seconds of the clock and of this process's own.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ledger import logs
from ledger.ingest import Ingest, spare_the_collector
from ledger.source import Limits
from ledger.sources import mqtt
from ledger.storage.opening import Database

RECEIVE_MAXIMUM = 2000
EXPIRY_S = 3600
BARE = "bare"


def connect_properties() -> Properties:
    """Return what every session here is made with."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = EXPIRY_S
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties


def count(port: int, name: str, expected: int) -> Callable[[], int]:
    """Return what receives `expected` messages and only counts them."""
    finished = threading.Event()
    seen = 0

    def heard(_client: paho.Client, _userdata: Any, _message: paho.MQTTMessage) -> None:
        nonlocal seen
        seen += 1
        if seen == expected:
            finished.set()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5)
    client.on_message = heard

    def run() -> int:
        client.connect("127.0.0.1", port, clean_start=False, properties=connect_properties())
        client.loop_start()
        finished.wait()
        return seen

    return run


def store(port: int, name: str, group: str, expected: int, address: str) -> Callable[[], int]:
    """Return what stores messages until there are `expected` in all, as `kiosk-ledger ingest`."""
    logs.configure("text", "error")
    settings = mqtt.Settings(
        host="127.0.0.1",
        port=port,
        tls=False,
        client_id=name,
        group=group or None,
        receive_maximum=RECEIVE_MAXIMUM,
        session_expiry_s=EXPIRY_S,
    )
    database = Database(address)
    database.migrate()
    worker = Ingest(mqtt.build(settings, Limits()), database.storage())
    spare_the_collector()

    def run() -> int:
        worker.start()
        while worker.counts.fresh < expected:
            worker.step()
        return worker.counts.fresh

    return run


def main(arguments: list[str]) -> int:
    """Drain as told: KIND PORT SESSION GROUP EXPECTED [ADDRESS]."""
    kind, port, name, group, expected, *rest = arguments
    if kind == BARE:
        run = count(int(port), name, int(expected))
    else:
        run = store(int(port), name, group, int(expected), rest[0])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began_s, cpu_s = time.monotonic(), time.process_time()
    messages = run()
    took_s, used_s = time.monotonic() - began_s, time.process_time() - cpu_s
    sys.stdout.write(json.dumps({"messages": messages, "took_s": took_s, "cpu_s": used_s}) + "\n")
    sys.stdout.flush()
    # Nothing is to be told to anybody any more; threads of libraries would only delay the end.
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
