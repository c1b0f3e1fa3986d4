-- name: audit_add
-- Write one act.
INSERT INTO audit (at, tenant, actor, role, act, object, result)
VALUES (:at, :tenant, :actor, :role, :act, :object, :result);

-- name: audit_before
-- The acts of a tenant before that number, the newest first.
SELECT seq, at, tenant, actor, role, act, object, result
FROM audit
WHERE tenant = :tenant AND seq < :seq
ORDER BY seq DESC
LIMIT :limit;

-- name: audit_forget_before
-- Remove acts older than that.
DELETE FROM audit WHERE at < :at;
