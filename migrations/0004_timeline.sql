-- The timeline's full-text search, and the last words of tasks that stopped.

-- Where an entry stands in the record: by when it happened, to the millisecond, then by id. One number, so that lists,
-- the search index and the links between pages agree. Virtual: rows written before have it too. An instant outside
-- 1970 to 2223 counts as the nearer end, so that no far side's clock can make the number overflow.
ALTER TABLE timeline ADD COLUMN place INTEGER GENERATED ALWAYS AS (min(max(at, 0), 8000000000000000) / 1000 * 1048576 + (id & 1048575)) VIRTUAL;
CREATE INDEX timeline_by_place ON timeline (place);

-- What a stopped task said last. A row is owed from the stop on, until its words are kept or cannot be had.
CREATE TABLE last_words (
    arn         TEXT PRIMARY KEY,       -- of the task
    environment TEXT NOT NULL,
    stopped_at  INTEGER NOT NULL,
    failed      INTEGER NOT NULL,       -- as in stopped_task: these are asked for first
    state       TEXT NOT NULL CHECK (state IN ('owed', 'kept', 'none')),
    due_at      INTEGER NOT NULL,       -- when to ask (again)
    tries       INTEGER NOT NULL,
    reason      TEXT,                   -- why there are none, or none yet
    lines       TEXT,                   -- one line a line, oldest first
    instants    TEXT,                   -- JSON array: when each was written, in microseconds
    cut         INTEGER NOT NULL        -- 1: something was left out of them
) STRICT, WITHOUT ROWID;
CREATE INDEX words_owed ON last_words (environment, due_at) WHERE state = 'owed';

-- What is searched. `facets` are words made of the entry's own columns, so that a filter is found by the index too.
CREATE VIEW timeline_text AS
SELECT t.place AS place,
       t.id AS id,
       t.subject || ' ' || t.text AS said,
       coalesce((SELECT substr(w.lines, 1, 16384) FROM last_words w WHERE t.kind = 'task_stopped' AND w.arn = substr(t.key, 6)), '') AS words,
       'x k' || replace(t.kind, '_', '') || ' t' || t.tone || ' e' || hex(substr(t.source, instr(t.source, ':') + 1))
           || coalesce(' c' || hex(t.cluster), '') || coalesce(' s' || hex(t.service), '') AS facets
FROM timeline t;

CREATE VIRTUAL TABLE timeline_search USING fts5 (
    said, words, facets, content = 'timeline_text', content_rowid = 'place', columnsize = 0, tokenize = 'unicode61 remove_diacritics 0'
);

-- Entries up to this id were there before the index and are taken into it in slices, newest first, by the server.
CREATE TABLE timeline_unsearched (id INTEGER PRIMARY KEY CHECK (id = 1), up_to INTEGER NOT NULL) STRICT;
INSERT INTO timeline_unsearched SELECT 1, coalesce(max(id), 0) FROM timeline;

CREATE TRIGGER timeline_searched AFTER INSERT ON timeline BEGIN
    INSERT INTO timeline_search (rowid, said, words, facets) SELECT place, said, words, facets FROM timeline_text WHERE place = new.place AND id = new.id;
END;
CREATE TRIGGER timeline_forgotten BEFORE DELETE ON timeline WHEN old.id > (SELECT up_to FROM timeline_unsearched) BEGIN
    DELETE FROM timeline_search WHERE rowid = old.place;
END;
-- words that arrive, or go, change what is found: the entry leaves the index as it stood and enters it as it stands
CREATE TRIGGER words_before BEFORE UPDATE OF lines ON last_words BEGIN
    DELETE FROM timeline_search WHERE rowid = (
        SELECT place FROM timeline WHERE key = 'stop:' || old.arn AND id > (SELECT up_to FROM timeline_unsearched));
END;
CREATE TRIGGER words_after AFTER UPDATE OF lines ON last_words BEGIN
    INSERT INTO timeline_search (rowid, said, words, facets)
    SELECT x.place, x.said, x.words, x.facets FROM timeline t JOIN timeline_text x ON x.place = t.place AND x.id = t.id
    WHERE t.key = 'stop:' || new.arn AND t.id > (SELECT up_to FROM timeline_unsearched);
END;
CREATE TRIGGER words_stay BEFORE DELETE ON last_words WHEN old.lines IS NOT NULL BEGIN
    UPDATE last_words SET lines = NULL WHERE arn = old.arn;
END;
-- whoever lets go of a stop lets go of its words
CREATE TRIGGER words_go AFTER DELETE ON stopped_task BEGIN
    DELETE FROM last_words WHERE arn = old.arn;
END;

-- What ended, by when: "what changed before this" looks at the tasks and connections of some minutes.
CREATE INDEX interval_ended ON interval (noun, valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX stopped_when ON stopped_task (stopped_at);
