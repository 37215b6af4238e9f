-- How large the search index is taken to be.

-- 0008 analysed every table of an empty store, the search index's own among them: two rows. FTS5 lets go of merged segments by
-- a range of row numbers, and of a table of two rows SQLite reads all of it instead of looking the range up. So every merge
-- read the whole index, and recording became slower with every line told. A connection that has read a shape keeps it until it
-- reads another, so a large one is written in its place.
DELETE FROM sqlite_stat1 WHERE tbl LIKE 'timeline_search%';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('timeline_search_data', NULL, '1000000');
ANALYZE sqlite_schema;
