-- Which request of AWS answered for what is read.

-- Those of the newest sweep of each source that read anything, in one row a source that is replaced: a row a request would be
-- thousands a minute, and what the sweep before was answered by nobody asks for. See docs/decisions/0139.
CREATE TABLE source_request (
    source   TEXT PRIMARY KEY,
    began_at INTEGER NOT NULL,          -- when that sweep began: of what came to be later it tells nothing
    body     TEXT NOT NULL              -- domain::request::Answered as a JSON array
) STRICT;

-- A revision is read once, so the request that read it stays with it. NULL: read before this version, or by a request without id.
ALTER TABLE task_definition ADD COLUMN request_id TEXT;
