-- How ready the fleet is: people's word, accepted failures, checklists, what the score was, and the reports that were handed over.

-- Files that were handed in as evidence, each once however often it is named. Never deleted: a report may rest on one.
CREATE TABLE uploaded_file (
    id     INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    bytes  BLOB NOT NULL CHECK (length(bytes) <= 5000000)
) STRICT;
CREATE TRIGGER uploaded_file_is_not_changed BEFORE UPDATE ON uploaded_file
BEGIN SELECT raise(ABORT, 'a file that was handed in is kept as it is'); END;
CREATE TRIGGER uploaded_file_is_not_deleted BEFORE DELETE ON uploaded_file
BEGIN SELECT raise(ABORT, 'a file that was handed in is kept'); END;

-- A person's word on a check. Only ever added to; taking one back is noted in it.
CREATE TABLE attestation (
    id           INTEGER PRIMARY KEY,
    check_id     TEXT NOT NULL,
    environment  TEXT NOT NULL,
    cluster      TEXT,                   -- NULL, as the service: the environment as a whole
    service      TEXT,
    value        INTEGER NOT NULL CHECK (value BETWEEN 0 AND 1000),
    note         TEXT NOT NULL,
    link         TEXT,
    file         INTEGER REFERENCES uploaded_file (id),
    file_name    TEXT,
    said         TEXT,                   -- what was read in the file, as a sentence
    by_name      TEXT NOT NULL,
    at           INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    withdrawn_at INTEGER,
    withdrawn_by TEXT
) STRICT;
CREATE INDEX attestation_counting ON attestation (expires_at) WHERE withdrawn_at IS NULL;
CREATE INDEX attestation_of ON attestation (environment, check_id, id);
CREATE TRIGGER attestation_is_not_changed
BEFORE UPDATE OF id, check_id, environment, cluster, service, value, note, link, file, file_name, said, by_name, at, expires_at ON attestation
BEGIN SELECT raise(ABORT, 'an attestation is only ever taken back'); END;
CREATE TRIGGER attestation_is_not_deleted BEFORE DELETE ON attestation
BEGIN SELECT raise(ABORT, 'attestations are kept'); END;

-- A failure somebody accepts until an instant. What it is for never changes; it is asked for, approved, ended.
CREATE TABLE waiver (
    id           INTEGER PRIMARY KEY,
    check_id     TEXT NOT NULL,
    environment  TEXT NOT NULL,
    cluster      TEXT,
    service      TEXT,
    reason       TEXT NOT NULL,
    compensating TEXT NOT NULL,
    ticket       TEXT,
    expires_at   INTEGER NOT NULL,
    requester    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    approver     TEXT,
    approved_at  INTEGER,
    ended_at     INTEGER,
    ended_by     TEXT
) STRICT;
CREATE TRIGGER waiver_is_not_changed
BEFORE UPDATE OF id, check_id, environment, cluster, service, reason, compensating, ticket, expires_at, requester, created_at ON waiver
BEGIN SELECT raise(ABORT, 'a waiver is approved or ended, never changed'); END;
CREATE TRIGGER waiver_is_not_deleted BEFORE DELETE ON waiver
BEGIN SELECT raise(ABORT, 'waivers are kept'); END;

-- A checklist as it was last imported: its headings, and under each its items in the order of the file.
CREATE TABLE checklist (
    id          INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    made_at     INTEGER NOT NULL,
    attested_at INTEGER NOT NULL,        -- when somebody last stood for its ticks; they count from here
    attested_by TEXT NOT NULL,
    removed_at  INTEGER,
    removed_by  TEXT
) STRICT;
CREATE UNIQUE INDEX checklist_named ON checklist (environment, name) WHERE removed_at IS NULL;
CREATE TABLE checklist_section (
    checklist INTEGER NOT NULL REFERENCES checklist (id),
    place     INTEGER NOT NULL,
    level     INTEGER NOT NULL,          -- 0: what stands before the first heading
    title     TEXT NOT NULL,
    prose     TEXT NOT NULL,
    PRIMARY KEY (checklist, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE checklist_item (
    checklist INTEGER NOT NULL REFERENCES checklist (id),
    place     INTEGER NOT NULL,
    section   INTEGER NOT NULL,
    item      TEXT NOT NULL,             -- its id, from where it stands and what it says
    depth     INTEGER NOT NULL,
    text      TEXT NOT NULL,
    notes     TEXT NOT NULL,
    done      INTEGER,                   -- NULL: a plain bullet that groups the items below it
    priority  TEXT,                      -- domain::readiness::Weight
    PRIMARY KEY (checklist, place),
    UNIQUE (checklist, item)
) STRICT, WITHOUT ROWID;

-- What the score was, as intervals: of the fleet (every name empty), an environment, a service.
CREATE TABLE score_row (
    id          INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT NOT NULL,
    model       INTEGER NOT NULL,        -- version of the formula: scores of two models cannot be compared
    card        TEXT NOT NULL,           -- digest of the score card
    score       INTEGER,
    upper       INTEGER,
    unwaived    INTEGER,
    confidence  INTEGER NOT NULL,        -- in permille, as it was when the row was opened
    trust       TEXT NOT NULL,           -- its word, to compare by
    letter      TEXT,
    caps        TEXT NOT NULL,           -- JSON: [[check, highest score allowed], …]
    valid_from  INTEGER NOT NULL,
    valid_to    INTEGER
) STRICT;
CREATE UNIQUE INDEX score_row_open ON score_row (environment, cluster, service) WHERE valid_to IS NULL;
CREATE INDEX score_row_of ON score_row (environment, cluster, service, valid_from);

-- How each check stood, as intervals.
CREATE TABLE check_state (
    id          INTEGER PRIMARY KEY,
    environment TEXT NOT NULL,
    cluster     TEXT NOT NULL,
    service     TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    state       TEXT NOT NULL,           -- domain::readiness::State
    model       INTEGER NOT NULL,
    card        TEXT NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_to    INTEGER
) STRICT;
CREATE UNIQUE INDEX check_state_open ON check_state (environment, cluster, service, check_id) WHERE valid_to IS NULL;
CREATE INDEX check_state_began ON check_state (valid_from);
CREATE INDEX check_state_ended ON check_state (valid_to) WHERE valid_to IS NOT NULL;

-- Reports as they were handed over. The document is what was signed; every format is made from it.
CREATE TABLE report (
    id          TEXT PRIMARY KEY,        -- UUIDv7
    made_at     INTEGER NOT NULL,
    requester   TEXT NOT NULL,
    environment TEXT,                    -- NULL: the whole fleet
    period_from INTEGER NOT NULL,
    period_to   INTEGER NOT NULL,
    redacted    INTEGER NOT NULL,
    document    BLOB NOT NULL,           -- JSON, byte for byte
    signature   BLOB NOT NULL,           -- Ed25519
    key_id      TEXT NOT NULL
) STRICT;
CREATE INDEX report_made ON report (made_at);
CREATE TRIGGER report_is_not_changed BEFORE UPDATE ON report
BEGIN SELECT raise(ABORT, 'a report is kept as it was handed over'); END;
CREATE TRIGGER report_is_not_deleted BEFORE DELETE ON report
BEGIN SELECT raise(ABORT, 'reports are kept'); END;

-- What cannot be made twice alike is kept: a browser writes another PDF each time.
CREATE TABLE report_file (
    report  TEXT NOT NULL REFERENCES report (id),
    format  TEXT NOT NULL,               -- pdf
    made_at INTEGER NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (report, format)
) STRICT;
