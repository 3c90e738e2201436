-- Runs, locks and the audit. Times are milliseconds since 1970 in UTC.

CREATE TABLE run (
    id           TEXT PRIMARY KEY,
    action       TEXT    NOT NULL,
    verb         TEXT    NOT NULL,
    service      TEXT,
    target       TEXT    NOT NULL,
    who          TEXT    NOT NULL,
    reason       TEXT,
    host         TEXT    NOT NULL,
    plan_digest  TEXT    NOT NULL,
    plan         TEXT    NOT NULL,
    -- Counts as an attempt for cooldown and at_most.
    changing     INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    -- Where it stands now, and where it will stand once its verdict is known.
    state        TEXT    NOT NULL,
    end_state    TEXT,
    verdict      TEXT    NOT NULL DEFAULT 'none',
    -- How long the checks are to be watched after the end, and until when at the latest.
    verify_for   INTEGER,
    verify_until INTEGER,
    exit_code    INTEGER,
    signal       INTEGER,
    output_path  TEXT    NOT NULL,
    note         TEXT
) STRICT;

CREATE INDEX run_by_start ON run (started_at DESC);
CREATE INDEX run_by_target ON run (target, verb, started_at);
CREATE INDEX run_open ON run (state) WHERE state NOT IN ('ended', 'refused', 'cancelled', 'timed_out');

-- One row a target that somebody holds. Never removed because of its age.
CREATE TABLE lock (
    target TEXT PRIMARY KEY,
    id     TEXT    NOT NULL UNIQUE,
    fence  INTEGER NOT NULL,
    holder TEXT    NOT NULL,
    host   TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    since  INTEGER NOT NULL
) STRICT;

-- The last fence of each target; it outlives the locks.
CREATE TABLE fence (
    target TEXT PRIMARY KEY,
    fence  INTEGER NOT NULL
) STRICT;

-- One chain a writer: hash = SHA-256(hash before || length as 64 bits, little endian || entry).
CREATE TABLE audit (
    writer TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    entry  BLOB    NOT NULL,
    hash   BLOB    NOT NULL,
    PRIMARY KEY (writer, seq)
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
