-- How far a tenant's journal was published to the broker.
CREATE TABLE broker_cursors (
    tenant TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);

-- Waiting sessions held out to who serves their queue over the broker: at most one offer a session.
CREATE TABLE broker_offers (
    session TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    token TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    is_published INTEGER NOT NULL
);

CREATE INDEX broker_offers_of_queue ON broker_offers (tenant, queue);
