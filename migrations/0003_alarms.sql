-- Alarms by what they mean: whose they are, who is told, who knows; and what nobody watches.

-- What the list filters and sorts by, next to the body it comes from. An older row gets these with its next sweep.
ALTER TABLE alarm ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alarm ADD COLUMN untold INTEGER NOT NULL DEFAULT 0;   -- 1: it would tell nobody
ALTER TABLE alarm ADD COLUMN hint TEXT;                           -- a service it names without a cluster
ALTER TABLE alarm ADD COLUMN target TEXT;                         -- the target group it watches, as CloudWatch names it
-- holds everything a filter or an order looks at, so that a list reads no body but those it shows
CREATE INDEX alarm_listed ON alarm (state, since, untold, cluster, service);
CREATE INDEX alarm_hinted ON alarm (environment, hint) WHERE hint IS NOT NULL;
CREATE INDEX alarm_targets ON alarm (environment, target) WHERE target IS NOT NULL;
CREATE INDEX service_named ON service (environment, name);

-- Behind which target groups a service stands.
CREATE TABLE behind (
    environment TEXT NOT NULL,
    target      TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT NOT NULL,
    PRIMARY KEY (environment, target, cluster, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX behind_of_service ON behind (environment, cluster, service);

-- How much of each service nobody watches; made anew whenever the service or an alarm of it changes.
CREATE TABLE coverage (
    environment TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT NOT NULL,
    lacking     INTEGER NOT NULL,       -- bits of domain::coverage::Column
    gaps        INTEGER NOT NULL,       -- how many of them
    weak        INTEGER NOT NULL,       -- columns with an alarm that would tell nobody
    PRIMARY KEY (environment, cluster, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX coverage_worst ON coverage (gaps DESC, weak DESC, service, lacking);

-- Up to where the alarms' history has been read.
CREATE TABLE alarm_history (
    source  TEXT PRIMARY KEY,
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who knows of an alarm. One episode of one alarm: it ends when that does, and never speaks for the next.
CREATE TABLE acknowledgement (
    id          INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    since       INTEGER NOT NULL,       -- since when the alarm was on
    configured  INTEGER NOT NULL,       -- as which alarm of that name
    by_name     TEXT NOT NULL,          -- as given
    reason      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    ended_at    INTEGER,                -- NULL: it stands
    ended_why   TEXT
) STRICT;
CREATE UNIQUE INDEX acknowledgement_standing ON acknowledgement (environment, name) WHERE ended_at IS NULL;

-- What is on record of one alarm.
CREATE INDEX timeline_of_subject ON timeline (source, subject, at);

-- An alarm with what stands around it: who knows, where the service's runbook is.
CREATE VIEW alarm_shown AS
SELECT a.environment, a.name, a.state, a.cluster, a.service, a.body, k.by_name, k.reason AS known_reason, k.at AS known_at,
       (SELECT json_extract(i.body, '$.tags.runbook') FROM interval i
        WHERE i.noun = 'service' AND i.source = 'ecs:' || a.environment AND i.cluster = a.cluster AND i.name = a.service
          AND i.valid_to IS NULL) AS runbook
FROM alarm a LEFT JOIN acknowledgement k ON k.environment = a.environment AND k.name = a.name AND k.ended_at IS NULL;
