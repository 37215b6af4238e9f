-- Rows as version 0004 wrote them.
INSERT INTO timeline (id, key, at, seen, kind, tone, source, cluster, service, subject, text) VALUES
    (4001, 'stop:arn:aws:ecs:us-east-1:111122223333:task/main/0c2d', 1777714930000000, 1777714935000000, 'task_stopped', 'bad', 'ecs:production', 'main', 'auth-nats', 'auth-nats', 'task 0c2d stopped: exit 1'),
    (4002, 'node:n1:restarted:9223372036854775807', 9223372036854775807, 1777714935000000, 'node', 'warn', 'nats:main', NULL, NULL, 'n1', 'restarted');
INSERT INTO stopped_task VALUES ('arn:aws:ecs:us-east-1:111122223333:task/main/0c2d', 'production', '111122223333', 'us-east-1', 'main', 'auth-nats', 1777714930000000, 1777714935000000, 1, '{"arn":"arn:aws:ecs:us-east-1:111122223333:task/main/0c2d","service":"auth-nats","revision":null,"last_status":"STOPPED","desired_status":"STOPPED","health":"UNKNOWN","address":null,"zone":null,"started_by":null,"created":null,"started":null,"stopping":null,"stopped":"2026-05-02T09:42:10Z","stop_code":"EssentialContainerExited","stopped_reason":"Essential container in task exited","containers":[]}');
INSERT INTO last_words VALUES
    ('arn:aws:ecs:us-east-1:111122223333:task/main/0c2d', 'production', 1777714930000000, 1, 'owed', 1777714932000000, 0, NULL, NULL, NULL, 0),
    ('arn:aws:ecs:us-east-1:111122223333:task/main/0e4f', 'production', 1777714930000000, 0, 'none', 1777714932000000, 3, 'its log stream does not exist', NULL, NULL, 0);
UPDATE last_words SET state = 'kept', lines = 'panicked at src/main.rs:7', instants = '[1777714929000000]', tries = 1 WHERE arn LIKE '%0c2d';
