"""Answers to the broker for a whole batch, in one write."""

import struct
from collections.abc import Iterable

import paho.mqtt.client as paho

_PUBACK = struct.Struct("!BBH")
"""What it is, how long the rest is, which message; nothing more means success."""


def pubacks(packet_ids: Iterable[int]) -> bytes:
    """Return one after the other the PUBACKs of these messages (MQTT 5.0, section 3.4).

    >>> pubacks([1, 258]).hex(" ", 4)
    '40020001 40020102'
    """
    return b"".join([_PUBACK.pack(paho.PUBACK, 2, packet_id) for packet_id in packet_ids])


def send(client: paho.Client, packets: bytes) -> None:
    """Hand `packets` to the thread of `client`; from any thread.

    Not `client.ack` for each message: that wakes paho's thread once for every event, and the two
    threads then take the interpreter from each other. It cost a tenth of all that a worker does.
    paho has no public way to send several packets at once.
    """
    client._packet_queue(paho.PUBACK, packets, 0, 1)  # noqa: SLF001 - see above
