-- What Signalbox has seen. State is intervals, never a row per poll; only what changes is written.
-- Instants are i64 microseconds UTC. Forward only: expand, then contract (see README.md beside this file).

-- One number for "something was written": pages and caches compare it, hints carry it.
CREATE TABLE revision (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO revision (id, value) VALUES (1, 0);

-- A source's own health, updated in place.
CREATE TABLE source (
    id       TEXT PRIMARY KEY,          -- ecs:production
    position INTEGER NOT NULL,          -- order of the config
    health   TEXT NOT NULL              -- domain::source::SourceHealth as JSON
) STRICT, WITHOUT ROWID;

-- A run of sweeps that ended alike. A quiet sweep extends the newest row instead of adding one.
CREATE TABLE sweep (
    id       INTEGER PRIMARY KEY,
    source   TEXT NOT NULL,
    outcome  TEXT NOT NULL CHECK (outcome IN ('complete', 'partial', 'failed')),
    detail   TEXT NOT NULL,             -- domain::source::Outcome as JSON
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    sweeps   INTEGER NOT NULL,
    calls    INTEGER NOT NULL
) STRICT;
CREATE INDEX sweep_newest ON sweep (source, id);

-- A time in which a source was not read: nothing is claimed about the fleet for it.
CREATE TABLE gap (
    id      INTEGER PRIMARY KEY,
    source  TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at   INTEGER,                    -- NULL: still open
    reason  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX gap_open ON gap (source) WHERE to_at IS NULL;

-- Every state a thing was in, and from when to when. The open row (valid_to IS NULL) is its state now.
CREATE TABLE interval (
    id         INTEGER PRIMARY KEY,
    noun       TEXT NOT NULL CHECK (noun IN ('service', 'task', 'alarm', 'node', 'connection')),
    source     TEXT NOT NULL,
    account    TEXT NOT NULL,           -- AWS account, or '' for NATS
    region     TEXT NOT NULL,           -- AWS region, or '' for NATS
    cluster    TEXT NOT NULL,           -- ECS cluster, NATS cluster of the config, or '' for alarms
    name       TEXT NOT NULL,           -- what identifies it in there
    valid_from INTEGER NOT NULL,
    valid_to   INTEGER,
    body       TEXT NOT NULL            -- the domain type as JSON
) STRICT;
CREATE UNIQUE INDEX interval_open ON interval (noun, source, cluster, name) WHERE valid_to IS NULL;
CREATE INDEX interval_past ON interval (noun, source, cluster, name, valid_from);
CREATE INDEX open_task_of_service ON interval (source, cluster, json_extract(body, '$.service')) WHERE noun = 'task' AND valid_to IS NULL;
CREATE INDEX open_connection_from ON interval (json_extract(body, '$.address')) WHERE noun = 'connection' AND valid_to IS NULL;

-- What lists filter and sort by: one row per service that was ever seen, updated in place.
CREATE TABLE service (
    environment   TEXT NOT NULL,
    cluster       TEXT NOT NULL,
    name          TEXT NOT NULL,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    present       INTEGER NOT NULL,     -- 0: no longer in the cluster
    grouping      TEXT,
    standing      TEXT NOT NULL,        -- judged when read; unknown is a matter of age and never stored
    since         INTEGER NOT NULL,
    moving        INTEGER NOT NULL,
    reasons       TEXT NOT NULL,        -- JSON array of sentences
    desired       INTEGER NOT NULL,
    running       INTEGER NOT NULL,
    pending       INTEGER NOT NULL,
    unhealthy     INTEGER NOT NULL,
    revision      TEXT,
    events_until  INTEGER NOT NULL,     -- newest of its own events already in the timeline
    PRIMARY KEY (environment, cluster, name)
) STRICT, WITHOUT ROWID;

-- One row per alarm there is now, updated in place.
CREATE TABLE alarm (
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('ALARM', 'INSUFFICIENT_DATA', 'OK')),
    cluster     TEXT,                   -- what its dimensions name, if they do
    service     TEXT,
    body        TEXT NOT NULL,          -- domain::alarm::Alarm as JSON
    PRIMARY KEY (environment, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX alarm_of_service ON alarm (environment, cluster, service);

-- Stops, which ECS forgets after about an hour.
CREATE TABLE stopped_task (
    arn         TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT,
    stopped_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    failed      INTEGER NOT NULL,       -- 1: the service's own failure, not a wish of ECS or of a person
    body        TEXT NOT NULL           -- domain::service::Task as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX stopped_of_service ON stopped_task (environment, cluster, service, stopped_at);
CREATE INDEX failed_lately ON stopped_task (stopped_at) WHERE failed = 1;

-- Revisions never change, so each is read once and kept.
CREATE TABLE task_definition (
    arn  TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened. Append-only: the triggers below hold it to that.
CREATE TABLE timeline (
    id      INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,       -- what makes it this entry: the same news twice adds nothing
    at      INTEGER NOT NULL,           -- when it happened, as far as the source says
    seen    INTEGER NOT NULL,           -- when we learned of it
    kind    TEXT NOT NULL,
    tone    TEXT NOT NULL,
    source  TEXT NOT NULL,
    cluster TEXT,
    service TEXT,
    subject TEXT NOT NULL,
    text    TEXT NOT NULL
) STRICT;
CREATE INDEX timeline_newest ON timeline (at, id);
CREATE INDEX timeline_of_service ON timeline (source, cluster, service, at);
CREATE INDEX timeline_of_kind ON timeline (kind, at);
CREATE TRIGGER timeline_keeps BEFORE UPDATE ON timeline BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END;
