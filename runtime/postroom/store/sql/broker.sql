-- name: broker_cursor
-- The newest decision of a tenant that was published.
SELECT seq FROM broker_cursors WHERE tenant = :tenant;

-- name: broker_set_cursor
-- Decisions up to that number were published.
INSERT INTO broker_cursors (tenant, seq) VALUES (:tenant, :seq)
ON CONFLICT (tenant) DO UPDATE SET seq = excluded.seq;

-- name: broker_offers_of_queue
-- A queue's offers, also those that are over.
SELECT session, tenant, queue, id, token, expires_at, is_published
FROM broker_offers
WHERE tenant = :tenant AND queue = :queue;

-- name: broker_offer
-- A session's offer.
SELECT session, tenant, queue, id, token, expires_at, is_published FROM broker_offers WHERE session = :session;

-- name: broker_put_offer
-- Keep an offer instead of the session's one before.
INSERT INTO broker_offers (session, tenant, queue, id, token, expires_at, is_published)
VALUES (:session, :tenant, :queue, :id, :token, :expires_at, :is_published)
ON CONFLICT (session) DO UPDATE SET tenant = excluded.tenant, queue = excluded.queue, id = excluded.id,
    token = excluded.token, expires_at = excluded.expires_at, is_published = excluded.is_published;

-- name: broker_offer_published
-- The broker confirmed that very offer.
UPDATE broker_offers SET is_published = 1 WHERE session = :session AND id = :id;

-- name: broker_drop_offer
-- Forget a session's offer.
DELETE FROM broker_offers WHERE session = :session;
