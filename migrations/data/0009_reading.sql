-- An entry about a service, as the new index and the words of the search find it.
INSERT INTO timeline (key, at, seen, kind, tone, source, cluster, service, subject, text) VALUES
    ('deployment:ecs-svc/7:began', 1777714860000000, 1777714860000000, 'deployment', 'move', 'ecs:production', 'main', 'http-nats-gateway', 'http-nats-gateway', 'deployment to http-nats-gateway:7 began');
