-- One row per check-in, numbered without gaps within this database's epoch.
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    probes INTEGER NOT NULL
);
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0
);
-- Delivery asks for the oldest unsent rows; sent ones need no place in this index.
CREATE INDEX event_unsent ON event (seq) WHERE sent = 0;
-- Who is inside, by this kiosk's own mark; changes in the event's transaction.
CREATE TABLE inside (
    mark TEXT PRIMARY KEY,
    since_unix_s REAL NOT NULL
);
PRAGMA user_version = 1;
