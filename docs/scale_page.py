"""What a fleet of some size asks of brokers, balancer and ledger: computed, never typed in.

The facts were measured on two shared x86_64 cores, the figures that the kiosk itself decides come
from its own constants. So a table is as good as its facts, and says what a fleet needs within a
factor of two, not to the percent.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kiosk.app.telling import STATUS_EVERY_S
from kiosk.uplink.delivery.connection import BACKOFF_S
from kiosk.uplink.delivery.pace import DRAIN_HZ

PAGE = "docs/howto/broker-at-city-scale.md"
DAY_S = 86_400
VENUES = (50, 5_000, 206_385)
RUSH = 10
OUTAGE_S = DAY_S
CLEARED_IN_S = 3_600
NODES = 3
SPARING_S = 300


@dataclass(frozen=True, slots=True)
class Fact:
    """One number, what it counts, and how it was come by."""

    value: float
    unit: str
    means: str
    source: str


CHECK_INS = Fact(485, "a day", "check-ins at one venue", "100 million a day in 206,385 venues")
HANDSHAKE = Fact(0.0026, "s of a core", "one connection with certificates at both ends", "measured")
MEMORY = Fact(25_000, "bytes", "a broker's memory for one connection with TLS", "measured")
MESSAGE = Fact(8e-6, "s of a core", "a broker takes and hands on one message, no TLS", "measured")
EVENT = Fact(691, "bytes", "an event on the wire", "measured")
STORED = Fact(202, "bytes", "an event in PostgreSQL, with its indexes", "measured")
WORKER = Fact(5_000, "a second", "events that one worker of the ledger stores", "measured")
FACTS = (CHECK_INS, HANDSHAKE, MEMORY, MESSAGE, EVENT, STORED, WORKER)


def text(page: str) -> str:
    """Return the page with the tables between its markers written anew."""
    for name, table in (("facts", facts_table()), ("sizes", sizes_table())):
        begin, end = markers(name)
        before, found_begin, rest = page.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_begin or not found_end:
            raise SystemExit(f"{PAGE}: put the two lines there: {begin} and {end}")
        page = f"{before}{begin}\n{table}\n{end}{after}"
    return page


def markers(name: str) -> tuple[str, str]:
    """Return the lines between which a table stands."""
    return f"<!-- begin: {name}, written by python -m docs.generate -->", f"<!-- end: {name} -->"


def facts_table() -> str:
    """Return what is computed with."""
    own = "the kiosk's own setting or constant"
    spread = f"{BACKOFF_S[0]:g} to {BACKOFF_S[1]:g}"
    rows = [(_amount(f), f.means, f.source) for f in FACTS]
    rows += [
        (f"{STATUS_EVERY_S:g} s", "so often at least a kiosk tells its status, unless told", own),
        (f"{spread} s", "bounds of the random pause before the next attempt to connect", own),
        (f"{DRAIN_HZ:g} a second", "events that one kiosk sends while it works off a queue", own),
    ]
    return _table(("Number", "What it is", "Where it is from"), rows)


def _amount(fact: Fact) -> str:
    if fact.unit.startswith("s "):
        micro = fact.value * 1e6
        return f"{micro / 1000:g} ms" if micro >= 1000 else f"{micro:g} µs"
    return f"{fact.value:,.0f} {fact.unit}"


def sizes_table() -> str:
    """Return what fleets of these sizes ask for, with one kiosk at each venue."""
    columns = [[value for _, value in needs(venues)] for venues in VENUES]
    names = [name for name, _ in needs(VENUES[0])]
    rows = [(name, *values) for name, *values in zip(names, *columns, strict=True)]
    return _table(("Kiosks", *(f"{venues:,}" for venues in VENUES)), rows)


def needs(kiosks: int) -> Iterator[tuple[str, str]]:
    """Yield what so many kiosks ask for.

    >>> dict(needs(206_385))["events a second, mean"]
    '1,159'
    """
    mean_hz = kiosks * CHECK_INS.value / DAY_S
    rush_hz, status_hz = RUSH * mean_hz, kiosks / STATUS_EVERY_S
    reconnect_s = kiosks * HANDSHAKE.value
    longest_s = BACKOFF_S[1]
    waiting = mean_hz * OUTAGE_S
    clearing_hz = mean_hz + waiting / CLEARED_IN_S
    yield "check-ins a day", _number(mean_hz * DAY_S)
    yield "events a second, mean", _number(mean_hz)
    yield f"events a second, rush of {RUSH} times the mean", _number(rush_hz)
    yield "statuses a second, always", _number(status_hz)
    yield f"the same with `status_interval_s = {SPARING_S}`", _number(kiosks / SPARING_S)
    messages_s = (rush_hz + status_hz) * MESSAGE.value
    yield "of one core for messages in a rush, without TLS", _share(messages_s)
    yield "memory of all nodes for connections", _bytes(kiosks * MEMORY.value)
    yield "CPU for everybody to connect anew", f"{_number(reconnect_s)} core-seconds"
    yield (
        f"cores for that after a long outage, spread over {longest_s:g} s",
        str(math.ceil(reconnect_s / longest_s)),
    )
    yield (
        f"one node of {NODES} dies: CPU that the others are asked for in the next second",
        f"{_number(reconnect_s / NODES)} core-seconds",
    )
    yield "workers of the ledger for a rush", str(math.ceil(rush_hz / WORKER.value))
    yield "the database grows, a day", _bytes(mean_hz * DAY_S * STORED.value)
    yield "a broker's queue, each hour without a ledger", _bytes(mean_hz * 3600 * EVENT.value)
    yield "events that wait after a day without brokers", _number(waiting)
    yield "all kiosks at once would then send, a second", _number(kiosks * DRAIN_HZ)
    yield (
        "events a second to clear that in an hour, with what comes meanwhile",
        _number(clearing_hz),
    )
    yield "which is for each kiosk, as `lists drain --hz`", f"{clearing_hz / kiosks:.2g}"
    yield "workers of the ledger for that", str(math.ceil(clearing_hz / WORKER.value))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1g}" if value < 1 else f"{value:.2g}"


def _share(value: float) -> str:
    return "less than 1 %" if value < 0.01 else f"{value:.0%}"


def _bytes(value: float) -> str:
    """Return an amount as people read it.

    >>> _bytes(5.16e9), _bytes(1.25e6), _bytes(400_000)
    ('5.2 GB', '1.2 MB', '0.4 MB')
    """
    return f"{value / 1e9:.1f} GB" if value >= 1e9 else f"{value / 1e6:.1f} MB"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
