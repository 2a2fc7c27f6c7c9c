-- From version 2. Who passed last which way, and on which local days somebody came in, by this
-- kiosk's own mark and only where a rule asks for it; changes in the event's transaction.
CREATE TABLE passage (
    mark TEXT PRIMARY KEY,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    since_unix_s REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE visit (
    mark TEXT NOT NULL,
    -- Local days since 1970; 0 where no clock was right.
    day INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    -- For how many days it counts.
    days INTEGER NOT NULL,
    PRIMARY KEY (mark, day)
) WITHOUT ROWID;
INSERT INTO passage SELECT mark, 'in', since_unix_s FROM inside;
DROP TABLE inside;
PRAGMA user_version = 3;
