-- What the query planner goes by, and two indexes for the Overview of a large fleet.

-- Counted for every service at each new revision: the state is in the index, so that no alarm's body is read for it.
DROP INDEX alarm_of_service;
CREATE INDEX alarm_of_service ON alarm (environment, cluster, service, state);
-- The few that are not OK, out of tens of thousands.
CREATE INDEX alarm_not_ok ON alarm (environment, name) WHERE state <> 'OK';

-- Without statistics SQLite takes the first column of a primary key for nearly unique. Here it is the environment, which
-- all rows share: asking for one service's alarms read every alarm there is. A new store is filled before anything could
-- be analysed, so it begins with the shape of a fleet of some hundred services; `PRAGMA optimize` corrects it later.
PRAGMA analysis_limit = 400;
ANALYZE;
-- of an empty table it notes that its partial indexes are empty, which is no shape to plan by
DELETE FROM sqlite_stat1 WHERE stat LIKE '0%';
INSERT INTO sqlite_stat1 (tbl, idx, stat)
SELECT column1, column2, column3 FROM (VALUES
    ('alarm', 'alarm', '897 897 1'),
    ('alarm', 'alarm_listed', '897 299 3 3 3 2'),
    ('alarm', 'alarm_of_service', '897 897 897 3 2'),
    ('alarm', 'alarm_not_ok', '20 20 1'),
    ('alarm', 'alarm_hinted', '300 300 3'),
    ('alarm', 'alarm_targets', '300 300 3'),
    ('behind', 'behind', '300 300 1 1 1'),
    ('behind', 'behind_of_service', '300 300 300 1'),
    ('coverage', 'coverage', '300 300 300 1'),
    ('coverage', 'coverage_worst', '300 100 75 1 1'),
    ('interval', 'interval_closed', '195000 100'),
    ('interval', 'interval_ended', '195000 40000 100'),
    ('interval', 'interval_open', '5000 1000 1000 1000 1'),
    ('interval', 'interval_past', '200000 40000 40000 40000 40 1'),
    ('interval', 'open_connection_from', '1500 1'),
    ('interval', 'open_task_of_service', '1500 1500 1500 3'),
    ('last_words', 'last_words', '499 1'),
    ('last_words', 'words_owed', '499 499 4'),
    ('nats_connection', 'nats_connection', '497 497 100 1'),
    ('nats_connection', 'nats_connection_owner', '497 497 497 2'),
    ('service', 'service', '300 300 300 1'),
    ('service', 'service_named', '300 300 1'),
    ('stopped_task', 'stopped_task', '499 1'),
    ('stopped_task', 'stopped_of_service', '499 499 499 4 1'),
    ('stopped_task', 'failed_lately', '440 1'),
    ('stopped_task', 'stopped_when', '499 1'),
    ('subject', 'sqlite_autoindex_subject_1', '300 300 300 1')
) WHERE NOT EXISTS (SELECT 1 FROM sqlite_stat1 known WHERE known.tbl = column1);
-- makes this connection read them; the others do when they open
ANALYZE sqlite_schema;
