-- What is counted of sessions, written with the decisions that count; `took` is in microseconds.

CREATE TABLE milestones (
    seq INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    at BIGINT NOT NULL,
    mark TEXT NOT NULL,
    channel TEXT NOT NULL,
    queue TEXT NOT NULL,
    agent TEXT NOT NULL,
    took BIGINT NOT NULL,
    in_time INTEGER NOT NULL
);
CREATE INDEX milestones_range ON milestones (tenant, at);

-- What is asked of mails and replies over a span is in its index: their rows are large, and far apart.
DROP INDEX mails_range;
CREATE INDEX mails_range ON mails (tenant, received_at, channel, incoming) WHERE incoming = 1;
DROP INDEX replies_range;
CREATE INDEX replies_range ON replies (tenant, accepted_at, channel, agent);

-- Offers over the broker that are over, until everybody who was told of them was told so.
CREATE TABLE broker_withdrawals (
    offer TEXT NOT NULL PRIMARY KEY,
    session TEXT NOT NULL,
    tenant TEXT NOT NULL,
    queue TEXT NOT NULL,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX broker_withdrawals_of_queue ON broker_withdrawals (tenant, queue, at, offer);
