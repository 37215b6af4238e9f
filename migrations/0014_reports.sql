-- Reports: what a list tells of one, and every format as it was drawn. No version before this one ever wrote to the two tables,
-- so they are made anew.
DROP TABLE report_file;
DROP TABLE report;

-- Reports as they were handed over. What is large stands last, so that a list need not read past it.
CREATE TABLE report (
    id          TEXT PRIMARY KEY,        -- UUIDv7
    made_at     INTEGER NOT NULL,
    requester   TEXT NOT NULL,
    environment TEXT,                    -- NULL: the whole fleet
    period_from INTEGER NOT NULL,
    period_to   INTEGER NOT NULL,
    redacted    INTEGER NOT NULL,
    key_id      TEXT NOT NULL,           -- the public key, in base64
    signature   BLOB NOT NULL,           -- Ed25519, over the document
    brief       TEXT NOT NULL,           -- domain::report::Brief: what a list tells of it
    document    BLOB NOT NULL            -- JSON, byte for byte as it was signed, compressed (zlib)
) STRICT;
CREATE INDEX report_made ON report (made_at, id);
CREATE TRIGGER report_is_not_changed BEFORE UPDATE ON report
BEGIN SELECT raise(ABORT, 'a report is kept as it was handed over'); END;
CREATE TRIGGER report_is_not_deleted BEFORE DELETE ON report
BEGIN SELECT raise(ABORT, 'reports are kept'); END;

-- Every format as it was rendered when the report was made: the same id is the same bytes for ever, also after an upgrade that
-- draws otherwise; and a browser writes another PDF each time.
CREATE TABLE report_file (
    report  TEXT NOT NULL REFERENCES report (id),
    format  TEXT NOT NULL,               -- server::report::Format, or pdf
    made_at INTEGER NOT NULL,
    size    INTEGER NOT NULL,            -- as it is handed out
    missing TEXT,                        -- why there is none, as a sentence
    bytes   BLOB,                        -- compressed (zlib)
    PRIMARY KEY (report, format),
    CHECK ((missing IS NULL) <> (bytes IS NULL))
) STRICT;
CREATE TRIGGER report_file_is_not_changed BEFORE UPDATE ON report_file
BEGIN SELECT raise(ABORT, 'a report is kept as it was handed over'); END;
CREATE TRIGGER report_file_is_not_deleted BEFORE DELETE ON report_file
BEGIN SELECT raise(ABORT, 'reports are kept'); END;
