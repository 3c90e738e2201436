-- A store has an id, so that another one in its place is told from it; its header says whose file it is.

PRAGMA application_id = 1869640562;

CREATE TABLE store (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id   TEXT NOT NULL
) STRICT;

INSERT INTO store (only, id) VALUES (1, lower(hex(randomblob(16))));
