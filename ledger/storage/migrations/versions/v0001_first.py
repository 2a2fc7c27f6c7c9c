"""The first tables.

Events lie in a partition for each day of receipt on PostgreSQL, without a parent's default: a day
without a partition is an error that is seen, not rows that block the partition later. SQLite has
one table and needs no day in its key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make all tables."""
    _numbers()
    _events()
    _others()


def _numbers() -> None:
    op.create_table(
        "kiosk",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("source", sa.Text, nullable=False, unique=True),
        sa.Column("growing", sa.BigInteger),
        sa.Column("switches", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "series",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("kiosk_id", _KEY, sa.ForeignKey("kiosk.id"), nullable=False),
        sa.Column("epoch", sa.String(16), nullable=False),
        sa.Column("first_us", sa.BigInteger, nullable=False),
        sa.Column("last_us", sa.BigInteger, nullable=False),
        sa.Column("high", sa.BigInteger, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("resend_from", sa.BigInteger),
        sa.UniqueConstraint("kiosk_id", "epoch"),
    )
    op.create_table(
        "gap",
        sa.Column("series_id", _KEY, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("first", sa.BigInteger, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("noticed_us", sa.BigInteger, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("written_off_us", sa.BigInteger),
    )


def _events() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "event",
        sa.Column("series_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("received_on", sa.Date, primary_key=not on_sqlite, nullable=False),
        sa.Column("received_us", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(16)),
        sa.Column("reason", sa.String(64)),
        sa.Column("direction", sa.String(8)),
        sa.Column("kind", sa.String(64)),
        sa.Column("assurance", sa.String(16)),
        sa.Column("handle", sa.String(32)),
        sa.Column("sealed", sa.Text),
        sa.Column("expired", sa.Boolean, nullable=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("mono_ns", sa.BigInteger),
        sa.Column("utc_us", sa.BigInteger, nullable=False),
        sa.Column("trusted", sa.Boolean, nullable=False),
        sa.Column("at_us", sa.BigInteger),
        postgresql_partition_by="RANGE (received_on)",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "event_untimed",
        "event",
        ["series_id", "boot"],
        postgresql_where=sa.text("at_us IS NULL"),
        sqlite_where=sa.text("at_us IS NULL"),
    )


def _others() -> None:
    op.create_table(
        "unread",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("received_us", sa.BigInteger, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("series_id", sa.BigInteger),
        sa.Column("seq", sa.BigInteger),
        sa.UniqueConstraint("topic", "digest"),
    )
    op.create_index("unread_number", "unread", ["series_id", "seq"])
    op.create_table(
        "boot_clock",
        sa.Column("kiosk_id", _KEY, sa.ForeignKey("kiosk.id"), primary_key=True),
        sa.Column("boot", sa.String(64), primary_key=True),
        sa.Column("offset_ns", sa.BigInteger, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
    )
    op.create_table(
        "status",
        sa.Column("kiosk_id", _KEY, sa.ForeignKey("kiosk.id"), primary_key=True),
        sa.Column("received_us", sa.BigInteger, nullable=False),
        sa.Column("online", sa.Boolean),
        sa.Column("boot", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Going back would throw events away."""
    raise NotImplementedError("restore a backup instead")
