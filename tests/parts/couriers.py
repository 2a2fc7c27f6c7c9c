"""Couriers as the tests want them: the policy alone, connected, with rows in flight."""

from kiosk.uplink import Connected
from kiosk.uplink.delivery.pace import Pace
from kiosk.uplink.delivery.policy import Courier


def ungoverned() -> Pace:
    """Return a pace that no test reaches."""
    return Pace(drain_hz=1e9)


def connected(receive_maximum: int = 65535, at_s: float = 0.0, jitter: float = 1.0) -> Courier:
    """Return a courier that a broker has just accepted."""
    courier = Courier(jitter=lambda: jitter, pace=ungoverned())
    courier.begin(at_s)
    courier.report(Connected(receive_maximum), at_s)
    return courier


def send(courier: Courier, count: int, at_s: float, first: int = 1) -> None:
    """Let `count` rows be in flight."""
    for row in range(first, first + count):
        courier.sent(row, at_s)
