"""A broker that holds a queue for each of several sessions, ready to be drained."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.drained import connect_properties
from kiosk.door.credential import Assurance
from kiosk.door.event import CheckIn, ClockReading, Direction, enclose, source_of
from kiosk.door.rules import Reason, Verdict
from ledger.sources.mqtt import EVENTS

KIOSKS = 20
_BEGIN = datetime(2024, 2, 29, 8, 0, tzinfo=UTC)
_BOOT = "00000000-0000-4000-8000-000000000001"
_PATIENCE_S = 120.0
_IN_FLIGHT = 1000


def bodies(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield topic and body of `count` check-ins, of many kiosks by turns, without a gap."""
    for place in range(count):
        kiosk, seq = place % KIOSKS, place // KIOSKS + 1
        source = source_of("hk-bench", f"door-{kiosk}")
        clock = ClockReading(
            utc=_BEGIN + timedelta(seconds=seq), trusted=True, boot=_BOOT, mono_ns=seq * 10**9
        )
        said = CheckIn(
            verdict=Verdict.ACCEPTED,
            reason=Reason.OK,
            direction=Direction.IN,
            kind="cccd",
            assurance=Assurance.UNSIGNED,
            handle=f"{place:032x}",
            clock=clock,
        )
        event = enclose(said, source=source, epoch=f"{kiosk:016x}", seq=seq)
        yield f"{source}/event/checkin", event.model_dump_json().encode()


def subscribe(port: int, session: str, group: str = "") -> None:
    """Begin a session that the broker keeps, and leave it."""
    granted = threading.Event()
    share = f"$share/{group}/" if group else ""
    with _client(port, session) as client:
        client.on_subscribe = lambda *_: granted.set()
        client.subscribe(share + EVENTS, qos=1)
        if not granted.wait(_PATIENCE_S):
            raise RuntimeError("the broker grants no subscription")


def publish(port: int, count: int) -> None:
    """Publish check-ins; returns when the broker has taken over the last one."""
    with _client(port, "") as client:
        last: paho.MQTTMessageInfo | None = None
        for topic, body in bodies(count):
            last = client.publish(topic, body, qos=1)
        if last is not None:
            last.wait_for_publish(_PATIENCE_S)


def forget_acknowledgements(port: int) -> None:
    """Remove what a ledger retained: the next one begins with an empty database."""
    with _client(port, "") as client:
        for kiosk in range(KIOSKS):
            topic = f"{source_of('hk-bench', f'door-{kiosk}')}/ack"
            client.publish(topic, b"", qos=1, retain=True).wait_for_publish(_PATIENCE_S)


@contextmanager
def _client(port: int, session: str) -> Iterator[paho.Client]:
    connected = threading.Event()

    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=session, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(_IN_FLIGHT)
    client.on_connect = lambda *_: connected.set()
    properties = connect_properties() if session else None
    client.connect("127.0.0.1", port, clean_start=not session, properties=properties)
    client.loop_start()
    if not connected.wait(_PATIENCE_S):
        raise RuntimeError("the broker does not answer")
    yield client
    client.disconnect()
    client.loop_stop()
