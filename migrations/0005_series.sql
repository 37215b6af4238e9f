-- Numbers over time. What changes rarely (running, desired, pending) is one narrow row a change; what always moves is
-- packed points: an hour a row while it is young, then a day a row. See docs/decisions/0051.

-- A service that is measured: two narrow numbers instead of five texts in every row below.
CREATE TABLE subject (
    id          INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT NOT NULL,
    UNIQUE (environment, cluster, service)
) STRICT;

-- Task counts, from each change to the next. All NULL: no longer in the cluster.
CREATE TABLE count_change (
    subject INTEGER NOT NULL,
    at      INTEGER NOT NULL,           -- microseconds
    desired INTEGER,
    running INTEGER,
    pending INTEGER,
    PRIMARY KEY (subject, at)
) STRICT, WITHOUT ROWID;

-- One metric of a subject; detail is the target group where a load balancer measures, else ''.
CREATE TABLE series (
    id      INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    metric  TEXT NOT NULL,              -- domain::series::Metric
    detail  TEXT NOT NULL,
    UNIQUE (subject, metric, detail)
) STRICT;

CREATE TABLE series_hour (
    series INTEGER NOT NULL,
    hour   INTEGER NOT NULL,            -- its beginning, seconds since 1970
    body   BLOB NOT NULL,               -- domain::series::pack
    PRIMARY KEY (series, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE series_day (
    series INTEGER NOT NULL,
    day    INTEGER NOT NULL,            -- its beginning, seconds since 1970
    body   BLOB NOT NULL,
    PRIMARY KEY (series, day)
) STRICT, WITHOUT ROWID;

-- Which span of a subject's metrics has been asked for without a hole: nothing is asked twice after a restart.
CREATE TABLE series_asked (
    subject INTEGER NOT NULL,
    detail  TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at   INTEGER NOT NULL,
    PRIMARY KEY (subject, detail)
) STRICT, WITHOUT ROWID;

-- What customers feel now, one row a service behind a load balancer, updated in place.
CREATE TABLE customer (
    subject INTEGER PRIMARY KEY,
    body    TEXT NOT NULL               -- domain::customers::Felt as JSON
) STRICT;

-- What asking costs: calls and billed units by month and operation.
CREATE TABLE spend (
    environment TEXT NOT NULL,
    month       TEXT NOT NULL,          -- 2026-05, UTC
    api         TEXT NOT NULL,
    calls       INTEGER NOT NULL,
    throttled   INTEGER NOT NULL,
    units       INTEGER NOT NULL,
    first_at    INTEGER NOT NULL,
    PRIMARY KEY (environment, month, api)
) STRICT, WITHOUT ROWID;

-- How often metrics are asked now, and why not more often; one row an environment, updated in place.
CREATE TABLE pace (
    environment TEXT PRIMARY KEY,
    body        TEXT NOT NULL           -- domain::cost::Pace as JSON
) STRICT, WITHOUT ROWID;

-- Services that were there before this: their counts begin with the state they are in now.
INSERT INTO subject (environment, account, region, cluster, service)
SELECT environment, account, region, cluster, name FROM service;
INSERT INTO count_change (subject, at, desired, running, pending)
SELECT subject.id, interval.valid_from, service.desired, service.running, service.pending
FROM service
JOIN subject ON subject.environment = service.environment AND subject.cluster = service.cluster AND subject.service = service.name
JOIN interval ON interval.noun = 'service' AND interval.source = 'ecs:' || service.environment AND interval.cluster = service.cluster
             AND interval.name = service.name AND interval.valid_to IS NULL
WHERE service.present = 1;
