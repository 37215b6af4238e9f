-- Two ways to read the record without reading its rows.

-- A month of a service's marks is found, kind and tone included, in the index alone: its entries lie as far apart in the
-- table as they happened.
CREATE INDEX timeline_told_of ON timeline (source, cluster, service, at, kind, tone);
DROP INDEX timeline_of_service;

-- The words of the search index, each instance a row: which words begin so is asked here, one step a word (decision 0072).
CREATE VIRTUAL TABLE timeline_terms USING fts5vocab (timeline_search, instance);
