"""The end of the demonstration in figures: what was recorded, and that all of it arrived."""

import contextlib
import sqlite3
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provisioning.demo.play import Outcome
from provisioning.demo.subscriber import Subscriber

Summary = dict[str, Any]


def summarise(outcomes: Sequence[Outcome], outbox: Path, subscriber: Subscriber) -> Summary:
    """Return the figures; `lost` counts recorded events that did not arrive."""
    recorded = recorded_ids(outbox)
    facts = [facts for outcome in outcomes for facts in outcome.facts]
    verdicts = Counter(event["data"]["verdict"] for event in subscriber.events.values())
    return {
        "shown": sum(bool(o.case.scenes[0]) for o in outcomes),
        "accepted": verdicts["accepted"],
        "rejected": verdicts["rejected"],
        "recorded": len(recorded),
        "delivered": len(recorded & subscriber.events.keys()),
        "lost": len(recorded - subscriber.events.keys()),
        "duplicates": subscriber.duplicates,
        "signals": dict(Counter(fact["signal"] for fact in facts)),
        "as_expected": sum(o.as_expected for o in outcomes),
        "not_as_expected": [o.case.name for o in outcomes if not o.as_expected],
        "latency_ms": percentiles(
            [f["latency_ms"] for f in facts if f.get("verdict") == "accepted"]
        ),
    }


def recorded_ids(outbox: Path) -> set[str]:
    """Return the ids of all events that are on disk, read past the daemon."""
    with contextlib.closing(sqlite3.connect(f"file:{outbox}?mode=ro", uri=True)) as db:
        return {row[0] for row in db.execute("SELECT event_id FROM event")}


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return median and 99th percentile; None where there is nothing to measure.

    >>> percentiles([3.0, 1.0, 2.0])
    {'p50': 2.0, 'p99': 3.0}
    """
    if not values:
        return {"p50": None, "p99": None}
    ordered = sorted(values)
    last = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {"p50": statistics.median(ordered), "p99": last}


def table(summary: Summary) -> str:
    """Return the figures as the table that ends the demonstration."""
    latency = summary["latency_ms"]
    rows = [(key, summary[key]) for key in summary if isinstance(summary[key], int)]
    if latency["p50"] is not None:
        rows.append(("latency p50 / p99", f"{latency['p50']:.0f} / {latency['p99']:.0f} ms"))
    width = max(len(key) for key, _ in rows)
    return "\n".join(f"  {key.replace('_', ' '):{width}}  {value}" for key, value in rows)
