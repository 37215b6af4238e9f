-- Rows as version 0013 wrote them.
INSERT INTO uploaded_file VALUES (1, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', x'');
INSERT INTO attestation VALUES (1, 'load-test', 'production', NULL, NULL, 1000, 'run from inside the VPC', 'https://ci.example/load/7', 1, 'summary.json', '10,412 requests a second', 'nina', 1777714800000000, 1785490800000000, NULL, NULL);
INSERT INTO attestation VALUES (2, 'runbook', 'production', 'main', 'auth', 500, 'half of it', NULL, NULL, NULL, NULL, 'nina', 1777714800000000, 1785490800000000, 1777714900000000, 'omar');
INSERT INTO waiver VALUES (1, 'H1', 'production', 'main', 'auth', 'moves next week', 'watched by hand', 'OPS-1', 1778319600000000, 'nina', 1777714800000000, 'omar', 1777714860000000, NULL, NULL);
INSERT INTO waiver VALUES (2, 'D4', 'production', NULL, NULL, 'old images', 'none', NULL, 1778319600000000, 'nina', 1777714800000000, NULL, NULL, 1777714900000000, 'nina');
INSERT INTO checklist VALUES (1, 'production', 'Launch', 1777714800000000, 1777714800000000, 'nina', NULL, NULL);
INSERT INTO checklist_section VALUES (1, 0, 2, '1. Scaling (Priority: Critical)', '');
INSERT INTO checklist_item VALUES (1, 0, 0, '0123456789abcdef', 0, 'Auto-scaling is on', 'min 2, max 10', 1, 'critical');
INSERT INTO checklist_item VALUES (1, 1, 0, '0123456789abcdf0', 0, 'Limits', '', NULL, NULL);
INSERT INTO score_row VALUES (1, '', '', '', 1, 'ab01', 69, 79, 65, 930, 'high', 'D', '[["H1",69]]', 1777714800000000, 1777714860000000);
INSERT INTO score_row VALUES (2, '', '', '', 1, 'ab01', NULL, NULL, NULL, 400, 'insufficient evidence', NULL, '[]', 1777714860000000, NULL);
INSERT INTO check_state VALUES (1, 'production', 'main', 'auth', 'H1', 'fail', 1, 'ab01', 1777714800000000, 1777714860000000);
INSERT INTO check_state VALUES (2, 'production', 'main', 'auth', 'H1', 'waived', 1, 'ab01', 1777714860000000, NULL);
INSERT INTO report VALUES ('0190a000-0000-7000-8000-000000000002', 1777714900000000, 'nina', 'production', 1777110000000000, 1777714800000000, 0, x'7b7d', x'ab01', 'ab01');
INSERT INTO report_file VALUES ('0190a000-0000-7000-8000-000000000002', 'pdf', 1777714910000000, x'25504446');
