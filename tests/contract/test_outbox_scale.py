"""An outbox that has waited for a month: what is asked at the door is asked of an index."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.door.event import Acknowledgement, BootClock
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.memories import came_in
from tests.parts.readings import DAY_S, check_in_at, reading

ROWS = 20_000
SENT = 5_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def full(path: Path) -> Iterator[SqliteOutbox]:
    """Give an outbox of many rows, of which some are sent."""
    outbox = build(Settings(path=path), SOURCE)
    first = outbox.commit(check_in(1))
    epoch = first.event_id.partition(":")[0]
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO event (epoch, seq, name, age_s, body) VALUES (?, ?, 'checkin', 0, ?)",
            ((epoch, seq, first.body) for seq in range(2, ROWS + 1)),
        )
        db.execute("INSERT INTO unsent SELECT row FROM event WHERE row > ?", (SENT,))
        db.execute("DELETE FROM unsent WHERE row <= ?", (SENT,))
        db.execute("UPDATE epoch SET sent = ?, sent_most = ?", (SENT, SENT))
        db.execute(
            "UPDATE meta SET last_seq = ?, rows = ?, unsent = ?, unacknowledged = ?",
            (ROWS, ROWS, ROWS - SENT, ROWS),
        )
        db.execute("COMMIT")
    yield outbox
    outbox.close()


def statements(outbox: SqliteOutbox, call: Callable[[], object]) -> list[str]:
    """Return the statements that a call runs, with their values."""
    live = outbox._file._connection  # noqa: SLF001 - nobody else can be asked
    assert live is not None
    ran: list[str] = []
    live.set_trace_callback(ran.append)
    call()
    live.set_trace_callback(None)
    return [each for each in ran if each.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")]


def plan(path: Path, statement: str) -> list[str]:
    """Return how SQLite goes about a statement."""
    with closing(sqlite3.connect(path)) as db:
        return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]


def scans(path: Path, statement: str) -> list[str]:
    """Return what is read from one end to the other among the tables that grow."""
    grown = ("SCAN event", "SCAN unsent", "SCAN e ", "SCAN e")
    return [line for line in plan(path, statement) if line.strip() in grown or " B-TREE " in line]


@pytest.mark.parametrize(
    "what", ["commit", "probe", "depth", "memory", "clock", "sent", "again", "word", "keep"]
)
def test_nothing_is_counted_or_read_from_end_to_end(
    full: SqliteOutbox, path: Path, what: str
) -> None:
    epoch = full.pending(0, 1)[0].event_id.partition(":")[0]
    ran = statements(
        full,
        {
            "commit": lambda: full.commit(check_in(2), came_in({mark(2): 1.0})),
            "probe": full.probe,
            "depth": full.depth,
            "memory": full.memory,
            "clock": lambda: full.commit_clock(BootClock(boot="b", offset_ns=1), reading(9)),
            "sent": lambda: full.mark_sent(range(SENT + 1, SENT + 21)),
            "again": full.send_again,
            "word": lambda: full.acknowledge(Acknowledgement(epochs={epoch: SENT - 10})),
            "keep": lambda: full.keep(reading(15 * DAY_S)),
        }[what],
    )

    assert ran
    assert {s: found for s in ran if (found := scans(path, s))} == {}
    # Counting is allowed of the numbers that a word of the ledger is about, and of nothing else.
    counted = [s for s in ran if "count(*)" in s]
    assert all("seq > " in s and "seq <= " in s for s in counted)


def test_pending_begins_where_it_is_told(full: SqliteOutbox, path: Path) -> None:
    (asked,) = statements(full, lambda: full.pending(SENT + 100, 20))
    first, second = plan(path, asked)

    assert first.startswith("SEARCH unsent USING INTEGER PRIMARY KEY (rowid>")
    assert second.startswith("SEARCH e USING INTEGER PRIMARY KEY (rowid=")


def test_a_scan_would_be_seen(full: SqliteOutbox, path: Path) -> None:
    assert full.depth().rows == ROWS
    assert scans(path, "SELECT sum(age_s) FROM event")
    assert scans(path, "SELECT seq FROM event ORDER BY age_s")


def test_a_word_about_very_many_rows_is_said_in_short_steps(full: SqliteOutbox) -> None:
    epoch = full.pending(0, 1)[0].event_id.partition(":")[0]
    live = full._file._connection  # noqa: SLF001 - see above
    assert live is not None
    changes: list[int] = []
    began = [live.total_changes]

    def trace(statement: str) -> None:
        if statement.startswith("BEGIN"):
            began[0] = live.total_changes
        elif statement == "COMMIT":
            changes.append(live.total_changes - began[0])

    live.set_trace_callback(trace)
    full.acknowledge(Acknowledgement(epochs={epoch: SENT}))
    assert full.acknowledge(Acknowledgement(epochs={epoch: 0})) == SENT
    while full.keep(reading(30 * DAY_S)):
        pass
    live.set_trace_callback(None)

    assert len(changes) > ROWS / 500
    assert max(changes) < 2100
    assert full.depth().unacknowledged == ROWS


def test_blanked_handles_are_in_no_file(path: Path) -> None:
    outbox = build(Settings(path=path), SOURCE)
    planted = f"{0xFEED:032x}"
    events = [
        outbox.commit(
            check_in_at(n, reading(n)).model_copy(update={"handle": planted, "sealed": planted})
        )
        for n in range(1, 301)
    ]
    outbox.mark_sent([event.row for event in events[:200]])
    epoch = events[0].event_id.partition(":")[0]
    outbox.acknowledge(Acknowledgement(epochs={epoch: 100}))
    assert any(planted.encode() in file.read_bytes() for file in path.parent.iterdir())
    while outbox.keep(reading(15 * DAY_S)):
        outbox.commit(check_in(1))

    outbox.commit(check_in(2))
    assert outbox.depth().rows > 200
    for file in path.parent.iterdir():
        assert planted.encode() not in file.read_bytes(), file.name
    outbox.close()


def test_a_small_outbox_makes_room_of_what_is_acknowledged_only(path: Path) -> None:
    outbox = build(Settings(path=path, max_mb=1), SOURCE)
    unsent = outbox.commit(check_in(1))
    epoch = unsent.event_id.partition(":")[0]
    outbox.mark_sent([unsent.row])
    for n in range(2, 4000):
        outbox.mark_sent([outbox.commit(check_in(n % 100)).row])
        if n % 200 == 0:
            outbox.acknowledge(Acknowledgement(epochs={epoch: n}))
            while outbox.keep(reading(n)):
                pass

    depth = outbox.depth()
    assert 200 < depth.rows < 3500
    assert depth.unacknowledged == 199
    outbox.close()
