-- Rows as version 0014 wrote them.
INSERT INTO report VALUES ('0190a000-0000-7000-8000-000000000002', 1777714900000000, 'nina', 'production', 1777110000000000, 1777714800000000, 0, 'ab01', x'ab01', '{"fleet":{"score":69,"upper":79,"unwaived":65,"uncapped":88,"confidence":930,"letter":"D","weight":100,"earned":88000,"unknown":0,"waived":0},"reached":null,"services":23,"digest":"ab01"}', x'789cabae0500017500f9');
INSERT INTO report_file VALUES ('0190a000-0000-7000-8000-000000000002', 'pdf', 1777714910000000, 4, NULL, x'789c530d7071030002560100');
INSERT INTO report_file VALUES ('0190a000-0000-7000-8000-000000000002', 'sarif', 1777714910000000, 0, 'There is none.', NULL);
