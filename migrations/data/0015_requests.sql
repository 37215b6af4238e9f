-- Rows as version 0015 wrote them.
INSERT INTO source_request VALUES
    ('ecs:production', 1777714860000000, '[{"operation":"DescribeServices","part":"main","first":"auth-nats","last":"http-nats-gateway","request_id":"5c1d9e07-0000-4000-8000-000000000001"}]');
UPDATE task_definition SET request_id = '5c1d9e07-0000-4000-8000-000000000002';
