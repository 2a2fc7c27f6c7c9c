"""What a sealed identity costs between the decision and the green light.

`python -m benchmarks.sealing`: the data of an event is made for nobody, for one recipient and for
two, so often that a percentile means something. Wall time, and the processor's own time beside it,
because on a shared machine the first also counts the others.
"""

import sys
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.app.keys import Keys
from kiosk.app.record import check_in
from kiosk.clock.manual import ManualClock, Settings
from kiosk.door.credential import Credential
from kiosk.door.cues import Record
from kiosk.door.event import Direction
from kiosk.door.rules import Decision, Reason, Verdict
from kiosk.identity.sealing import Sealer

_TIMES = 3000
_RECORD = Record(
    Decision(Verdict.ACCEPTED, Reason.OK),
    Credential("cccd", "099090000001"),
    "0" * 32,
    Direction.IN,
    1.0,
)


def measure(recipients: int, times: int = _TIMES) -> tuple[float, float, float, int]:
    """Return median and 99th percentile and the processor's mean, in µs, and the event's bytes."""
    public = [
        X25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(recipients)
    ]
    sealer = Sealer("kiosk/v1/hk-042/door-1", public) if public else None
    keys = Keys(b"s" * 32, b"d" * 32, 1484, sealer)
    clock = ManualClock(Settings()).read()

    def once() -> None:
        check_in(_RECORD, keys, clock)

    size = len(check_in(_RECORD, keys, clock).model_dump_json())
    return *_timed(once, times), size


def _timed(once: Callable[[], None], times: int) -> tuple[float, float, float]:
    took_us = []
    began_s = time.process_time()
    for _ in range(times):
        start_ns = time.perf_counter_ns()
        once()
        took_us.append((time.perf_counter_ns() - start_ns) / 1000)
    processor_us = (time.process_time() - began_s) / times * 1e6
    took_us.sort()
    return took_us[times // 2], took_us[times * 99 // 100], processor_us


def main() -> int:
    """Print a line for each number of recipients."""
    print(f"{'recipients':12}{'p50 µs':>9}{'p99 µs':>9}{'cpu µs':>9}{'bytes':>8}")  # noqa: T201
    for recipients in range(3):
        p50, p99, processor, size = measure(recipients)
        print(f"{recipients:<12}{p50:9.0f}{p99:9.0f}{processor:9.0f}{size:8}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
