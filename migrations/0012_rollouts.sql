-- Rollouts as they were committed, with what they owe, and the record of every act.

-- The change engine. Whoever starts takes the next epoch, and nothing is committed under an older one. `commits` counts
-- what was committed, and a file beside the store counts along: a store that is behind that file was restored.
CREATE TABLE engine (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    epoch   INTEGER NOT NULL,
    commits INTEGER NOT NULL
) STRICT;
INSERT INTO engine VALUES (1, 0, 0);

CREATE TABLE rollout (
    id         TEXT PRIMARY KEY,          -- UUIDv7
    number     INTEGER NOT NULL UNIQUE,   -- as people call it
    title      TEXT NOT NULL,
    status     TEXT NOT NULL,             -- JSON: domain::rollout::Status
    word       TEXT NOT NULL,             -- its word, to be searched by
    open       INTEGER NOT NULL,          -- 1: started and not ended
    turn       INTEGER NOT NULL,          -- counts commits: compare and set
    effects    INTEGER NOT NULL,
    plan       TEXT NOT NULL,             -- JSON: what was wished for, noted and left out
    review     TEXT,                      -- why nothing may be done until somebody has looked
    planned_by TEXT NOT NULL,
    planned_at INTEGER NOT NULL,
    started_by TEXT,
    started_at INTEGER,
    ended_at   INTEGER
) STRICT;
CREATE INDEX rollout_open ON rollout (open) WHERE open = 1;

CREATE TABLE rollout_step (
    rollout     TEXT NOT NULL REFERENCES rollout (id),
    step        INTEGER NOT NULL,
    environment TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT NOT NULL,
    ended       INTEGER NOT NULL,         -- 1: nothing more happens in it by itself
    plan        TEXT NOT NULL,            -- JSON: what never changes of it
    state       TEXT NOT NULL,            -- JSON: what does
    began_at    INTEGER,                  -- its turn came
    rolled_at   INTEGER,                  -- ECS began to replace tasks
    baked_at    INTEGER,                  -- everything was in place
    ended_at    INTEGER,
    PRIMARY KEY (rollout, step)
) STRICT, WITHOUT ROWID;
CREATE INDEX rollout_step_service ON rollout_step (environment, cluster, service);

-- Every change of the world that was ever owed, with what came of it.
CREATE TABLE effect (
    rollout     TEXT NOT NULL REFERENCES rollout (id),
    effect      INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    operation   TEXT NOT NULL,
    owed_at     INTEGER NOT NULL,
    begun_at    INTEGER,                  -- the newest time
    attempts    INTEGER NOT NULL,
    answered_at INTEGER,
    outcome     TEXT,                     -- JSON: domain::rollout::decide::Outcome
    PRIMARY KEY (rollout, effect)
) STRICT, WITHOUT ROWID;

-- What happened, in sentences.
CREATE TABLE rollout_event (
    id      INTEGER PRIMARY KEY,
    rollout TEXT NOT NULL REFERENCES rollout (id),
    step    INTEGER,
    at      INTEGER NOT NULL,
    actor   TEXT,                         -- NULL: Signalbox itself
    said    TEXT NOT NULL
) STRICT;
CREATE INDEX rollout_event_of ON rollout_event (rollout, id);

-- Failures kept in mind for other services, until somebody releases them.
CREATE TABLE known_cause (
    id          INTEGER PRIMARY KEY,
    rollout     TEXT NOT NULL REFERENCES rollout (id),
    service     TEXT NOT NULL,
    cause       TEXT NOT NULL,            -- JSON
    marks       TEXT NOT NULL,            -- JSON
    at          INTEGER NOT NULL,
    released_at INTEGER,
    released_by TEXT,
    release_why TEXT
) STRICT;

-- The one stop for everything (until_at NULL, from_at = at), and freezes.
CREATE TABLE bar (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('stop', 'freeze')),
    why       TEXT NOT NULL,
    by_name   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER,
    lifted_at INTEGER,
    lifted_by TEXT
) STRICT;

-- Every act, each with the hash of the one before it in its own.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,          -- without gaps, from 1
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    act     TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    BLOB NOT NULL
) STRICT;
-- How many there must be and what the last hash is: without it, rows taken off the end would not be missed.
CREATE TABLE audit_head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    rows INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_head VALUES (1, 0, zeroblob(32));
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is only ever added to'); END;
