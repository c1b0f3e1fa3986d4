-- name: audit_add
-- Write one act.
INSERT INTO audit (at, tenant, actor, role, act, object, result, before, hash)
VALUES (:at, :tenant, :actor, :role, :act, :object, :result, :before, :hash);

-- name: audit_before
-- The acts of a tenant before that number, the newest first.
SELECT seq, at, tenant, actor, role, act, object, result, before, hash
FROM audit
WHERE tenant = :tenant AND seq < :seq
ORDER BY seq DESC
LIMIT :limit;

-- name: audit_after
-- The acts of a tenant after that number, the oldest first.
SELECT seq, at, tenant, actor, role, act, object, result, before, hash
FROM audit
WHERE tenant = :tenant AND seq > :seq
ORDER BY seq
LIMIT :limit;

-- name: audit_chain
-- Where a tenant's chain begins and ends.
SELECT removed, last FROM audit_chains WHERE tenant = :tenant;

-- name: audit_ends_with
-- Let a tenant's chain end with that act.
INSERT INTO audit_chains (tenant, removed, last)
VALUES (:tenant, '', :last)
ON CONFLICT (tenant) DO UPDATE SET last = excluded.last;

-- name: audit_chain_tenants
-- Every tenant with acts.
SELECT tenant FROM audit_chains ORDER BY tenant;

-- name: audit_oldest_kept
-- The number of a tenant's oldest act that is not older than that; none where all are.
SELECT MIN(seq) FROM audit WHERE tenant = :tenant AND at >= :at;

-- name: audit_newest_removed
-- The hash of a tenant's newest act before that number.
SELECT hash FROM audit WHERE tenant = :tenant AND seq < :seq ORDER BY seq DESC LIMIT 1;

-- name: audit_begins_after
-- Let a tenant's chain begin after that act.
UPDATE audit_chains SET removed = :removed WHERE tenant = :tenant;

-- name: audit_forget_before
-- Remove a tenant's acts before that number: a chain loses its beginning and never a link.
DELETE FROM audit WHERE tenant = :tenant AND seq < :seq;
