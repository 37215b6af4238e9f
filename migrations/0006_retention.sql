-- Finds closed intervals that have become too old without reading the open ones.
CREATE INDEX interval_closed ON interval (valid_to) WHERE valid_to IS NOT NULL;
CREATE INDEX sweep_last ON sweep (last_at);
