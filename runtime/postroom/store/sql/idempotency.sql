-- name: idempotency_get
-- The answer given before.
SELECT request_hash, status, body, created_at
FROM answers
WHERE tenant = :tenant AND actor = :actor AND idempotency_key = :key;

-- name: idempotency_put
-- Keep an answer; a key that already has one is refused.
INSERT INTO answers (tenant, actor, idempotency_key, request_hash, status, body, created_at)
VALUES (:tenant, :actor, :key, :request_hash, :status, :body, :created_at);

-- name: idempotency_forget_before
-- Drop answers older than that.
DELETE FROM answers WHERE created_at < :created_at;
