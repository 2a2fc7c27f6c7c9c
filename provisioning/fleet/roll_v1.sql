-- The roll of a fleet, version 1. Times are UTC in Unix seconds; marks and prints are SHA-256 in hex.

CREATE TABLE sites (
    name TEXT PRIMARY KEY,
    title TEXT NOT NULL DEFAULT '',
    added_s INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    site TEXT NOT NULL REFERENCES sites (name),
    device TEXT NOT NULL,
    added_s INTEGER NOT NULL,
    revoked_s INTEGER,
    PRIMARY KEY (site, device)
) STRICT;

-- Who else may connect to the broker: a ledger, an operator.
CREATE TABLE services (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    added_s INTEGER NOT NULL,
    revoked_s INTEGER
) STRICT;

-- A claim itself is nowhere: only its mark.
CREATE TABLE claims (
    mark TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    device TEXT NOT NULL,
    made_s INTEGER NOT NULL,
    until_s INTEGER NOT NULL,
    void INTEGER NOT NULL DEFAULT 0,
    redeemed_s INTEGER,
    serial TEXT,
    FOREIGN KEY (site, device) REFERENCES devices (site, device)
) STRICT;

CREATE INDEX claims_device ON claims (site, device);

CREATE TABLE certificates (
    serial TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    print TEXT NOT NULL UNIQUE,
    key_print TEXT NOT NULL,
    issuing INTEGER NOT NULL,
    way TEXT NOT NULL,
    follows TEXT REFERENCES certificates (serial),
    from_s INTEGER NOT NULL,
    until_s INTEGER NOT NULL,
    made_s INTEGER NOT NULL,
    revoked_s INTEGER,
    why TEXT,
    forked_s INTEGER,
    pem TEXT NOT NULL
) STRICT;

CREATE INDEX certificates_name ON certificates (name, made_s);
CREATE INDEX certificates_follows ON certificates (follows);
CREATE INDEX certificates_revoked ON certificates (issuing, revoked_s);
