-- NATS: what always moves, and what is derived. All updated in place, so a quiet sweep adds no row; the states
-- themselves stay in `interval`. Instants are i64 microseconds UTC.

-- The newest counters of a node, and what came of them.
CREATE TABLE nats_node (
    source       TEXT NOT NULL,         -- nats:main
    name         TEXT NOT NULL,         -- stays the same over restarts
    server       TEXT NOT NULL,         -- server id, new with every start
    read_at      INTEGER NOT NULL,
    counters     TEXT NOT NULL,         -- domain::nats::NodeCounters as JSON
    slow_at      INTEGER,               -- when slow consumers last came, and how many
    slow_count   INTEGER NOT NULL,
    closed_until INTEGER,               -- up to where its closed connections are in the timeline, by its own clock
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- One row per open connection, with its owner: what the lists filter by.
CREATE TABLE nats_connection (
    source       TEXT NOT NULL,
    node         TEXT NOT NULL,         -- server id
    cid          INTEGER NOT NULL,
    node_name    TEXT NOT NULL,
    since        INTEGER NOT NULL,      -- when we first saw it
    started      INTEGER,               -- when it began, by the node
    plain_from   INTEGER,               -- NULL: TLS; else from when on it counts as plaintext
    certainty    TEXT NOT NULL,         -- domain::owner::Certainty
    environment  TEXT,                  -- its owner
    cluster      TEXT,
    service      TEXT,
    task         TEXT,
    search       TEXT NOT NULL,         -- name, user, address and client in lower case
    body         TEXT NOT NULL,         -- domain::nats::Connection as JSON
    proof        TEXT NOT NULL,         -- Vec<domain::owner::Proof> as JSON
    PRIMARY KEY (source, node, cid)
) STRICT, WITHOUT ROWID;
CREATE INDEX nats_connection_owner ON nats_connection (environment, cluster, service);

-- Against what the owners were last decided; while it stands, nothing is decided again.
CREATE TABLE nats_attributed (
    source TEXT PRIMARY KEY,
    mark   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How many connections a task of a service usually holds: the commonest number over its tasks, adopted once it has
-- stood for an hour.
CREATE TABLE nats_usual (
    environment TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT NOT NULL,
    usual       INTEGER NOT NULL,
    next        INTEGER,                -- another number that is seen now, and since when
    next_since  INTEGER,
    PRIMARY KEY (environment, cluster, service)
) STRICT, WITHOUT ROWID;

-- Streams and consumers (consumer '': the stream itself).
CREATE TABLE nats_flow (
    source      TEXT NOT NULL,
    account     TEXT NOT NULL,
    stream      TEXT NOT NULL,
    consumer    TEXT NOT NULL,
    flow        TEXT NOT NULL CHECK (flow IN ('stuck', 'behind', 'well')),
    since       INTEGER NOT NULL,       -- since when it stands so
    why         TEXT NOT NULL,
    read_at     INTEGER NOT NULL,
    still_since INTEGER NOT NULL,       -- since when nothing moved
    owner       TEXT,                   -- domain::service::ServiceKey as JSON
    body        TEXT NOT NULL,          -- domain::nats::jetstream::Stream or Consumer as JSON
    PRIMARY KEY (source, account, stream, consumer)
) STRICT, WITHOUT ROWID;

-- What is wrong with a NATS cluster now.
CREATE TABLE nats_finding (
    source   TEXT NOT NULL,
    position INTEGER NOT NULL,          -- worst first
    key      TEXT NOT NULL,
    since    INTEGER NOT NULL,
    body     TEXT NOT NULL,             -- domain::nats::finding::Finding as JSON
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
