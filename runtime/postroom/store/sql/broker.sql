-- name: broker_cursor
-- The newest decision of a tenant that was published.
SELECT seq FROM broker_cursors WHERE tenant = :tenant;

-- name: broker_set_cursor
-- Decisions up to that number were published.
INSERT INTO broker_cursors (tenant, seq) VALUES (:tenant, :seq)
ON CONFLICT (tenant) DO UPDATE SET seq = excluded.seq;

-- name: broker_unoffered
-- Who waits in a queue for anybody and is not held out now, in order of turn.
SELECT s.state
FROM sessions AS s
LEFT JOIN broker_offers AS o ON o.session = s.id AND o.queue = s.queue AND o.expires_at > :now
WHERE s.tenant = :tenant AND s.queue = :queue AND s.phase = 'queued' AND s.held_for IS NULL AND s.is_shadow = 0
    AND (s.not_before IS NULL OR s.not_before <= :now) AND o.session IS NULL
ORDER BY s.turn_at, s.seq
LIMIT :limit;

-- name: broker_unpublished
-- A queue's offers that stand and that the broker did not confirm.
SELECT session, tenant, queue, id, token, expires_at, is_published
FROM broker_offers
WHERE tenant = :tenant AND queue = :queue AND is_published = 0 AND expires_at > :now
LIMIT :limit;

-- name: broker_over
-- A queue's offers that ran out, or whose sessions do not wait there any more.
SELECT o.session, o.tenant, o.queue, o.id, o.token, o.expires_at, o.is_published
FROM broker_offers AS o
LEFT JOIN sessions AS s ON s.id = o.session AND s.queue = o.queue AND s.phase = 'queued'
WHERE o.tenant = :tenant AND o.queue = :queue AND (o.expires_at <= :now OR s.id IS NULL)
LIMIT :limit;

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

-- name: broker_withdraw
-- Remember to say that an offer is over; what was said first stands.
INSERT INTO broker_withdrawals (offer, session, tenant, queue, reason, at)
VALUES (:offer, :session, :tenant, :queue, :reason, :at)
ON CONFLICT (offer) DO NOTHING;

-- name: broker_withdrawals
-- What of a queue's is still to be said, the oldest first.
SELECT offer, session, tenant, queue, reason, at
FROM broker_withdrawals
WHERE tenant = :tenant AND queue = :queue
ORDER BY at, offer
LIMIT :limit;

-- name: broker_forget_withdrawal
-- It was said.
DELETE FROM broker_withdrawals WHERE offer = :offer;
