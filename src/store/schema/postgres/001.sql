-- Facts in one chain, what they made of things, and what lies beside it: the tables that SQLite has. Times are milliseconds
-- since 1970 in UTC. Texts are ordered by their bytes, as there.

CREATE TABLE store (
    only_row integer PRIMARY KEY CHECK (only_row = 1),
    id       text    NOT NULL,
    cut      bigint  NOT NULL DEFAULT 0,
    -- What the first fact after the cut is chained to.
    cut_hash bytea
);

INSERT INTO store (only_row, id) VALUES (1, replace(gen_random_uuid()::text, '-', ''));

-- hash = SHA-256(hash before || length as 64 bits, little endian || entry).
CREATE TABLE fact (
    seq         bigint NOT NULL CONSTRAINT fact_pkey PRIMARY KEY,
    id          text COLLATE "C" NOT NULL CONSTRAINT fact_id_key UNIQUE,
    recorded_at bigint NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    object      text COLLATE "C" NOT NULL,
    entry       text NOT NULL,
    hash        bytea NOT NULL
);

CREATE INDEX fact_by_time ON fact (recorded_at);
CREATE INDEX fact_by_object ON fact (object, seq);

CREATE FUNCTION opsroom_fact_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Only what lies before a checkpoint may go.
    IF TG_OP = 'DELETE' AND OLD.seq <= (SELECT cut FROM store) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit is append-only';
END $$;

-- A writer that read the head before a cut and was stopped since finds its place free again; the place is not its own.
CREATE FUNCTION opsroom_fact_is_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <= (SELECT cut FROM store) THEN
        RAISE EXCEPTION 'the audit was cut after this place' USING ERRCODE = '40001';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fact_is_new BEFORE INSERT ON fact FOR EACH ROW EXECUTE FUNCTION opsroom_fact_is_new();
CREATE TRIGGER fact_is_kept BEFORE UPDATE OR DELETE ON fact FOR EACH ROW EXECUTE FUNCTION opsroom_fact_is_kept();
CREATE TRIGGER facts_are_kept BEFORE TRUNCATE ON fact FOR EACH STATEMENT EXECUTE FUNCTION opsroom_fact_is_kept();

-- `open`: it still needs somebody. `grp`: what it is found by together with others.
CREATE TABLE thing (
    kind  text COLLATE "C" NOT NULL,
    id    text COLLATE "C" NOT NULL,
    open  boolean NOT NULL,
    grp   text COLLATE "C" NOT NULL,
    state text NOT NULL,
    seq   bigint NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE INDEX thing_open ON thing (kind, seq) WHERE open;
CREATE INDEX thing_by_group ON thing (kind, grp, id);

-- Minutes and hours of readings, many to a row.
CREATE TABLE rollup (
    tier   text COLLATE "C" NOT NULL,
    series text COLLATE "C" NOT NULL,
    start  bigint NOT NULL,
    data   bytea NOT NULL,
    PRIMARY KEY (tier, series, start)
);

-- Who acts for all. By the store's clock.
CREATE TABLE lease (
    name       text PRIMARY KEY,
    holder     text NOT NULL,
    host       text NOT NULL,
    watcher    boolean NOT NULL,
    fence      bigint NOT NULL,
    digest     text NOT NULL,
    renewed_at bigint NOT NULL
);

-- What is kept outside the chain, by name: the state of the engine, the checkpoint.
CREATE TABLE keep (
    name       text PRIMARY KEY,
    body       bytea NOT NULL,
    written_at bigint NOT NULL
);
