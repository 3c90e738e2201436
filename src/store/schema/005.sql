-- Facts in one chain, and what they made of things. Times are milliseconds since 1970 in UTC. What the tables of earlier
-- versions hold is put on record as facts, then they go.

ALTER TABLE store ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;

-- hash = SHA-256(hash before || length as 64 bits, little endian || entry).
CREATE TABLE fact (
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    recorded_at INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    object      TEXT    NOT NULL,
    entry       TEXT    NOT NULL,
    hash        BLOB    NOT NULL
) STRICT;

CREATE INDEX fact_by_time ON fact (recorded_at);
CREATE INDEX fact_by_object ON fact (object, seq);

CREATE TRIGGER fact_is_never_changed BEFORE UPDATE ON fact
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- Only what lies before a checkpoint may go.
CREATE TRIGGER fact_is_never_deleted BEFORE DELETE ON fact WHEN OLD.seq > (SELECT cut FROM store)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

-- `open`: it still needs somebody. `grp`: what it is found by together with others.
CREATE TABLE thing (
    kind  TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    open  INTEGER NOT NULL,
    grp   TEXT    NOT NULL,
    state TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX thing_open ON thing (kind, seq) WHERE open;
CREATE INDEX thing_by_group ON thing (kind, grp, id);

-- Minutes and hours of readings, many to a row.
CREATE TABLE rollup (
    tier   TEXT    NOT NULL,
    series TEXT    NOT NULL,
    start  INTEGER NOT NULL,
    data   BLOB    NOT NULL,
    PRIMARY KEY (tier, series, start)
) STRICT, WITHOUT ROWID;

-- Who acts for all. By the store's clock.
CREATE TABLE lease (
    name       TEXT    PRIMARY KEY,
    holder     TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    watcher    INTEGER NOT NULL,
    fence      INTEGER NOT NULL,
    digest     TEXT    NOT NULL,
    renewed_at INTEGER NOT NULL
) STRICT;

-- What is kept outside the chain, by name: the state of the engine, the checkpoint.
CREATE TABLE keep (
    name       TEXT    PRIMARY KEY,
    body       BLOB    NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;
