"""The receiving end: stores each kiosk's events exactly once, then says so.

A floor of its own beside the kiosk. It knows `kiosk.door.event` and nothing else of it, so that the
two can be installed apart and only the wire holds them together.

`source` is where messages come from (`sources/`, one file for each kind of broker), `reading` what
a message says, `numbers` which numbers are stored and which are missing, `storage` where rows lie
(SQLite or PostgreSQL), `ingest` the loop between them.
"""
