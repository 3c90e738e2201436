-- What the first fact after the cut is chained to.
ALTER TABLE store ADD COLUMN cut_hash BLOB;

-- A pack of a day takes more than a quarter of a page: in a table without row ids it would lie in a page of its own.
DROP TABLE rollup;
CREATE TABLE rollup (
    tier   TEXT    NOT NULL,
    series TEXT    NOT NULL,
    start  INTEGER NOT NULL,
    data   BLOB    NOT NULL,
    PRIMARY KEY (tier, series, start)
) STRICT;
