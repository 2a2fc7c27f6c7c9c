"""What the ledger raises on purpose; the kiosk's own taxonomy stays with the kiosk.

A message says what happened and what to do, in one line, and never contains a message's body.
"""

EXIT_SETTINGS = 78
"""EX_CONFIG of sysexits.h: a person must change something; a restart would not help."""


class LedgerError(Exception):
    """The root of all errors raised on purpose."""


class SettingsError(LedgerError, ValueError):
    """The settings cannot be used. Each line of the message is one problem."""


class SourceLost(LedgerError):  # noqa: N818 - names a state of the world
    """There is no connection to the broker now; it is being made again."""


class StorageError(LedgerError):
    """The storage cannot be used now; nothing was stored and the same may be tried again."""


class RowRefused(StorageError):  # noqa: N818
    """The storage works and refuses what it was given; the same would be refused again."""
