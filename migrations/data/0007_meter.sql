-- Rows as version 0007 wrote them.
INSERT INTO nats_meter VALUES ('nats:main', '{"at":"2026-05-02T09:41:00Z","nodes":{"NA1":{"7":[120,80]}},"held":{"100":1},"slots":{"1777714800":{"100":[60.0,1,60.0,12.0,8.0]}}}');
INSERT INTO series VALUES (102, 100, 'nats_connections', 'main'), (103, 100, 'nats_sent', 'main'), (104, 100, 'nats_received', 'main');
INSERT INTO series_hour VALUES (103, 1777712400, x'01000390030200');
INSERT INTO nats_meta VALUES ('nats:main', 1777714860000000, '{"leader":"n1","size":2,"replicas":[{"node":"n2","current":true,"offline":false,"lag":0,"heard_ms":120}]}');
