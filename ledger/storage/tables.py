"""The tables, as queries name them; `migrations` makes them.

Times are Unix microseconds, UTC, in 64-bit integers: the same in both databases, and exact. No
column can hold a name or a number read from a card: a person is a `handle`. `handle` and `sealed`
may be null, so that retention and erasure can blank them and keep the row.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

_Key = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts by itself only in a column that is called INTEGER."""

kiosk = Table(
    "kiosk",
    metadata,
    Column("id", _Key, primary_key=True, comment="Stands for the kiosk in other tables."),
    Column("source", Text, nullable=False, unique=True, comment="`kiosk/v1/{site}/{device}`."),
    Column("growing", BigInteger, comment="The series whose numbers grew last."),
    Column(
        "switches",
        Integer,
        nullable=False,
        server_default="0",
        comment="How often an older series grew again: two devices with one name.",
    ),
    comment="A device at a site.",
)

series = Table(
    "series",
    metadata,
    Column("id", _Key, primary_key=True, comment="Stands for the epoch in other tables."),
    Column("kiosk_id", ForeignKey("kiosk.id"), nullable=False),
    Column("epoch", String(16), nullable=False, comment="The random name of an outbox database."),
    Column("first_us", BigInteger, nullable=False, comment="When its first event came in."),
    Column("last_us", BigInteger, nullable=False, comment="When its last event came in."),
    Column("high", BigInteger, nullable=False, comment="The highest number that is stored."),
    Column("upto", BigInteger, nullable=False, comment="No number is missing up to this one."),
    Column(
        "told",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="The number that was acknowledged last.",
    ),
    Column("resend_from", BigInteger, comment="Somebody wants this number and all after it again."),
    UniqueConstraint("kiosk_id", "epoch"),
    comment="The numbers of one epoch: all up to `high` are stored, but for the rows of `gap`.",
)

gap = Table(
    "gap",
    metadata,
    Column("series_id", ForeignKey("series.id"), primary_key=True),
    Column("first", BigInteger, primary_key=True, comment="The first number that is missing."),
    Column("last", BigInteger, nullable=False, comment="The last one."),
    Column("noticed_us", BigInteger, nullable=False, comment="When a later number came in."),
    Column("told", Boolean, nullable=False, comment="Whether it was told as trouble."),
    Column("written_off_us", BigInteger, comment="When a person gave these numbers up."),
    comment="Numbers that are missing below one that is stored. Those that were written off hold "
    "up nothing, and are stored all the same should they come.",
)

event = Table(
    "event",
    metadata,
    Column("series_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True, comment="The event's number in its series."),
    Column(
        "received_on",
        Date,
        primary_key=True,
        comment="The day (UTC) on which it came in; PostgreSQL keeps each day in a partition.",
    ),
    Column("received_us", BigInteger, nullable=False, comment="When it came in."),
    Column("digest", LargeBinary(16), nullable=False, comment="Tells other bytes apart."),
    Column("name", String(16), nullable=False, comment="`checkin` or `clock`."),
    Column("verdict", String(16), comment="Null for `clock`, as all to `expired`."),
    Column("reason", String(64)),
    Column("flags", Text, comment="What a venue let pass all the same; null: nothing."),
    Column("direction", String(8)),
    Column("kind", String(64)),
    Column("assurance", String(16)),
    Column("handle", String(32), comment="Stands for a person at one site; may be blanked."),
    Column("period", BigInteger, comment="The key period in which the handle was made."),
    Column("sealed", Text, comment="For the tracing authority only; may be blanked."),
    Column("expired", Boolean, nullable=False, comment="Whether it was blanked."),
    Column("boot", String(64), nullable=False, comment="The kiosk's boot that it belongs to."),
    Column("mono_ns", BigInteger, comment="Nanoseconds of that boot's monotonic clock."),
    Column("utc_us", BigInteger, nullable=False, comment="The kiosk's own idea of the time."),
    Column("trusted", Boolean, nullable=False, comment="Whether that clock was synchronised."),
    Column("at_us", BigInteger, comment="The time as far as it is known; null: only the order is."),
    comment="What happened, each number once.",
    postgresql_partition_by="RANGE (received_on)",
    sqlite_with_rowid=False,
)

untimed = Index("event_untimed", event.c.series_id, event.c.boot)
"""Only rows that wait for their boot's clock, so it is nearly empty. The migration says so: a
condition on an index is written differently for each database."""

held = Index("event_held", event.c.received_us)
"""Only rows that hold a person, so that retention finds the oldest without looking at the rest."""

unread = Table(
    "unread",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("received_us", BigInteger, nullable=False, comment="When it came in first."),
    Column("topic", Text, nullable=False, comment="Where it came in."),
    Column("reason", Text, nullable=False, comment="Why it is here."),
    Column("digest", LargeBinary(16), nullable=False, comment="Of the whole body."),
    Column("body", LargeBinary, nullable=False, comment="As it came, 64 KiB at most."),
    Column("series_id", BigInteger, comment="Where its number could be told, this and `seq`."),
    Column("seq", BigInteger),
    UniqueConstraint("topic", "digest"),
    Index("unread_number", "series_id", "seq"),
    comment="What could not be read, or came again with other bytes. For a person to look at.",
)

boot_clock = Table(
    "boot_clock",
    metadata,
    Column("kiosk_id", ForeignKey("kiosk.id"), primary_key=True),
    Column("boot", String(64), primary_key=True, comment="A boot of that kiosk."),
    Column("offset_ns", BigInteger, nullable=False, comment="UTC less the monotonic clock."),
    Column("done", Boolean, nullable=False, comment="Whether earlier events got their time."),
    comment="What a boot's monotonic clock means.",
)

status = Table(
    "status",
    metadata,
    Column("kiosk_id", ForeignKey("kiosk.id"), primary_key=True),
    Column("received_us", BigInteger, nullable=False, comment="When it came in."),
    Column("online", Boolean, comment="What it says; null where it says nothing readable."),
    Column("boot", Text, comment="The boot that it was told in; null where it says none."),
    Column("body", LargeBinary, nullable=False, comment="As it came."),
    comment="The last status of each kiosk.",
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("at_us", BigInteger, nullable=False, comment="When, before anything was done."),
    Column("who", Text, nullable=False, comment="Who did it, as the system knows them."),
    Column("what", String(16), nullable=False, comment="`open` or `erase`."),
    Column("reason", Text, nullable=False, comment="Why, in their words."),
    Column("key_id", String(8), comment="The key that identities were opened with."),
    Column("events", Text, nullable=False, comment="Which events, one a line; nobody's handle."),
    comment="Who looked at identities, and who erased some. Never whose.",
)

EVENT_COLUMNS = tuple(column.name for column in event.columns)
"""In the order in which rows are written."""
