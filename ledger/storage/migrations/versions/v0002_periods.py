"""Flags, the key period of a handle, what finds events past their retention, and the audit.

Events that are there have no period: their kiosks' keys had none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_HELD = "handle IS NOT NULL OR sealed IS NOT NULL"


def upgrade() -> None:
    """Add them."""
    op.add_column("event", sa.Column("flags", sa.Text))
    op.add_column("event", sa.Column("period", sa.BigInteger))
    op.create_index(
        "event_held",
        "event",
        ["received_us"],
        postgresql_where=sa.text(_HELD),
        sqlite_where=sa.text(_HELD),
    )
    op.create_table(
        "audit",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(8)),
        sa.Column("events", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Going back would throw the audit away."""
    raise NotImplementedError("restore a backup instead")
