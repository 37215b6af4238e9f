-- Rows as version 0003 wrote them.
UPDATE alarm SET since = 1777714800000000, hint = NULL, target = NULL WHERE name = 'auth-nats-cpu';
INSERT INTO alarm VALUES ('production', 'gateway-5xx', 'OK', 'main', 'http-nats-gateway', '{"name":"gateway-5xx","arn":"b","kind":"metric","state":"OK","reason":null,"since":null,"configured":null,"description":null,"actions_enabled":true,"actions":[],"ok_actions":[],"unknown_actions":[],"condition":null,"dimensions":{"TargetGroup":"targetgroup/gateway/0a1b"},"watch":null}', 1777714800000000, 1, NULL, 'targetgroup/gateway/0a1b');
INSERT INTO behind VALUES ('production', 'targetgroup/gateway/0a1b', 'main', 'http-nats-gateway');
INSERT INTO coverage VALUES ('production', 'main', 'auth-nats', 13, 3, 1);
INSERT INTO alarm_history VALUES ('alarms:production', 1777714500000000);
INSERT INTO acknowledgement VALUES (1, 'production', 'auth-nats-cpu', 1777714800000000, 0, 'Ann', 'load test', 1777714810000000, 1777714820000000, 'the alarm is OK'), (2, 'production', 'auth-nats-cpu', 1777714830000000, 0, 'Ben', 'known', 1777714840000000, NULL, NULL);
