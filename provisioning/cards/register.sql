-- The ward's register of cards: who holds which, and what became of it. Version 1.
-- It holds no code: without the issuer's key nobody can print a card from it.

CREATE TABLE ward (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    issuer TEXT NOT NULL,
    kid BLOB NOT NULL,
    title TEXT NOT NULL,
    contact TEXT NOT NULL
) STRICT;

CREATE TABLE card (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    card_id BLOB NOT NULL UNIQUE CHECK (length(card_id) = 8),
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    born INTEGER,
    note TEXT NOT NULL,
    key TEXT NOT NULL,
    class TEXT NOT NULL,
    parity TEXT,
    visits INTEGER,
    days INTEGER,
    from_s INTEGER NOT NULL,
    until_s INTEGER NOT NULL CHECK (until_s > from_s),
    issued_s INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'revoked', 'replaced')),
    ended_s INTEGER CHECK ((ended_s IS NULL) = (state = 'valid')),
    why TEXT NOT NULL DEFAULT '',
    replaced_by INTEGER REFERENCES card (number)
        CHECK ((replaced_by IS NULL) = (state <> 'replaced'))
) STRICT;

CREATE INDEX card_of_person ON card (key) WHERE state = 'valid';

-- What goes to the printer. `begun`: a draft may be there, and no card of it counts.
-- `issued`: its cards count, and the draft waits for its name. `printed`: it has it.
CREATE TABLE printing (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    draft TEXT NOT NULL,
    begun_s INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'begun' CHECK (state IN ('begun', 'issued', 'printed'))
) STRICT;

-- Every code that exists on paper: a card that was extended has more than one.
CREATE TABLE printed (
    printing INTEGER NOT NULL REFERENCES printing (number),
    card INTEGER NOT NULL REFERENCES card (number),
    until_s INTEGER NOT NULL,
    PRIMARY KEY (printing, card)
) STRICT, WITHOUT ROWID;

CREATE INDEX printed_card ON printed (card);
