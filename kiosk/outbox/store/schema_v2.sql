-- From version 1. A row has a place (`row`) of its own, because one file may hold events of several
-- epochs; whether it is acknowledged is its number against `epoch.acknowledged`, so that the
-- ledger's word about half a million rows is one small write; `unsent` holds what no broker took.
DROP INDEX event_unsent;
ALTER TABLE event RENAME TO event_v1;
ALTER TABLE meta RENAME TO meta_v1;
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    -- Counted as rows come and go: nobody at the door waits for a count over the table.
    rows INTEGER NOT NULL,
    unsent INTEGER NOT NULL,
    unacknowledged INTEGER NOT NULL,
    -- Whether a ledger has ever answered.
    ledger INTEGER NOT NULL DEFAULT 0,
    -- The outbox's age, the reading that it stands for, and the last trusted time beside it.
    age_s REAL NOT NULL DEFAULT 0,
    boot TEXT NOT NULL DEFAULT '',
    mono_ns INTEGER NOT NULL DEFAULT 0,
    known_utc_s REAL,
    known_age_s REAL NOT NULL DEFAULT 0,
    known_boot TEXT NOT NULL DEFAULT ''
);
CREATE TABLE epoch (
    epoch TEXT PRIMARY KEY,
    -- Up to here the ledger has said that it stores everything.
    acknowledged INTEGER NOT NULL DEFAULT 0,
    -- Up to here every number was sent at least once; `sent_most` is the highest one, gaps or not.
    sent INTEGER NOT NULL DEFAULT 0,
    sent_most INTEGER NOT NULL DEFAULT 0,
    -- Up to here retention has ended.
    blanked INTEGER NOT NULL DEFAULT 0,
    -- From here on what is kept has no hole; null where rows were saved from a damaged file.
    whole_from INTEGER
) WITHOUT ROWID;
CREATE TABLE event (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    event_id TEXT GENERATED ALWAYS AS (epoch || ':' || seq) VIRTUAL,
    name TEXT NOT NULL,
    age_s REAL NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (epoch, seq)
);
CREATE TABLE unsent (row INTEGER PRIMARY KEY);
-- When, to the minute of the outbox's age, the ledger said up to which number.
CREATE TABLE acknowledged (
    epoch TEXT NOT NULL,
    minute INTEGER NOT NULL,
    upto_seq INTEGER NOT NULL,
    PRIMARY KEY (epoch, minute)
) WITHOUT ROWID;
-- Boots whose clock was told.
CREATE TABLE boot (id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE);
-- How far a damaged file beside this one was read.
CREATE TABLE salvage (
    file TEXT PRIMARY KEY,
    stage TEXT NOT NULL,
    after INTEGER NOT NULL,
    unreadable INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
-- Where a probe claims the room of an event and gives it back.
CREATE TABLE room (filler BLOB);
INSERT INTO meta (one, epoch, last_seq, probes, rows, unsent, unacknowledged)
    SELECT 1, epoch, last_seq, probes, (SELECT count(*) FROM event_v1),
        (SELECT count(*) FROM event_v1 WHERE sent = 0), (SELECT count(*) FROM event_v1)
    FROM meta_v1;
INSERT INTO epoch (epoch, sent, sent_most, whole_from)
    SELECT epoch,
        coalesce((SELECT min(seq) - 1 FROM event_v1 WHERE sent = 0), last_seq),
        coalesce((SELECT max(seq) FROM event_v1 WHERE sent = 1), last_seq),
        last_seq + 1
    FROM meta_v1;
INSERT INTO event (row, epoch, seq, name, age_s, body)
    SELECT seq, (SELECT epoch FROM meta_v1), seq, 'checkin', 0, body FROM event_v1 ORDER BY seq;
INSERT INTO unsent SELECT seq FROM event_v1 WHERE sent = 0;
-- A place is never used twice, even where the newest rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'event';
INSERT INTO sqlite_sequence (name, seq) SELECT 'event', last_seq FROM meta_v1;
DROP TABLE event_v1;
DROP TABLE meta_v1;
PRAGMA user_version = 2;
