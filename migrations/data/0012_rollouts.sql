-- Rows as version 0012 wrote them.
UPDATE engine SET epoch = 3, commits = 41;
INSERT INTO rollout VALUES ('0190a000-0000-7000-8000-000000000001', 1, 'Health check for 2 services', '{"is":"running"}', 'running', 1, 7, 3, '{"excluded":[]}', NULL, 'ann', 1777714800000000, 'ann', 1777714860000000, NULL);
INSERT INTO rollout_step VALUES ('0190a000-0000-7000-8000-000000000001', 0, 'production', 'main', 'auth', 0, '{}', '{}', 1777714860000000, NULL, NULL, NULL);
INSERT INTO effect VALUES ('0190a000-0000-7000-8000-000000000001', 0, 0, 'RegisterTaskDefinition', 1777714861000000, 1777714861000000, 1, 1777714862000000, '{"is":"done","named":"auth:23"}');
INSERT INTO rollout_event VALUES (1, '0190a000-0000-7000-8000-000000000001', NULL, 1777714860000000, 'ann', 'started');
INSERT INTO known_cause VALUES (1, '0190a000-0000-7000-8000-000000000001', 'auth', '{"kind":"health","said":"x"}', '{"template":"","images":[]}', 1777714900000000, NULL, NULL, NULL);
INSERT INTO bar VALUES (1, 'stop', 'incident', 'ann', 1777714900000000, 1777714900000000, NULL, 1777714960000000, 'ann');
INSERT INTO audit VALUES (1, 1777714860000000, 'ann', 'started a rollout', 'rollout 1', '', x'ab01');
UPDATE audit_head SET rows = 1, hash = x'ab01';
