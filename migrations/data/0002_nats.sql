-- Rows as version 0002 wrote them.
INSERT INTO nats_node VALUES ('nats:main', 'n1', 'NA1', 1777714860000000, '{"connections":1,"cpu":1.0,"memory":1000}', NULL, 0, 1777714800000000);
INSERT INTO nats_connection VALUES ('nats:main', 'NA1', 7, 'n1', 1777714800000000, NULL, 1777714807000000, 'attributed', 'production', 'main', 'auth-nats', NULL, 'auth-nats/1 10.0.1.7', '{"node":"NA1","node_name":"n1","cid":7,"name":"auth-nats/1","address":"10.0.1.7","port":40000,"account":null,"user":null,"lang":null,"version":null,"started":null,"tls":null}', '[{"by":"name","says":"it calls itself auth-nats","agrees":true}]');
INSERT INTO nats_attributed VALUES ('nats:main', '3/0');
INSERT INTO nats_usual VALUES ('production', 'main', 'auth-nats', 1, NULL, NULL);
INSERT INTO nats_flow VALUES ('nats:main', 'APP', 'QUESTS', 'auth-nats', 'behind', 1777714800000000, 'as many unacknowledged messages as it may have', 1777714860000000, 1777714800000000, NULL, '{"account":"APP","stream":"QUESTS","name":"auth-nats"}');
INSERT INTO nats_finding VALUES ('nats:main', 0, 'silent:n2', 1777714800000000, '{"key":"silent:n2","tone":"bad","subject":"n2","text":"does not answer","detail":"","urgent":false}');
