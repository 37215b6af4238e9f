-- What the connections of each service carry: the counters of the newest reading and the slots that are not over, one row
-- a NATS cluster, updated in place. What is over becomes points of a series. See docs/decisions/0075.
CREATE TABLE nats_meter (
    source TEXT PRIMARY KEY,
    body   TEXT NOT NULL                -- domain::nats::meter::Meter as JSON
) STRICT;

-- Who leads JetStream of a NATS cluster and who else is in that group, as its leader last told; updated in place.
CREATE TABLE nats_meta (
    source  TEXT PRIMARY KEY,
    read_at INTEGER NOT NULL,
    body    TEXT NOT NULL               -- domain::nats::jetstream::Meta as JSON
) STRICT;
