-- Rows as version 0005 wrote them.
INSERT INTO subject VALUES (100, 'production', '111122223333', 'us-east-1', 'main', 'http-nats-gateway');
INSERT INTO count_change VALUES (100, 1777714800000000, 2, 2, 0), (100, 1777714830000000, 2, 1, 1), (100, 1777714890000000, NULL, NULL, NULL);
INSERT INTO series VALUES (100, 100, 'cpu_average', ''), (101, 100, 'requests', 'targetgroup/gateway/73e2d6bc24d8a067');
INSERT INTO series_hour VALUES (100, 1777712400, x'01000390030200');
INSERT INTO series_day VALUES (100, 1777593600, x'010002900302');
INSERT INTO series_asked VALUES (100, '', 1776418800000000, 1777714800000000);
INSERT INTO customer VALUES (100, '{"environment":"production","cluster":"main","service":"http-nats-gateway","until":"2026-05-02T09:40:00Z","requests":1240,"errors":0,"latency":31.0,"p99":118.0,"healthy":2,"unhealthy":0,"usual_p99":null,"target_p99":null,"since":null}');
INSERT INTO spend VALUES ('production', '2026-05', 'cloudwatch:GetMetricStatistics', 660, 0, 660, 1777714800000000);
INSERT INTO pace VALUES ('production', '{"way":"statistics","customers_every":60,"services_every":900,"slowed":null,"forecast_usd":0.0,"spent_usd":0.0}');
